"""Which views a clip gives, with frames drawn by hand."""

from __future__ import annotations

import weakref
from itertools import pairwise

import pytest

from pekit_agents.errors import ClipError, NoObjectFound
from pekit_agents.introduction.quality import sharpness
from pekit_agents.testing import PALETTE, SHADES, graded_profile
from pekit_agents.types import Box
from pekit_agents.video.frames import Frame
from pekit_agents.video.picked_sheet import picked_sheet
from pekit_agents.video.picking import MOST_LOOKS, pick_views, sharpest_frames
from tests.video.turned_things import (
    FRONT,
    HAND,
    LEFT,
    NOTHING,
    SIZE,
    TOP,
    frames,
    look,
    sides_profile,
)


def picked(pictures, profile=None, **given):
    return pick_views(frames(pictures), "cup", profile or sides_profile(), **given)


def times(result):
    return [round(frame.time, 1) for frame in result.frames]


def kinds(result):
    return [each.kind for each in result.advice]


# Which frames are looked at -----------------------------------------------------------------


def test_of_each_stretch_of_time_the_sharpest_frame_is_looked_at():
    stripes = (16, 2, 16, 16, 16, 2, 16, 16)  # two frames in each 0.25 seconds
    found = sharpest_frames(frames([look(FRONT, stripe=stripe) for stripe in stripes], every=0.125))
    assert [frame.time for frame in found] == [0.125, 0.25, 0.625, 0.75]


def test_a_plain_frame_is_the_least_sharp():
    found = sharpest_frames(frames([look(NOTHING), look(FRONT, stripe=32)], every=0.1))
    assert [frame.time for frame in found] == [0.1]


@pytest.mark.parametrize("seconds", [1, 10, 100, 3600])
def test_a_clip_of_any_length_gives_as_many_looks_from_all_of_it(seconds):
    picture = look(FRONT)
    every = seconds / 200
    found = sharpest_frames(Frame(n * every, picture, SIZE) for n in range(200))
    assert len(found) <= MOST_LOOKS
    assert seconds < 3 or len(found) > MOST_LOOKS / 2
    gaps = [after.time - before.time for before, after in pairwise(found)]
    assert max(gaps) < 3 * seconds / len(found)
    assert sorted(frame.time for frame in found) == [frame.time for frame in found]


def test_no_more_frames_are_held_than_are_looked_at():
    alive: list[weakref.ref[object]] = []
    most = 0

    def long_clip():
        nonlocal most
        for n in range(400):
            picture = look(FRONT)
            alive.append(weakref.ref(picture))
            most = max(most, sum(each() is not None for each in alive))
            yield Frame(n * 1.0, picture, SIZE)

    assert sharpest_frames(long_clip(), most=6)
    assert most <= 6 + 3  # the new one, the one before, and the one that is drawn


# Which views are taken ----------------------------------------------------------------------


def test_views_of_different_sides_are_taken_in_order_of_time():
    result = picked([look(side) for side in (FRONT, FRONT, LEFT, LEFT, LEFT, TOP, TOP)])
    shown = [round(frame.time / 0.3) for frame in result.frames]
    assert [(FRONT, FRONT, LEFT, LEFT, LEFT, TOP, TOP)[n] for n in shown] == [FRONT, LEFT, TOP]
    assert (result.looks, kinds(result)) == (7, [])


def test_no_more_than_a_handful_is_taken():
    result = picked([look(side) for side in (FRONT, LEFT, TOP)], at_most=2)
    assert (len(result.frames), kinds(result)) == (2, [])


def test_what_most_frames_show_is_the_object_and_the_rest_is_left_out():
    result = picked([look(each) for each in (HAND, FRONT, HAND, LEFT, NOTHING, TOP, FRONT)])
    assert {0.3, 0.9, 1.5, 1.8} >= set(times(result))
    assert len(result.frames) == 3
    (advice,) = result.advice
    assert (advice.photo, advice.kind) == (0, "outlier")
    assert advice.text.startswith("the clip: 3 of 7 frames show nothing, something else, or it ")


def test_a_hand_now_and_then_is_not_spoken_of():
    result = picked([look(each) for each in (FRONT, LEFT, TOP, HAND, FRONT, LEFT, TOP)])
    assert kinds(result) == []


