"""Clips that are searched: when a thing was there and where, and as it goes on."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from pekit_agents import ClipError, InvalidInput, PeKit
from pekit_agents.testing import fake_profile, graded_profile, solid_scene
from pekit_agents.video.timeline import Timeline
from tests.video.moving_things import SIDE, ground, scene, timed


@pytest.fixture
def kit(tmp_path) -> PeKit:
    return remembering(tmp_path, graded_profile())


def remembering(folder, profile) -> PeKit:
    kit = PeKit.open(folder / "memory", profile=profile)
    for name, colour in (("Cup", "red"), ("Ball", "blue")):
        kit.remember(name, solid_scene({colour: (20, 20, 120, 100)}), category="thing")
    return kit


def spans(timeline: Timeline):
    return [(each.object.name, each.start, each.end) for each in timeline.named]


def box(corner, side=SIDE):
    return (corner[0], corner[1], corner[0] + side, corner[1] + side)


CROSSING = [scene({"red": (10 + 10 * n, 90)}) for n in range(12)]
#: The cup stands there from 0.6 s, the ball from 1.4 to 2.0 s.
PLACED = [
    scene(
        ({"red": (40, 90)} if n >= 3 else {}) | ({"blue": (200, 100)} if 7 <= n <= 10 else {}),
    )
    for n in range(15)
]


# When and where ------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [graded_profile, fake_profile])
def test_a_thing_is_followed_through_the_frames_between(tmp_path, profile):
    timeline = remembering(tmp_path, profile()).find_in_video(timed(CROSSING))
    (cup,) = timeline.sightings
    assert (cup.object.name, cup.start, cup.end, cup.ongoing) == ("Cup", 0.0, 2.2, True)
    assert (timeline.sampled, timeline.searched, timeline.complete) == (12, 4, True)
    assert [each.time for each in cup.boxes] == pytest.approx([0.2 * n for n in range(12)])
    for number, each in enumerate(cup.boxes):
        assert each.box.xyxy == pytest.approx(box((10 + 10 * number, 90)), abs=2)


def test_it_says_when_things_came_and_went(kit):
    timeline = kit.find_in_video(timed(PLACED))
    assert spans(timeline) == [("Cup", 0.6, 2.8), ("Ball", 1.4, 2.0)]
    assert [each.ongoing for each in timeline.named] == [True, False]
    assert timeline.searched < timeline.sampled / 2


def test_the_frames_before_the_one_that_was_searched_count(kit):
    """Of a stretch the sharpest is searched: here the last one, in which there is most to see."""
    checks = np.kron(np.indices((10, 40)).sum(axis=0) % 2, np.ones((4, 4))) * 90 + 90
    last = CROSSING[2].copy()
    last.paste(Image.fromarray(checks.astype(np.uint8)).convert("RGB"), (120, 10))
    (cup,) = kit.find_in_video(timed([*CROSSING[:2], last])).named
    assert (cup.start, cup.looks, cup.key_frame.time) == (0.0, 1, 0.4)
    assert cup.box_at(0.0).xyxy == pytest.approx(box((10, 90)), abs=2)


def test_boxes_are_in_pixels_of_the_clip_and_the_key_frame_is_small(kit):
    large = [each.resize((2560, 1920)) for each in CROSSING[:3]]
    timeline = kit.find_in_video(timed(large))
    (cup,) = timeline.named
    assert timeline.size_wh == (2560, 1920)
    assert cup.key_frame.box.xyxy == pytest.approx(
        [8 * edge for edge in box((10 + 50 * cup.key_frame.time, 90))], abs=24
    )
    assert Image.open(io.BytesIO(cup.key_frame.picture)).size == (640, 480)


def test_another_shot_is_another_place(kit):
    first = [scene({"red": (40, 90)})] * 4
    second = [scene({"blue": (40, 90)}, ground(seed=9))] * 4
    timeline = kit.find_in_video(timed([*first, *second]))
    assert spans(timeline) == [("Cup", 0.0, 0.6), ("Ball", 0.8, 1.4)]


def test_a_thing_that_is_hidden_for_a_moment_was_not_gone(kit):
    there, hidden = scene({"red": (40, 90)}), scene({})
    timeline = kit.find_in_video(timed([*[there] * 4, *[hidden] * 3, *[there] * 4]))
    (cup,) = timeline.named
    assert (cup.start, cup.end) == (0.0, 2.0)
    assert not [each for each in cup.boxes if 0.65 < each.time < 1.35]


def test_a_thing_that_was_gone_for_long_comes_anew(kit):
    there, gone = scene({"red": (40, 90)}), scene({})
    timeline = kit.find_in_video(timed([*[there] * 4, *[gone] * 9, *[there] * 4]))
    assert spans(timeline) == [("Cup", 0.0, 0.6), ("Cup", 2.6, 3.2)]
    assert [each.number for each in timeline.named] == [1, 2]


def test_strangers_are_left_alone(kit):
    timeline = kit.find_in_video(timed([scene({"green": (10 + 10 * n, 90)}) for n in range(8)]))
    assert (timeline.sightings, timeline.sampled) == ((), 8)


def test_an_empty_memory_finds_nothing(tmp_path):
    timeline = PeKit.open(tmp_path, profile=graded_profile()).find_in_video(timed(CROSSING))
    assert timeline.sightings == ()
    assert timeline.complete


# All looks decide ----------------------------------------------------------------------------


def looks(*colours):
    """Return a thing that looks otherwise in each stretch of three frames; it stirs a little."""
    stirring = ((40, 90), (44, 90), (48, 90))
    return timed([scene({colour: at}) for colour in colours for at in stirring])


def test_one_doubtful_look_does_not_lose_a_name(kit):
    timeline = kit.find_in_video(looks("red", "red", "pale red", "red"))
    assert spans(timeline) == [("Cup", 0.0, 2.2)]


def test_one_lucky_look_does_not_make_a_name_for_good(kit):
    """What is mostly green is not named for a moment in which it is red."""
    frame_by_frame = [kit.find(picture).matches for _, picture in looks("green", "red", "green")]
    assert any(frame_by_frame)
    timeline = kit.find_in_video(looks("pale red", "green", "green"))
    assert not timeline.named


def test_doubtful_looks_are_possible(kit):
    timeline = kit.find_in_video(looks("pale red", "pale red"))
    (cup,) = timeline.possible
    assert (cup.object.name, cup.looks) == ("Cup", 2)
    assert 0.1 < cup.probability < 0.5
    assert timeline.named == ()


def test_the_strictness_decides(kit):
    assert kit.find_in_video(looks("pale red"), strictness="recall").named
    assert not kit.find_in_video(looks("pale red"), strictness="precision").sightings


# Going on ------------------------------------------------------------------------------------


def test_it_goes_on_where_it_stopped(kit):
    whole = kit.find_in_video(timed(CROSSING))
    half = kit.find_in_video(timed(CROSSING), end=1.1)
    assert half.until == 1.0
    rest = kit.find_in_video(timed(CROSSING), resume=Timeline.from_dict(half.to_dict()))
    assert spans(rest) == spans(whole) == [("Cup", 0.0, 2.2)]
    assert (rest.sampled, rest.until) == (whole.sampled, whole.until)
    assert [each.number for each in rest.sightings] == [1]


def test_a_clip_that_was_searched_to_its_end_is_not_searched_again(kit):
    whole = kit.find_in_video(timed(CROSSING))
    assert kit.find_in_video(timed(CROSSING), resume=whole).to_dict() == whole.to_dict()


def test_what_could_not_be_read_before_is_told_after_going_on(kit):
    half = replace(kit.find_in_video(timed(CROSSING), end=1.1), damage=("after 0.5 s: a scratch",))
    assert kit.find_in_video(timed(CROSSING), resume=half).damage == half.damage


def test_seldom_sampled_frames_may_miss_a_thing_once(kit):
    there, gone = scene({"red": (40, 90)}), scene({})
    scenes = [(2.0 * n, there if n != 2 else gone) for n in range(5)]
    (cup,) = kit.find_in_video(scenes, every=2.0).named
    assert (cup.start, cup.end) == (0.0, 8.0)


def test_progress_is_told_in_seconds(kit, tmp_path):
    told = []
    kit.find_in_video(timed(CROSSING), end=2.0, progress=lambda *step: told.append(step))
    assert told[-1] == (1.8, 2.0)
    assert [before < after for (before, _), (after, _) in pairwise(told)] == [True] * 3


def test_updates_tell_what_appears_and_what_is_gone(kit):
    told = [
        (update.time, [each.object.name for each in update.appeared], update.gone)
        for update in kit.follow_video(timed(PLACED))
        if update.appeared or update.gone
    ]
    assert [names for _, names, _ in told] == [["Cup"], ["Ball"], []]
    assert [each.object.name for each in told[-1][2]] == ["Ball"]
    assert told[-1][2][0].end == 2.0


def test_the_last_update_is_complete_and_what_is_there_stays(kit):
    *before, last = kit.follow_video(timed(CROSSING))
    assert last.timeline.complete
    assert not any(each.timeline.complete for each in before)
    assert last.gone == ()
    assert last.timeline.to_dict() == kit.find_in_video(timed(CROSSING)).to_dict()


def test_what_is_remembered_meanwhile_is_found(kit):
    names = []
    scenes = [scene({"green": (10 + 10 * n, 90)}) for n in range(12)]
    for number, update in enumerate(kit.follow_video(timed(scenes))):
        names.append([each.object.name for each in update.timeline.named])
        if number == 1:
            kit.remember("Hat", solid_scene({"green": (20, 20, 120, 100)}), category="hat")
    assert names[:2] == [[], []]
    assert names[2:] == [["Hat"]] * 3


def test_what_is_over_is_forgotten_after_a_while(kit):
    there, gone = scene({"red": (40, 90)}), scene({})
    scenes = [*[there] * 4, *[gone] * 16, *[there] * 10]
    *_, last = kit.follow_video(timed(scenes), history=1.0)
    (cup,) = last.timeline.sightings
    assert cup.start == pytest.approx(4.0)
    assert cup.boxes[0].time >= last.time - 1.0 - 1e-9
    *_, last = kit.follow_video(timed(scenes), history=None)
    assert len(last.timeline.sightings) == 2


# What is no clip, or only in part ------------------------------------------------------------


def test_frames_that_fail_midway_give_what_was_seen(kit):
    def failing():
        yield from timed(CROSSING)[:6]
        yield 1.2, Image.new("RGB", (64, 64))

    timeline = kit.find_in_video(failing())
    assert spans(timeline)[0][:2] == ("Cup", 0.0)
    assert "expected frames of 320x240" in timeline.damage[0]


def test_a_camera_needs_an_end(kit):
    with pytest.raises(InvalidInput, match="expected an end"):
        kit.find_in_video("rtsp://127.0.0.1:9/door")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"every": 0}, "every"),
        ({"start": -1}, "start"),
        ({"start": 3, "end": 2}, "end"),
        ({"mode": "deep"}, "mode"),
        ({"strictness": 7}, "strictness"),
    ],
)
def test_what_is_no_time_or_mode_is_refused_before_the_search(kit, wrong, message):
    with pytest.raises(InvalidInput, match=message):
        kit.find_in_video(timed(CROSSING), **wrong)
    with pytest.raises(InvalidInput, match=message):
        kit.follow_video(timed(CROSSING), **wrong)


def test_a_photo_is_no_clip(kit):
    with pytest.raises(ClipError, match="search a photo with find"):
        kit.find_in_video(CROSSING[0])
