"""Things that are introduced with clips by handle."""

from __future__ import annotations

import pytest

from pekit_agents.tools.actions import ActionError, PersonalActions
from pekit_agents.tools.clip_store import clip_label
from tests.tools.moving_pictures import film


@pytest.fixture(scope="module")
def turned() -> bytes:
    """Three seconds of a blue thing."""
    return film("blue", "blue", "blue")


def test_a_thing_is_remembered_from_a_clip(actions: PersonalActions, turned: bytes) -> None:
    handle = actions.clips.put("ann", turned)
    result = actions.remember_object("ann", "Ball", "ball", images=[clip_label(handle)])
    assert result.record["object"]["n_views"] >= 1
    assert "Left out" not in result.text
    found = actions.find_in_video("ann", handle)
    assert [each["name"] for each in found.record["sightings"]] == ["Ball"]


def test_a_clip_adds_to_what_is_remembered_and_once_only(
    actions: PersonalActions, biscuit: str, turned: bytes
) -> None:
    handle = actions.clips.put("ann", turned)
    first = actions.add_photos("ann", "Biscuit", [handle])
    again = actions.add_photos("ann", "Biscuit", [handle])
    assert (first.record["added"] >= 1, again.record["added"]) == (True, 0)
    assert first.record["photos"] == [handle]


def test_photos_and_clips_stand_in_one_call(
    actions: PersonalActions, biscuit: str, turned: bytes
) -> None:
    handle = actions.clips.put("ann", turned)
    result = actions.remember_object("ann", "Ball", "ball", images=[biscuit, handle])
    assert result.record["object"]["n_views"] >= 2


def test_nobody_elses_clip_is_taken(actions: PersonalActions, turned: bytes) -> None:
    handle = actions.clips.put("bob", turned)
    with pytest.raises(ActionError, match="clip"):
        actions.remember_object("ann", "Ball", "ball", images=[handle])
    assert actions.annotated.kit("ann").objects() == []


def test_a_clip_without_the_thing_is_left_out_beside_a_photo(
    actions: PersonalActions, biscuit: str
) -> None:
    handle = actions.clips.put("ann", film(None, None))
    result = actions.remember_object("ann", "Ball", "ball", images=[biscuit, handle])
    assert f"- {handle}: " in result.text
    assert result.record["object"]["n_views"] == 1


def test_a_clip_has_no_sightings_by_number(
    actions: PersonalActions, biscuit: str, turned: bytes
) -> None:
    handle = actions.clips.put("ann", turned)
    with pytest.raises(ActionError, match="only photos have sightings"):
        actions.add_photos("ann", "Biscuit", [handle], 1)
