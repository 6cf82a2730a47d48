"""Adding photos to what is known: which thing in a photo is taken, and which is not."""

from __future__ import annotations

import pytest

from pekit_agents.introduction.quality import OUTLIER_REMEDY
from pekit_agents.testing import solid_scene, to_png
from pekit_agents.tools import replies
from pekit_agents.tools.actions import ActionError, PersonalActions
from pekit_agents.types import Advice

LARGE, SMALL = (10, 10, 190, 190), (210, 60, 270, 120)


def put(actions: PersonalActions, **patches: tuple[int, int, int, int]) -> str:
    named = {colour.replace("_", " "): box for colour, box in patches.items()}
    return actions.images.put("ann", to_png(solid_scene(named, size=(300, 200))))


@pytest.fixture
def two(actions: PersonalActions) -> PersonalActions:
    """Ann's red bike Ruby and her blue dog Biscuit."""
    actions.remember_object("ann", "Ruby", "bike", images=[put(actions, red=(20, 20, 90, 90))])
    actions.remember_object("ann", "Biscuit", "dog", images=[put(actions, blue=(20, 20, 90, 90))])
    return actions


def named(actions: PersonalActions, handle: str) -> list[str]:
    record = actions.find_personal_objects("ann", handle).record
    return [match["name"] for match in record["matches"]]


def test_where_it_is_recognised_is_taken_and_not_what_is_larger(two: PersonalActions) -> None:
    both = put(two, blue=LARGE, red=SMALL)
    assert two.add_photos("ann", "Ruby", [both]).record["added"] == 1
    held = two.open_kit("ann")._memory.get(two.open_kit("ann").get("Ruby").object_id).vectors
    assert held[0] @ held[1] > 0.99  # red, as the first one
    assert named(two, put(two, blue=(30, 30, 90, 90))) == ["Biscuit"]


def test_what_is_known_to_be_something_else_is_not_added(two: PersonalActions) -> None:
    other = put(two, blue=LARGE)
    with pytest.raises(ActionError) as caught:
        two.add_photos("ann", "Ruby", [other])
    assert str(caught.value) == (
        'expected a photo in which "Ruby" stands out, found that something else does that is '
        'known: sighting 1 ("Biscuit"); if one of these is "Ruby", give its sighting; otherwise '
        'use a photo that shows "Ruby" alone.'
    )
    with pytest.raises(ActionError, match="something else"):  # all of them or none
        two.add_photos("ann", "Ruby", [put(two, red=LARGE), other])
    assert two.open_kit("ann").get("Ruby").n_views == 1
    assert named(two, put(two, blue=(30, 30, 90, 90))) == ["Biscuit"]


def test_the_user_may_know_better_and_gives_the_sighting(two: PersonalActions) -> None:
    assert two.add_photos("ann", "Ruby", [put(two, blue=LARGE)], 1).record["added"] == 1


def test_what_nobody_knows_is_taken_where_it_stands_out(two: PersonalActions) -> None:
    side = put(two, green=LARGE, blue=SMALL)  # Ruby from another side, and Biscuit behind
    assert two.add_photos("ann", "Ruby", [side]).record["added"] == 1
    assert named(two, put(two, green=(30, 30, 90, 90))) == ["Ruby"]


def test_where_it_only_may_be_is_taken(graded: PersonalActions) -> None:
    pale = put(graded, green=LARGE, pale_red=SMALL)
    found = graded.find_personal_objects("ann", pale).record
    assert [match["name"] for match in found["possible"]] == ["Biscuit"]
    graded.add_photos("ann", "Biscuit", [pale])
    assert named(graded, put(graded, green=(30, 30, 90, 90))) == []


def test_a_repeated_call_adds_nothing_whatever_else_was_learnt(two: PersonalActions) -> None:
    side = put(two, green=LARGE, blue=SMALL)
    two.add_photos("ann", "Ruby", [side])
    two.remember_object("ann", "Frog", "frog", images=[put(two, green=(20, 20, 90, 90))])
    assert two.add_photos("ann", "Ruby", [side]).record["added"] == 0


def test_what_a_tool_passes_on_of_an_outlier_is_what_can_be_done_with_tools(
    two: PersonalActions,
) -> None:
    obj = two.open_kit("ann").get("Ruby")
    told = replies.added(
        type(obj)(
            *(getattr(obj, name) for name in ("object_id", "name", "category", "context")),
            n_views=2,
            created_at=obj.created_at,
            advice=(Advice(1, "outlier", f"photo 1 is odd: {OUTLIER_REMEDY}"),),
        ),
        1,
    )
    assert told.endswith(
        "Tell the user: photo 1 is odd: if it shows something else, say that it is not the object; "
        "if the object is small in it, give a photo that shows it larger."
    )
