"""The verb that learns: what the user says is or is not in a photo."""

from __future__ import annotations

import pytest
from PIL import Image

from pekit_agents import PeKit
from pekit_agents.testing import solid_scene, to_png
from pekit_agents.tools.actions import ActionError, PersonalActions
from pekit_agents.tools.conversation import SYSTEM_PROMPT
from pekit_agents.tools.specs import tool_specs
from pekit_agents.types import Advice

GREY = (128, 128, 128)


def pinks(*places: tuple[int, int, int, int]) -> bytes:
    """A photo of things that look like red ones."""
    picture = Image.new("RGB", (160, 120), GREY)
    for place in places:
        picture.paste((255, 68, 68), place)
    return to_png(picture)


ONE, OTHER = (5, 5, 45, 45), (80, 60, 130, 110)


@pytest.fixture
def pink(actions: PersonalActions, biscuit: str) -> str:
    """A photo in which another dog is taken for Biscuit."""
    return actions.images.put("ann", pinks(ONE))


def found(actions: PersonalActions, handle: str) -> list[tuple[str, int]]:
    record = actions.find_personal_objects("ann", handle).record
    return [(match["name"], match["region"]) for match in record["matches"]]


def test_no_that_is_not_biscuit(actions: PersonalActions, pink: str, biscuit: str) -> None:
    assert found(actions, pink) == [("Biscuit", 1)]
    result = actions.correct_personal("ann", "biscuit", "is_not", recent=iter([pink, biscuit]))
    assert result.text == (
        f'Learnt: picture {pink} does not show "Biscuit". Pictures like it are now recognised so.'
    )
    assert (result.record["learnt"], result.record["object"]["n_negatives"]) == (True, 1)
    assert found(actions, pink) == []
    assert found(actions, actions.images.put("ann", pinks(OTHER))) == []
    assert found(actions, biscuit) == [("Biscuit", 1)]


