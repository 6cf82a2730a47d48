"""From tracks to sightings: numbers, joining, and what is forgotten."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pekit_agents.types import Box, Candidate, Match
from pekit_agents.video.sightings import Sightings
from pekit_agents.video.timeline import KeyFrame, TimedBox
from pekit_agents.video.tracks import Track
from tests.video.seen_things import seen, thing

HERE, THERE = Box(10, 10, 40, 40), Box(100, 10, 140, 40)


def track(name, times, box=HERE, *, score=2.0, looks=1, in_sight=False, **rest) -> Track:
    match = Match(thing(name), box, score, 0.9, **rest)
    return Track(
        box,
        np.ones(2, np.float32),
        looks,
        match,
        [TimedBox(time, box) for time in times],
        followed=in_sight,
        key_frame=KeyFrame(times[0], box),
    )


def over(*tracks, apart=1.0, earlier=(), time=10.0):
    sightings = Sightings(apart, earlier)
    sightings.end(tracks)
    return sightings.by_now((), time)


def test_tracks_of_one_thing_that_follow_each_other_are_one_sighting():
    first, then = track("Cup", [0.0, 0.2], looks=2), track("Cup", [1.2, 1.4], THERE, looks=3)
    (cup,) = over(first, then)
    assert (cup.start, cup.end, cup.looks, cup.number) == (0.0, 1.4, 5, 1)
    assert [(each.time, each.box) for each in cup.boxes] == [
        (0.0, HERE),
        (0.2, HERE),
        (1.2, THERE),
        (1.4, THERE),
    ]


def test_tracks_further_apart_are_two():
    found = over(track("Cup", [0.0]), track("Cup", [1.1]))
    assert [(each.number, each.start) for each in found] == [(1, 0.0), (2, 1.1)]


def test_of_two_tracks_at_a_time_the_surer_one_tells_where():
    weak, strong = track("Cup", [0.0, 0.2, 0.4], score=1), track("Cup", [0.2], THERE, score=3)
    for tracks in ((weak, strong), (strong, weak)):
        (cup,) = over(*tracks)
        assert [each.box for each in cup.boxes] == [HERE, THERE, HERE]
        assert (cup.score, cup.end, cup.key_frame.box) == (3, 0.4, THERE)


def test_what_is_certain_is_surer_than_what_may_be_another():
    either = (Candidate(thing("Mug"), 4.0, 0.4),)
    doubtful = track("Cup", [0.0], score=5, alternatives=either)
    (cup,) = over(doubtful, track("Cup", [0.4], THERE, score=1))
    assert (cup.alternatives, cup.score) == ((), 1)


def test_what_is_possible_is_no_part_of_what_is_named():
    found = over(track("Cup", [0.0]), track("Cup", [0.4], possible=True))
    assert [each.possible for each in found] == [False, True]


@pytest.mark.parametrize(
    ("times", "told"), [([0.2, 0.4], 1), ([0.0, 0.6], 1), ([0.4, 0.8], 2), ([2.0], 2)]
)
def test_what_may_be_a_thing_that_is_named_at_the_time_is_left_out(times, told):
    found = over(track("Cup", [0.0, 0.6]), track("Cup", times, THERE, possible=True))
    assert len(found) == told
    other = over(track("Cup", [0.0, 0.6]), track("Mug", times, THERE, possible=True))
    assert len(other) == 2


def test_other_things_are_other_sightings():
    found = over(track("Cup", [0.0]), track("Mug", [0.4]))
    assert [each.object.name for each in found] == ["Cup", "Mug"]


def test_nothing_that_is_remembered_is_no_sighting():
    nothing = track("Cup", [0.0])
    nothing.match = None
    assert over(nothing) == ()


def test_numbers_go_on_after_those_of_an_earlier_timeline():
    earlier = seen("Dog", {0.0: HERE.xyxy}, number=4)
    found = over(track("Cup", [3.0]), earlier=[earlier])
    assert [each.number for each in found] == [4, 5]


def test_a_sighting_keeps_its_number_while_others_come():
    sightings = Sightings(1.0)
    cup, mug = track("Cup", [2.0], in_sight=True), track("Mug", [1.0], in_sight=True)
    assert [each.number for each in sightings.by_now([cup], 2.0)] == [1]
    both = sightings.by_now([cup, mug], 2.2)
    assert [(each.object.name, each.number) for each in both] == [("Mug", 2), ("Cup", 1)]


def test_what_an_earlier_timeline_left_in_sight_is_over_when_time_went_on():
    earlier = replace(seen("Dog", {0.0: HERE.xyxy}), ongoing=True)
    assert [each.ongoing for each in Sightings(1.0, [earlier]).by_now((), 0.0)] == [True]
    assert [each.ongoing for each in Sightings(1.0, [earlier]).by_now((), 0.6)] == [False]


@pytest.mark.parametrize("in_sight", [True, False])
def test_only_what_is_in_sight_goes_on(in_sight):
    cup = track("Cup", [0.0], in_sight=in_sight)
    (found,) = Sightings(1.0).by_now([cup], 0.0)
    assert found.ongoing == in_sight


def test_the_past_is_forgotten_and_the_beginning_is_not():
    sightings = Sightings(1.0, history=5.0)
    sightings.end([track("Mug", [0.0])])
    cup = track("Cup", [0.0, 8.0, 16.0, 19.0, 20.0], in_sight=True)
    (found,) = sightings.by_now([cup], 20.0)
    assert (found.object.name, found.start) == ("Cup", 0.0)
    assert [each.time for each in found.boxes] == [16.0, 19.0, 20.0]
    cup.boxes.append(TimedBox(26.0, HERE))
    (found,) = sightings.by_now([cup], 26.0)
    assert (found.start, [each.time for each in found.boxes]) == (0.0, [26.0])


def test_what_ended_long_ago_is_kept_where_the_past_is():
    sightings = Sightings(1.0)
    sightings.end([track("Mug", [0.0])])
    for time in (5.0, 500.0):
        assert [each.object.name for each in sightings.by_now((), time)] == ["Mug"]


def test_what_joins_a_track_that_goes_on_is_not_over():
    sightings = Sightings(1.0)
    sightings.end([track("Cup", [0.0])])
    going_on = track("Cup", [0.8, 5.0], in_sight=True)
    (cup,) = sightings.by_now([going_on], 5.0)
    (cup,) = sightings.by_now([going_on], 5.0)
    assert (cup.start, cup.end) == (0.0, 5.0)


def test_what_is_always_there_does_not_hold_back_what_is_over():
    """A day before a camera takes no more RAM than an hour."""
    sightings = Sightings(1.0, history=5.0)
    cup = track("Cup", [0.0], in_sight=True)
    for time in range(1, 200):
        cup.boxes.append(TimedBox(float(time), HERE))
        sightings.end([track("Mug", [float(time)]), track("Cup", [float(time)], THERE)])
        found = sightings.by_now([cup], float(time))
        assert sum(len(each.boxes) for each in found) <= 6 + 6
        assert len(found) <= 1 + 6
    assert found[0].start == 0.0


def test_what_turned_out_to_be_nothing_is_forgotten_although_it_stays():
    sightings = Sightings(1.0, history=5.0)
    stranger = track("Cup", [0.0], in_sight=True)
    stranger.match = None
    for time in range(1, 100):
        stranger.boxes.append(TimedBox(float(time), HERE))
        assert sightings.by_now([stranger], float(time)) == ()
    assert len(stranger.boxes) <= 6