def test_the_same_thing_is_what_the_kits_own_score_says():
    red, pale = PALETTE["red"], SHADES["pale red"]  # another thing to this profile
    result = picked([look(each) for each in (pale, red, pale, pale, red)], graded_profile())
    assert {0.0, 0.6, 0.9} >= set(times(result))
    assert kinds(result) == ["outlier", "more"]


def test_of_frames_that_look_the_same_the_sharpest_is_taken():
    same = [look(FRONT, stripe=stripe) for stripe in (8, 8, 2, 8)]
    assert times(picked([*same, look(LEFT), look(TOP)])) == [0.6, 1.2, 1.5]


def test_a_thing_that_is_not_turned_is_said_to_look_the_same():
    in_other_light = (255, 52, 66)
    result = picked([look(FRONT), look(in_other_light)] * 3)
    (advice,) = result.advice
    assert (len(result.frames), advice.photo, advice.kind) == (1, 0, "more")
    assert advice.text == (
        "the clip: it looks the same wherever it is seen well: turn it around slowly"
    )


def test_of_two_sides_more_are_asked_for():
    (advice,) = picked([look(FRONT), look(LEFT)] * 3).advice
    assert "nearly the same" in advice.text


def test_blurred_frames_are_not_taken_where_there_are_sharp_ones():
    blurred = look(LEFT, stripe=16, blur=6)
    assert sharpness(blurred, Box(48, 28, 112, 92)) < 0.08
    result = picked([look(FRONT), blurred, look(FRONT), blurred, look(TOP), look(FRONT)])
    assert {0.0, 0.6, 1.2, 1.5} >= set(times(result))
    assert "blurred" not in kinds(picked([look(FRONT)] * 6 + [blurred]))


def test_a_clip_that_is_blurred_throughout_is_said_to_be():
    result = picked([look(side, stripe=16, blur=6) for side in (FRONT, LEFT, TOP)], name="cup.mp4")
    assert len(result.frames) == 3
    assert [(each.kind, each.text) for each in result.advice] == [
        (
            "blurred",
            "cup.mp4: the object is blurred in 3 of 3 frames: move it slower, and in more light",
        )
    ]


def test_a_small_thing_is_said_to_be_small():
    assert kinds(picked([look(side, side=40) for side in (FRONT, LEFT, TOP)])) == ["small"]


def test_each_look_is_told():
    told = []
    picked([look(FRONT), look(NOTHING), look(FRONT)], progress=lambda *step: told.append(step))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_crops_are_of_the_picked_frames():
    result = picked([look(FRONT), look(LEFT)], keep_crops=True)
    assert [view.crop is not None for view in result.views] == [True, True]
    assert [view.crop for view in picked([look(FRONT)]).views] == [None]


def test_boxes_are_in_pixels_of_the_clip_and_not_of_what_was_decoded():
    half = [Frame(n * 0.3, look(FRONT), (2 * SIZE[0], 2 * SIZE[1])) for n in range(2)]
    (frame,) = pick_views(half, "cup", sides_profile()).frames
    assert frame.view.proposal.box == Box(96, 56, 224, 184)


@pytest.mark.parametrize(
    ("pictures", "error", "said"),
    [
        ([], ClipError, "cup.mp4: expected frames, found none between the given times"),
        ([NOTHING] * 3, NoObjectFound, "found no object that stands out in 3 frames of it"),
        ([FRONT, HAND], NoObjectFound, "found no two that do among 2 frames"),
    ],
)
def test_a_clip_that_shows_no_one_thing_is_refused(pictures, error, said):
    with pytest.raises(error, match=said):
        picked([look(each) for each in pictures], name="cup.mp4")


# The sheet ----------------------------------------------------------------------------------


def test_the_sheet_shows_each_picked_frame_with_an_outline():
    result = picked([look(side) for side in (FRONT, LEFT, TOP)])
    sheet = picked_sheet([result])
    assert sheet.size == (2 * (360 + 8) + 8, 2 * (270 + 15 + 16) + 8)
    outline = [colour for _, colour in sheet.getcolors(2**20)]
    assert (255, 140, 0) in outline
    assert outline.count((255, 255, 255)) == 1
    assert sheet.crop((380, 313, 744, 610)).getcolors() == [(364 * 297, (255, 255, 255))]
    assert picked_sheet([result, result]).size[0] == 3 * (360 + 8) + 8
