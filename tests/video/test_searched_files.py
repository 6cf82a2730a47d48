"""Clips in files are searched as they are."""

from __future__ import annotations

import pytest

from pekit_agents import PeKit
from pekit_agents.testing import graded_profile, solid_scene
from tests.video.moving_things import SIZE, scene


@pytest.fixture
def kit(tmp_path) -> PeKit:
    kit = PeKit.open(tmp_path / "memory", profile=graded_profile())
    kit.remember("Cup", solid_scene({"red": (20, 20, 120, 100)}), category="cup")
    return kit


def crossing(number):
    return scene({"red": (10 + 5 * number % 200, 90)})


def test_a_file_is_searched(kit, film):
    path = film(
        "cup.mp4",
        "libx264",
        frames=24,
        rate=10,
        size=SIZE,
        fmt="yuv444p",
        picture=crossing,
        options={"crf": "10"}.items(),
    )
    for source in (path, str(path), path.read_bytes(), path.open("rb")):
        timeline = kit.find_in_video(source)
        assert [(s.object.name, s.start, s.end) for s in timeline.named] == [
            ("Cup", 0.0, pytest.approx(2.2, abs=0.01))
        ]
    assert kit.find_in_video(path, start=1.0, end=1.5).sampled == 3


def test_a_clip_with_a_broken_end_gives_what_could_be_read(kit, film):
    path = film("cup.mkv", frames=40, rate=10, size=SIZE, picture=crossing)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    timeline = kit.find_in_video(path)
    assert 0 < timeline.until < 3.5
    assert len(timeline.damage) == 1
    assert "after" in timeline.damage[0]
