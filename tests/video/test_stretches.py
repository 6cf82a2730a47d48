"""Which frames are searched."""

from __future__ import annotations

import itertools

import pytest
from PIL import ImageFilter

from pekit_agents.video.stretches import SPAN, stretches
from tests.video.moving_things import film, ground, scene


def moving(count, seed=0, step=6):
    """Return scenes through which a thing moves all the time."""
    place = ground(seed)
    return [scene({"red": (20 + step * n, 90)}, place) for n in range(count)]


def times(stretch):
    return [each.time for each in stretch.frames]


def test_of_every_six_tenths_of_a_second_one_frame_is_searched():
    found = list(stretches(film(moving(10))))
    assert [times(each) for each in found] == [
        [0.0, 0.2, 0.4],
        [0.6, 0.8, 1.0],
        [1.2, 1.4, 1.6],
        [1.8],
    ]
    assert all(each.searched is not None for each in found)


def test_seldom_sampled_frames_are_all_searched():
    found = list(stretches(film(moving(4), every=SPAN)))
    assert [len(each.frames) for each in found] == [1, 1, 1, 1]
    assert [each.searched for each in found] == [0, 0, 0, 0]


def test_the_sharpest_frame_is_searched():
    scenes = moving(3)
    scenes[0], scenes[2] = (scenes[n].filter(ImageFilter.GaussianBlur(3)) for n in (0, 2))
    (stretch,) = stretches(film(scenes))
    assert stretch.searched == 1
    assert stretch.image is scenes[1]


def test_nothing_is_searched_while_nothing_moves():
    still = scene({"red": (100, 90)})
    found = list(stretches(film([still] * 9)))
    assert [each.searched is None for each in found] == [False, *[True] * 6]
    assert [times(each) for each in found][1:] == [[pytest.approx(0.2 * n)] for n in range(3, 9)]


def test_what_comes_after_a_while_is_searched():
    still, more = scene({"red": (100, 90)}), scene({"red": (100, 90), "blue": (200, 90)})
    found = list(stretches(film([still] * 5 + [more] * 4)))
    searched = [times(each)[each.searched] for each in found if each.searched is not None]
    assert len(searched) == 2
    assert 1.0 <= searched[1] <= 1.4


def test_a_cut_begins_a_stretch():
    found = list(stretches(film([*moving(2), *moving(3, seed=9)])))
    assert [(times(each), each.cut) for each in found] == [
        ([0.0, 0.2], True),
        ([0.4, 0.6, 0.8], True),
    ]


def test_no_more_frames_are_held_than_a_stretch_has():
    pulled = 0

    def counted():
        nonlocal pulled
        for frame in film(moving(30, step=4)):
            pulled += 1
            yield frame

    first = next(stretches(counted()))
    assert (len(first.frames), pulled) == (3, 4)


def test_a_clip_without_frames_has_no_stretches():
    assert list(stretches(iter(()))) == []


def test_the_first_frame_of_all_is_searched():
    (first, *_) = itertools.islice(stretches(film([ground()])), 1)
    assert (first.searched, first.cut) == (0, True)
