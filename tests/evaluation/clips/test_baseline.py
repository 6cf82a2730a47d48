"""Frame by frame: names in frames one after another are one sighting."""

from __future__ import annotations

import pytest
from PIL import Image

from pekit_agents import PeKit
from pekit_agents.evaluation.clips.baseline import frame_by_frame
from pekit_agents.testing import fake_profile, solid_scene
from pekit_agents.video.frames import Frame

PLACE = (20, 20, 80, 80)


@pytest.fixture
def kit(tmp_path):
    kit = PeKit.open(tmp_path / "memory", profile=fake_profile())
    for colour in ("red", "blue"):
        kit.remember(colour, [solid_scene({colour: PLACE})], category="patch")
    return kit


def frames(*shown, size=1.0):
    """Return a frame each second: the colours it shows, one letter each."""
    words = {"r": "red", "b": "blue", "g": "green"}
    for time, letters in enumerate(shown):
        places = {words[one]: (10 + 70 * i, 20, 60 + 70 * i, 70) for i, one in enumerate(letters)}
        image = solid_scene(places) if places else Image.new("RGB", (160, 120), (128, 128, 128))
        yield Frame(float(time), image, (round(image.width * size), round(image.height * size)))


@pytest.mark.parametrize(
    ("shown", "sightings"),
    [
        ("", []),
        (["", "", ""], []),
        (["r", "r", "r"], [("red", 0, 2, 3)]),
        (["r", "", "r"], [("red", 0, 2, 2)]),
        (["r", "", "", "r"], [("red", 0, 0, 1), ("red", 3, 3, 1)]),
        (["r", "rb", "b", "g"], [("red", 0, 1, 2), ("blue", 1, 2, 2)]),
    ],
)
def test_runs_of_a_name_are_sightings(kit, shown, sightings):
    timeline = frame_by_frame(kit, frames(*shown))
    assert [
        (each.object.name, each.start, each.end, len(each.boxes)) for each in timeline.sightings
    ] == sightings
    assert (timeline.sampled, timeline.complete) == (len(shown), True)
    assert [each.number for each in timeline.sightings] == list(range(1, len(sightings) + 1))


def test_boxes_are_in_pixels_of_the_clip_and_not_of_a_reduced_frame(kit):
    (seen,) = frame_by_frame(kit, frames("r", size=2.0)).sightings
    assert seen.boxes[0].box.xyxy == pytest.approx((20, 40, 120, 140), abs=4)
    assert frame_by_frame(kit, frames("r", size=2.0)).size_wh == (320, 240)
