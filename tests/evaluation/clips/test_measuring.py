"""Systems side by side, on composed clips of colours with the fake profile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pekit_agents import PeKit
from pekit_agents.evaluation.clips.composing import compose_clips
from pekit_agents.evaluation.clips.measuring import (
    BASELINE,
    Looking,
    SearchedClip,
    introduce,
    measure,
    searched_frame_by_frame,
)
from pekit_agents.evaluation.passes import counted_passes
from pekit_agents.testing import fake_profile, solid_scene
from pekit_agents.video.timeline import Timeline


@pytest.fixture
def searched(dataset, backgrounds):
    composed = compose_clips(
        dataset, backgrounds, seed=3, count=4, size_wh=(240, 136), seconds=(3.0, 4.0)
    )
    return composed, [SearchedClip(clip.truth, clip) for clip in composed.clips]


@pytest.fixture
def kit(tmp_path):
    return PeKit.open(tmp_path / "memory", profile=fake_profile())


def test_the_baseline_is_scored_beside_another_system(searched, tmp_path):
    composed, clips = searched
    profile = fake_profile()
    kit = PeKit.open(tmp_path / "memory", profile=profile)
    assert introduce(kit, composed.things) == []
    assert len(kit.objects()) == 4
    steps = []
    systems = {
        BASELINE: searched_frame_by_frame,
        "silent": lambda kit, clip, looking: Timeline(complete=True),
    }
    looking = Looking(every=0.5)
    found, silent = measure(
        clips, kit, profile, systems, looking=looking, progress=lambda *step: steps.append(step)
    )
    assert (found.name, silent.name) == (BASELINE, "silent")
    assert found.total.appearances == silent.total.appearances > 3
    assert found.total.found > 0.8 * found.total.appearances
    assert (silent.total.found, silent.total.sightings, sum(silent.passes.values())) == (0, 0, 0)
    # The encoder of the fake profile is asked once a frame.
    frames = sum(sum(1 for _ in clip.frames(0.5)) for clip in clips)
    assert 0 < sum(found.passes.values()) <= frames
    assert steps[-1] == ("silent", 4, 4)
    values = found.to_dict()
    assert values["measures"]["recall"]["mean"] == found.total.found / found.total.appearances
    assert values["measures"]["passes"]["interval"] is not None


def test_a_group_is_the_clips_of_one_kind(searched, tmp_path):
    composed, clips = searched
    profile = fake_profile()
    kit = PeKit.open(tmp_path / "memory", profile=profile)
    introduce(kit, composed.things)
    (whole,) = measure(clips, kit, profile, {"one": searched_frame_by_frame})
    parts = [whole.of(kind) for kind in ("static", "handheld", "pan", "cuts")]
    assert [list(part.scores) for part in parts] == [[f"clip-00{i}"] for i in range(4)]
    assert sum(part.total.found for part in parts) == whole.total.found


def test_a_picture_counts_once_until_it_is_taken_and_the_profile_is_left_as_it_was():
    profile = fake_profile()
    red, blue = solid_scene({"red": (0, 0, 9, 9)}), solid_scene({"blue": (0, 0, 9, 9)})
    with counted_passes(profile) as passes:
        profile.encoder.encode([red, blue])
        profile.encoder.encode([red])
        assert (passes.taken(), passes.taken()) == (2, 0)
        profile.encoder.encode([red])
        assert passes.taken() == 1
    assert "encode" not in vars(profile.encoder)


def test_a_reference_without_an_object_is_named(dataset, kit, backgrounds):
    thing = replace(dataset.things[0], references=(backgrounds[0], dataset.photos[0].path))
    assert introduce(kit, [thing]) == [backgrounds[0]]
