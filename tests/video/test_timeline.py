"""A timeline says who was where and when, and is the same after it was written and read."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.types import Box, Candidate, PersonalObject
from pekit_agents.video.timeline import KeyFrame, Sighting, TimedBox, Timeline

LEFT, RIGHT = Box(0, 10, 20, 40), Box(50, 10, 80.5, 40)


def thing(name: str) -> PersonalObject:
    return PersonalObject(
        name.lower() * 3, name, "dog", "Eats shoes.", 2, datetime(2026, 3, 1, tzinfo=UTC)
    )


def sighting(number: int, name: str, start: float, end: float, **rest: object) -> Sighting:
    boxes = (TimedBox(start, LEFT), TimedBox(end, RIGHT))
    key = KeyFrame(end, RIGHT, b"jpeg")
    return Sighting(number, thing(name), start, end, key, boxes, 1.5, 0.75, **rest)


TIMELINE = Timeline(
    (640, 480),
    9.5,
    (
        sighting(1, "Biscuit", 1, 3, alternatives=(Candidate(thing("Bella"), 0.5, 0.25),)),
        sighting(2, "Mug", 2, 8, possible=True, ongoing=True),
        sighting(3, "Biscuit", 6, 7),
    ),
    sampled=95,
    searched=20,
    damage=("damaged after 9.5 s",),
)


def test_it_is_the_same_after_it_was_written_and_read():
    read = Timeline.from_dict(json.loads(json.dumps(TIMELINE.to_dict())))
    assert read.sightings[0].key_frame.picture == b""
    assert read.to_dict() == TIMELINE.to_dict()
    assert read.sightings[0].alternatives == TIMELINE.sightings[0].alternatives
    assert [each.object for each in read.sightings] == [each.object for each in TIMELINE.sightings]
    assert [each.boxes for each in read.sightings] == [each.boxes for each in TIMELINE.sightings]
    assert (read.damage, read.until, read.sampled, read.searched) == (
        ("damaged after 9.5 s",),
        9.5,
        95,
        20,
    )


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        {},
        {**TIMELINE.to_dict(), "format": 2},
        {**TIMELINE.to_dict(), "objects": []},
        {key: value for key, value in TIMELINE.to_dict().items() if key != "until"},
    ],
)
def test_what_is_no_timeline_is_refused(values):
    with pytest.raises(InvalidInput, match="search the clip anew"):
        Timeline.from_dict(values)


def test_an_object_is_asked_for_by_name_or_id_and_only_where_it_is_named():
    assert [each.number for each in TIMELINE.of("biscuit ")] == [1, 3]
    assert [each.number for each in TIMELINE.of("biscuitbiscuitbiscuit")] == [1, 3]
    assert TIMELINE.of("Mug") == ()
    assert [each.number for each in TIMELINE.possible] == [2]


@pytest.mark.parametrize(
    ("time", "names"),
    [
        (0.9, []),
        (1, ["Biscuit"]),
        (2.5, ["Biscuit", "Mug"]),
        (3.1, ["Mug"]),
        (6.5, ["Biscuit", "Mug"]),
        (8.1, []),
    ],
)
def test_what_is_in_sight_at_a_time(time, names):
    assert [match.object.name for match in TIMELINE.at(time)] == names


def test_between_two_frames_a_thing_is_where_it_was_last():
    first = TIMELINE.sightings[0]
    assert [first.box_at(time) for time in (0.5, 1, 2.9, 3, 3.5)] == [None, LEFT, LEFT, RIGHT, None]
    assert first.match(LEFT).box == LEFT
    assert first.match().box == RIGHT
    assert first.match().ambiguous
