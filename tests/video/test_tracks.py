"""What links the regions of searches, and what all looks at a thing say together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pekit_agents import PeKit
from pekit_agents.testing import ColourProposer, graded_profile, solid_scene
from pekit_agents.types import Box, Match
from pekit_agents.video.following import grey
from pekit_agents.video.stretches import GreyFrame
from pekit_agents.video.tracks import Track
from tests.video.moving_things import ground, scene, timed
from tests.video.seen_things import thing

BOX = Box(40, 90, 100, 150)


def remembering(folder, profile) -> PeKit:
    kit = PeKit.open(folder / "memory", profile=profile)
    kit.remember("Cup", solid_scene({"red": (20, 20, 120, 100)}), category="cup")
    return kit


@pytest.fixture
def kit(tmp_path) -> PeKit:
    return remembering(tmp_path, graded_profile())


def looks(*colours, places=None):
    """Return a thing that looks otherwise in each stretch of three frames; it stirs a little."""
    stirring = ((40, 90), (44, 90), (48, 90))
    grounds = [ground(seed) for seed in places or [0] * len(colours)]
    return timed(
        [
            scene({colour: at}, place)
            for colour, place in zip(colours, grounds, strict=True)
            for at in stirring
        ]
    )


# All looks decide ----------------------------------------------------------------------------


def test_one_clear_look_does_not_outweigh_many_doubtful_ones(kit):
    assert kit.find(looks("red")[0][1], strictness="precision").matches
    clip = looks(*["light red"] * 40, "red")
    timeline = kit.find_in_video(clip, strictness="precision")
    assert [each.looks for each in timeline.possible] == [41]
    assert timeline.named == ()


def test_many_doubtful_looks_do_not_outweigh_a_clear_one(kit):
    """What was named stays so while it is possible."""
    clip = looks("red", *["light red"] * 40)
    (cup,) = kit.find_in_video(clip, strictness="precision").sightings
    assert (cup.possible, cup.looks, cup.start) == (False, 41, 0.0)


def test_what_was_named_is_dropped_once_it_is_not_even_possible():
    track = Track(BOX, np.ones(4, np.float32), match=a_match("Cup"))
    track.decide(None, at(), scene({}))
    assert track.match is None


def test_looks_before_a_cut_say_nothing_of_what_comes_after(kit):
    clip = looks("red", "red", "light red", places=[0, 0, 7])
    timeline = kit.find_in_video(clip, strictness="precision")
    assert [(each.start, each.end) for each in timeline.named] == [(0.0, 1.0)]
    (after,) = timeline.possible
    assert (after.start >= 1.2, after.looks) == (True, 1)


class Twice(ColourProposer):
    """Proposes each thing with and without a margin."""

    def propose(self, image, categories, mode):
        found = super().propose(image, categories, mode)
        return [*found, *(replace(each, box=grown(each.box)) for each in found)]


def grown(box):
    return Box(box.x0 - 3, box.y0 - 3, box.x1 + 3, box.y1 + 3)


@pytest.mark.parametrize("before", ["red", "light red"])
def test_each_search_is_one_look_however_often_a_place_is_proposed(tmp_path, before):
    kit = remembering(tmp_path, replace(graded_profile(), proposer=Twice()))
    timeline = kit.find_in_video(looks(before, before, "red"), strictness="precision")
    assert [(each.object.name, each.looks) for each in timeline.sightings] == [("Cup", 3)]


def test_a_part_of_a_thing_is_no_other_thing(kit):
    whole = [picture for _, picture in looks("light red", "light red")]
    part = [picture.copy() for _, picture in looks("red")]
    for picture in part:  # four fifths of it are hidden
        picture.paste(ground().crop((30, 102, 120, 160)), (30, 102))
    timeline = kit.find_in_video(timed([*whole, *part]), strictness="precision")
    (cup,) = timeline.sightings
    assert cup.looks == 3
    assert cup.boxes[-1].box.y1 == pytest.approx(102, abs=2)


def test_a_place_that_is_as_before_holds_what_it_held(kit):
    """Somebody pushes the cup, and puts it back."""
    here, there = scene({"red": (40, 90)}), scene({"red": (52, 90)})
    checks = np.kron(np.indices((10, 40)).sum(axis=0) % 2, np.ones((4, 4))) * 90 + 90
    sharp = here.copy()
    sharp.paste(Image.fromarray(checks.astype(np.uint8)).convert("RGB"), (120, 10))
    timeline = kit.find_in_video(timed([sharp, there, there, sharp, sharp]))
    (cup,) = timeline.named
    assert timeline.searched == 1
    assert [round(each.box.x0) for each in cup.boxes] == [40, 52, 52, 40, 40]


# Where it was recognised best ----------------------------------------------------------------


def a_match(name, score=1.0, **rest) -> Match:
    return Match(thing(name), BOX, score, 0.5, **rest)


def at(time: float = 0.0) -> GreyFrame:
    picture = scene({})
    return GreyFrame(time, grey(picture), picture.size, picture.size)


def decided(*matches) -> Track:
    track = Track(BOX, np.ones(4, np.float32))
    for number, match in enumerate(matches):
        track.decide(match, at(float(number)), scene({}))
    return track


@pytest.mark.parametrize(
    ("matches", "best"),
    [
        ([a_match("Cup", 1), a_match("Cup", 3), a_match("Cup", 2)], 1),
        ([a_match("Cup", 1), None, a_match("Cup", 0.5)], 2),
        ([a_match("Cup", 1), a_match("Cup", 3, possible=True)], 0),
        ([a_match("Cup", 5, possible=True), a_match("Cup", 1)], 1),
        ([a_match("Cup", 5), a_match("Mug", 1)], 1),
    ],
)
def test_the_key_frame_is_the_best_of_what_it_is_now(matches, best):
    track = decided(*matches)
    assert track.key_frame is not None
    assert track.key_frame.time == best
    assert track.key_frame.picture[:2] == b"\xff\xd8"


def test_a_key_frame_is_small():
    large = scene({}).resize((1920, 1440))
    track = Track(BOX, np.ones(4, np.float32))
    track.decide(a_match("Cup"), GreyFrame(0.0, grey(large), large.size, (3840, 2880)), large)
    assert track.key_frame is not None
    assert track.key_frame.box.xyxy == (80, 180, 200, 300)
    assert len(track.key_frame.picture) < 100_000
