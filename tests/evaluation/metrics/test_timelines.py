"""Scores of timelines, on made-up ones with values worked out by hand.

Each second has one sampled frame. The cup is in sight from 2 to 6 s at the left, the mug, a
stranger, from 4 to 8 s at the right.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pekit_agents.evaluation.clips.truth import Appearance, ClipTruth
from pekit_agents.evaluation.metrics.bootstrap import estimate
from pekit_agents.evaluation.metrics.timelines import score, tallies, total
from pekit_agents.types import Box, Candidate, PersonalObject
from pekit_agents.video.timeline import KeyFrame, Sighting, TimedBox, Timeline

LEFT, RIGHT = Box(0, 0, 40, 40), Box(100, 0, 140, 40)


def appears(thing, start, end, box, **more):
    boxes = tuple(TimedBox(float(time), box) for time in range(start, end + 1))
    return Appearance(thing, float(start), float(end), boxes, **more)


CUP = appears("cup", 2, 6, LEFT)
MUG = appears("mug", 4, 8, RIGHT, remembered=False)
TRUTH = ClipTruth("clip", "static", 10.0, (160, 90), (CUP, MUG))


def thing(name):
    return PersonalObject(name, name, "object", "", 1, datetime(2026, 1, 1, tzinfo=UTC))


def seen(name, times, box=LEFT, **more):
    boxes = tuple(TimedBox(float(time), box) for time in times)
    key = KeyFrame(boxes[0].time, box)
    return Sighting(0, thing(name), boxes[0].time, boxes[-1].time, key, boxes, 1.0, **more)


def of(*sightings):
    numbered = (replace(each, number=number) for number, each in enumerate(sightings, 1))
    return Timeline((160, 90), 9.0, tuple(numbered), 10, 10, complete=True)


def scored(*sightings, truth=TRUTH):
    return score(of(*sightings), truth, every=1.0)


def test_a_perfect_timeline():
    found = scored(seen("cup", range(2, 7)))
    assert (found.appearances, found.found, found.late) == (1, 1, (0.0,))
    assert (found.sightings, found.right, found.wrong, found.wrong_seconds) == (1, 1, 0, 0.0)
    assert (found.shown_seconds, found.covered_seconds) == (4.0, 4.0)
    assert (found.switches, found.seconds) == (0, 10.0)


def test_an_empty_timeline_finds_nothing_and_says_nothing_wrong():
    found = scored()
    assert (found.appearances, found.found, found.late) == (1, 0, ())
    assert (found.sightings, found.wrong, found.covered_seconds) == (0, 0, 0.0)
    assert found.median_late is None


def test_it_is_late_by_the_time_until_it_is_named_in_its_place():
    found = scored(seen("cup", [4, 5]))
    assert (found.late, found.covered_seconds) == ((2.0,), 2.0)


def test_a_name_in_the_wrong_place_finds_nothing_and_is_wrong():
    found = scored(seen("cup", [3, 4, 5], RIGHT))
    assert (found.found, found.right, found.wrong, found.wrong_seconds) == (0, 0, 1, 3.0)


def test_a_name_of_what_is_not_there_is_wrong():
    found = scored(seen("cup", range(2, 7)), seen("hat", [4, 5], RIGHT))
    assert (found.right, found.wrong, found.wrong_seconds, found.found) == (1, 1, 2.0, 1)


@pytest.mark.parametrize(
    ("times", "right", "wrong_seconds"), [(range(2, 10), 1, 3.0), (range(6, 10), 0, 3.0)]
)
def test_a_sighting_is_right_if_half_of_it_is(times, right, wrong_seconds):
    found = scored(seen("cup", times))
    assert (found.right, found.wrong_seconds, found.found) == (right, wrong_seconds, 1)


@pytest.mark.parametrize(("box", "right"), [(Box(0, 0, 40, 12), 1), (Box(0, 0, 40, 11), 0)])
def test_places_agree_from_an_overlap_of_three_tenths(box, right):
    assert scored(seen("cup", [3], box)).right == right


def test_what_may_be_several_is_neither_right_nor_wrong():
    either = seen("cup", [3], alternatives=(Candidate(thing("mug"), 0.5, None),))
    found = scored(either, seen("cup", [3], possible=True))
    assert (found.sightings, found.undecided, found.found, found.wrong) == (0, 1, 0, 0)


@pytest.mark.parametrize(
    ("sightings", "switches"),
    [
        ([seen("cup", [2, 3]), seen("hat", [4]), seen("cup", [5, 6])], 2),
        ([seen("cup", [2, 3]), seen("cup", [5, 6])], 0),
        ([seen("cup", [2, 3]), seen("hat", [4], RIGHT), seen("cup", [5])], 0),
        ([seen("hat", [4, 5], RIGHT), seen("cup", [6, 7], RIGHT)], 1),
    ],
    ids=["in one place", "a gap", "elsewhere", "of a stranger"],
)
def test_switches_are_changes_of_the_name_in_one_place(sightings, switches):
    assert scored(*sightings).switches == switches


def test_two_appearances_are_found_each_for_itself():
    again = replace(TRUTH, appearances=(CUP, appears("cup", 8, 9, RIGHT)))
    assert scored(seen("cup", [3, 4]), truth=again).found == 1
    both = scored(seen("cup", [3, 4]), seen("cup", [9], RIGHT), truth=again)
    assert (both.found, both.late) == (2, (1.0, 1.0))


def test_what_shows_less_than_half_need_not_be_found_and_may_be_named():
    entering = replace(CUP, start=4.0)
    early = scored(
        seen("cup", [2, 3], Box(30, 0, 70, 40)), truth=replace(TRUTH, appearances=(entering,))
    )
    assert (early.found, early.right, early.wrong_seconds) == (0, 1, 0.0)
    glimpse = replace(TRUTH, appearances=(replace(CUP, glimpse=True),))
    found = scored(seen("cup", [2, 3], Box(30, 0, 70, 40)), truth=glimpse)
    assert (found.appearances, found.right) == (0, 1)


def test_where_no_place_is_known_times_decide():
    somewhere = replace(TRUTH, appearances=(Appearance("cup", 2.0, 6.0),))
    found = scored(seen("cup", [3, 4], RIGHT), seen("cup", [8]), truth=somewhere)
    assert (found.found, found.right, found.wrong, found.switches) == (1, 1, 1, 0)


def test_what_a_clip_is_not_about_does_not_count():
    about = replace(TRUTH, about=frozenset({"cup"}))
    found = scored(seen("hat", [3], RIGHT), seen("cup", [8], RIGHT), truth=about)
    assert (found.sightings, found.wrong) == (1, 1)


def test_scores_add_up_and_ratios_are_over_clips():
    one = scored(seen("cup", [4, 5]))
    other = scored(seen("hat", [4, 5], RIGHT))
    both = total([one, other])
    assert (both.appearances, both.found, both.wrong, both.late) == (2, 1, 1, (2.0,))
    assert both.median_late == 2.0
    measures = tallies({"a": one, "b": other})
    values = {name: tally.value for name, tally in measures.items()}
    assert values == {
        "recall": 0.5,
        "precision": 0.5,
        "wrong": 3.0,
        "wrong_seconds": 6.0,
        "switches": 0.0,
        "late": 2.0,
        "covered": 0.25,
    }
    three = estimate([tallies({"a": one, "b": other, "c": one})["recall"]])
    assert three.mean == pytest.approx(2 / 3)
    assert three.interval is not None