def test_a_picture_that_shows_it_badly_is_told(
    actions: PersonalActions, pink: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = (Advice(1, "poor", "the photo shows the object badly"),)
    monkeypatch.setattr(PeKit, "advice_on", lambda kit, match: poor)
    told = actions.correct_personal("ann", "Biscuit", "is", pink).text
    assert told.endswith("\nTell the user: the photo shows the object badly.")
    wrong = actions.correct_personal("ann", "Biscuit", "is_not", pink).text
    assert "Tell the user" not in wrong


@pytest.mark.parametrize("verdict", ["is", "is_not"])
def test_a_resumed_run_learns_once(actions: PersonalActions, pink: str, verdict: str) -> None:
    first = actions.correct_personal("ann", "Biscuit", verdict, pink)
    again = actions.correct_personal("ann", "Biscuit", verdict, pink)
    assert (first.record["learnt"], again.record["learnt"]) == (True, False)
    assert again.record["object"] == first.record["object"]
    assert again.text.startswith("Nothing to learn")


def test_it_is_bella_and_not_biscuit(actions: PersonalActions, pink: str) -> None:
    blue = actions.images.put("ann", to_png(solid_scene({"blue": ONE})))
    actions.remember_object("ann", "Bella", "dog", images=[blue])
    actions.correct_personal("ann", "Bella", "is", pink)
    assert found(actions, pink) == [("Bella", 1)]
    told = actions.list_personal_objects("ann").record["objects"]
    assert [(obj["n_views"], obj["n_negatives"]) for obj in told] == [(1, 1), (2, 0)]


def test_what_was_not_recognised_can_be_named(actions: PersonalActions, biscuit: str) -> None:
    blue = actions.images.put("ann", to_png(solid_scene({"blue": ONE})))
    assert found(actions, blue) == []
    assert actions.correct_personal("ann", "Biscuit", "is", blue).record["learnt"]
    assert found(actions, blue) == [("Biscuit", 1)]


def test_of_several_sightings_one_is_said_by_its_number(
    actions: PersonalActions, biscuit: str
) -> None:
    both = actions.images.put("ann", pinks(ONE, OTHER))
    text = actions.find_personal_objects("ann", both).text
    assert "- sighting 1: " in text
    assert "- sighting 2: " in text
    with pytest.raises(ActionError, match=r"found 2; say which .* number: 1 \(\"Biscuit\"\), 2"):
        actions.correct_personal("ann", "Biscuit", "is", both)
    assert actions.correct_personal("ann", "Biscuit", "is", both, 2).record["learnt"]
    with pytest.raises(ActionError, match="expected the number of a region, 1 to 2, found 3"):
        actions.correct_personal("ann", "Biscuit", "is", both, 3)


def test_numbers_of_sightings_stay_when_others_are_corrected(
    actions: PersonalActions, biscuit: str
) -> None:
    picture = Image.new("RGB", (160, 120), GREY)
    picture.paste((255, 68, 68), (5, 5, 75, 75))
    picture.paste((255, 0, 0), (90, 60, 140, 110))
    handle = actions.images.put("ann", to_png(picture))
    assert sorted(found(actions, handle)) == [("Biscuit", 1), ("Biscuit", 2)]
    actions.correct_personal("ann", "Biscuit", "is_not", handle, 1)
    assert found(actions, handle) == [("Biscuit", 2)]


def test_nobody_else_s_memory_learns(actions: PersonalActions, pink: str) -> None:
    with pytest.raises(ActionError):
        actions.correct_personal("bob", "Biscuit", "is_not", pink)
    assert found(actions, pink) == [("Biscuit", 1)]


def test_what_a_model_is_shown_changes_with_a_correction(
    actions: PersonalActions, pink: str
) -> None:
    assert "Biscuit" in actions.findings.view("ann", pink).text
    actions.correct_personal("ann", "Biscuit", "is_not", pink)
    assert actions.findings.view("ann", pink).text == ""


def test_agents_are_told_when_to_call_it() -> None:
    assert "no, that is not ...; yes, it is ...), call correct_personal" in SYSTEM_PROMPT
    assert "When something only may be the user's own, ask (Is this ...?)" in SYSTEM_PROMPT


def test_a_number_that_no_longer_names_the_object_rejects_nothing(
    actions: PersonalActions, biscuit: str
) -> None:
    handle = actions.images.put("ann", pinks(ONE, OTHER))
    numbers = [region for _, region in found(actions, handle)]
    with pytest.raises(ActionError, match="names this object, found 9; search the photo again"):
        actions.correct_personal("ann", "biscuit", "is_not", handle, 9)
    assert [region for _, region in found(actions, handle)] == numbers


def answers(actions: PersonalActions, handle: str) -> tuple[list[str], list[str]]:
    record = actions.find_personal_objects("ann", handle).record
    return tuple([match["name"] for match in record[key]] for key in ("matches", "possible"))


@pytest.mark.parametrize(("verdict", "after"), [("is", (["Biscuit"], [])), ("is_not", ([], []))])
@pytest.mark.parametrize("sighting", [0, 1])
def test_what_may_be_biscuit_is_settled_by_the_owner(
    graded: PersonalActions, pale: bytes, verdict: str, after: object, sighting: int
) -> None:
    handle = graded.images.put("ann", pale)
    assert answers(graded, handle) == ([], ["Biscuit"])
    result = graded.correct_personal("ann", "Biscuit", verdict, handle, sighting)
    assert result.record["learnt"]
    assert answers(graded, handle) == after


def test_what_may_be_biscuit_can_be_bella(graded: PersonalActions, pale: bytes) -> None:
    handle = graded.images.put("ann", pale)
    graded.remember_object(
        "ann", "Bella", "dog", images=[graded.images.put("ann", to_png(solid_scene({"blue": ONE})))]
    )
    graded.correct_personal("ann", "Bella", "is", handle)
    told = graded.list_personal_objects("ann").record["objects"]
    assert [(obj["n_views"], obj["n_negatives"]) for obj in told] == [(1, 1), (2, 0)]


def test_a_number_of_another_thing_rejects_nothing_possible(
    graded: PersonalActions, pale: bytes
) -> None:
    handle = graded.images.put("ann", pale)
    with pytest.raises(ActionError, match="names this object, found 2"):
        graded.correct_personal("ann", "Biscuit", "is_not", handle, 2)
    assert answers(graded, handle) == ([], ["Biscuit"])


def test_of_the_only_photo_it_is_told_that_it_goes_on_being_recognised(
    actions: PersonalActions, biscuit: str
) -> None:
    told = actions.correct_personal("ann", "Biscuit", "is_not", biscuit)
    assert told.text == (
        f'Learnt: picture {biscuit} does not show "Biscuit". It is recognised there all the same, '
        "because the only photo that it is remembered from looks like it. Call add_photos with "
        "another photo of it, then correct this again."
    )
    again = actions.correct_personal("ann", "Biscuit", "is_not", biscuit, sighting=1)
    assert again.text.startswith(f"Nothing new to learn: picture {biscuit} does not show")
    assert found(actions, biscuit) == [("Biscuit", 1)]
    green = actions.images.put("ann", to_png(solid_scene({"green": ONE})))
    actions.add_photos("ann", "Biscuit", [green])
    told = actions.correct_personal("ann", "Biscuit", "is_not", biscuit)
    assert told.text.endswith("Pictures like it are now recognised so.")
    assert found(actions, biscuit) == []


def test_a_number_beside_the_only_region_is_told_in_a_sentence(
    actions: PersonalActions, biscuit: str
) -> None:
    with pytest.raises(ActionError, match="expected 1, the photo's only region, found 9; search"):
        actions.correct_personal("ann", "Biscuit", "is", biscuit, 9)


def test_what_to_do_about_a_photo_comes_before_that_nothing_was_stored(
    actions: PersonalActions,
) -> None:
    grey = actions.images.put("ann", to_png(solid_scene({})))
    with pytest.raises(ActionError) as caught:
        actions.remember_object("ann", "Fog", "fog", images=[grey])
    assert str(caught.value).endswith(
        "use a photo that shows it larger, or describe it by another category; nothing was stored."
    )


def test_a_note_can_be_removed_by_a_tool(actions: PersonalActions, biscuit: str) -> None:
    told = actions.update_personal_object("ann", "Biscuit", context="-").text
    assert told == 'Changed. Now: "Biscuit" (category "dog")'
    spec = next(spec for spec in tool_specs() if spec.name == "update_personal_object")
    note = next(each for each in spec.parameters if each.name == "context")
    assert '"-" to remove it' in note.description
