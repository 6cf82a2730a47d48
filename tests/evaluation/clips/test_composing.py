"""Composed clips: boxes lie on their things in every frame, and a seed gives them again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.clips.composing import compose_clips
from pekit_agents.evaluation.clips.shots import CLIP_KINDS
from pekit_agents.testing import PALETTE

SMALL = {"size_wh": (240, 136), "seconds": (3.0, 4.0)}


def colour_of(picture, box):
    """Return which colour most of a box's middle third has."""
    x, y = box.width / 3, box.height / 3
    part = picture.crop(tuple(map(round, (box.x0 + x, box.y0 + y, box.x1 - x, box.y1 - y))))
    pixel = np.asarray(part, float).reshape(-1, 3).mean(axis=0)
    return min(PALETTE, key=lambda name: np.abs(pixel - PALETTE[name]).sum())


def test_every_box_of_a_clip_lies_on_its_thing(dataset, backgrounds):
    clips = compose_clips(dataset, backgrounds, seed=2, count=8, **SMALL).clips
    assert [clip.truth.group for clip in clips] == [*CLIP_KINDS, *CLIP_KINDS]
    on = total = 0
    for clip in clips:
        for time, picture in clip.frames(0.2):
            for each in clip.truth.appearances:
                box = each.box_at(time, 0.01)
                if (
                    box is not None
                    and each.start <= time <= each.end
                    and min(box.width, box.height) > 15
                ):
                    on += colour_of(picture, box) == each.thing
                    total += 1
    assert total > 100
    # The others lie behind a strip, or behind another thing.
    assert on / total > 0.9


def test_nothing_is_in_a_frame_that_the_truth_does_not_name(dataset, backgrounds):
    clips = compose_clips(dataset, backgrounds, seed=2, count=4, **SMALL).clips
    empty = 0
    for clip in clips:
        for time, picture in clip.frames(0.2):
            if not any(each.first <= time <= each.last for each in clip.truth.appearances):
                coloured = np.abs(np.asarray(picture, int) - 128).max(axis=2) > 40
                # A thing comes with a soft edge, which is no part of it; 1 in 100 are 3 columns.
                assert coloured.mean() < 0.01
                empty += 1
    assert empty > 10


def test_a_seed_gives_the_same_frames_and_a_larger_count_more_clips(dataset, backgrounds):
    few = compose_clips(dataset, backgrounds, seed=5, count=2, **SMALL)
    more = compose_clips(dataset, backgrounds, seed=5, count=3, **SMALL)
    assert [clip.truth for clip in few.clips] == [clip.truth for clip in more.clips[:2]]
    for one, other in zip(few.clips, more.clips, strict=False):
        pairs = list(zip(one.frames(0.5), other.frames(0.5), strict=True))
        assert all(a[0] == b[0] and a[1].tobytes() == b[1].tobytes() for a, b in pairs)
        times = [time for time, _ in one.frames()]
        assert times[:3] == [0.0, 0.04, 0.08]
        assert one.truth.seconds - 0.05 < times[-1] < one.truth.seconds
    other = compose_clips(dataset, backgrounds, seed=6, count=2, **SMALL)
    assert [clip.truth for clip in other.clips] != [clip.truth for clip in few.clips]


def test_a_still_camera_sees_the_same_but_for_noise_until_a_thing_is_put_there(
    dataset, backgrounds
):
    (clip,) = compose_clips(dataset, backgrounds, seed=0, count=1, kinds=["static"], **SMALL).clips
    frames = dict(clip.frames())
    first = clip.truth.appearances[0]
    begin = np.asarray(frames[0.0], int)
    before = [np.asarray(each, int) for time, each in frames.items() if 0 < time < first.first]
    assert len(before) > 5
    assert max(np.abs(each - begin).mean() for each in before) < 5
    assert all((each != begin).any() for each in before)
    there = np.asarray(frames[first.start], int)
    assert np.abs(there - begin).max() > 100


def test_every_fifth_clip_holds_nothing_that_is_remembered(dataset, backgrounds):
    clips = compose_clips(dataset, backgrounds, seed=1, count=10, **SMALL).clips
    bare = [not clip.truth.to_find for clip in clips]
    assert [bare[4], bare[9]] == [True, True]
    assert clips[4].truth.appearances
    assert sum(bare) <= 3


def test_no_clip_is_made_of_references_and_things_of_a_kind_are_told_apart(dataset, backgrounds):
    alike = replace(
        dataset,
        things=tuple(replace(thing, category="patch") for thing in dataset.things[:3])
        + dataset.things[3:],
    )
    for seed in range(6):
        clips = compose_clips(alike, backgrounds, seed=seed, count=1, references=2, **SMALL)
        assert len(clips.things) + len(clips.strangers) == 6
        assert all(len(thing.references) == 2 for thing in clips.things)
        assert {"red", "green", "blue"} & set(clips.strangers)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kinds": ["moving"]}, "static, handheld, pan, cuts"),
        ({"kinds": []}, "found none"),
        ({"count": 0}, "at least 1"),
        ({"references": 0}, "at least 1"),
        ({"size_wh": (241, 136)}, "even width"),
        ({"seconds": (1.0, 3.0)}, "2 seconds"),
        ({"known": ["mug"]}, "mug"),
    ],
)
def test_what_cannot_be_composed_is_said(dataset, backgrounds, options, words):
    with pytest.raises(InvalidInput, match=words):
        compose_clips(dataset, backgrounds, **options)
