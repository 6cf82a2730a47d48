"""Calibrating with real weights: the embedded model, taken as if it was any other."""

from __future__ import annotations

import pytest
from PIL import Image, ImageEnhance, ImageOps

from pekit_agents import PeKit
from pekit_agents.calibrating.making import calibrate
from pekit_agents.encoder_calibration import read_calibration, write_calibration
from pekit_agents.profiles import calibrated_profile
from tests.measure_calibration import raw_profile

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("embedded_model")]

THINGS = (
    "astronaut.png",
    "camera.png",
    "chelsea.png",
    "coins.png",
    "hubble_deep_field.jpg",
    "retina.jpg",
    "rocket.jpg",
)


def in_other_light(photo: Image.Image) -> list[Image.Image]:
    """Return a photo as it is, mirrored and darker, and closer."""
    width, height = photo.size
    closer = photo.crop((width // 10, height // 10, width - width // 10, height - height // 10))
    return [photo, ImageEnhance.Brightness(ImageOps.mirror(photo)).enhance(0.8), closer]


@pytest.fixture(scope="module")
def folder(photos, tmp_path_factory):
    made = tmp_path_factory.mktemp("things")
    for name in THINGS:
        (made / name).mkdir()
        photo = Image.open(photos / name).convert("RGB")
        photo.thumbnail((300, 300))
        for number, seen in enumerate(in_other_light(photo)):
            seen.save(made / name / f"{number}.png")
    return made


def test_a_real_encoder_is_calibrated_and_searched_with(folder, photos, tmp_path):
    profile = raw_profile(9)  # one block, without statistics
    measured, report = calibrate(profile, folder)
    assert report.photos == 21
    assert measured.bank.features.shape[1] == 384
    # One picture in three forms is easy to know again.
    assert max(report.plain[0].right.mean, report.whitened[0].right.mean) > 0.8
    assert report.once[0].alarms.mean < 0.3
    write_calibration(tmp_path / "made.npz", measured)
    own = calibrated_profile(profile, read_calibration(tmp_path / "made.npz"))
    kit = PeKit.open(tmp_path / "memory", own)
    kit.remember("Ruby", photos / "motorcycle_left.png", category="motorcycle")
    finding = kit.find(photos / "motorcycle_right.png", strictness="recall")
    assert [match.object.name for match in finding.matches][:1] == ["Ruby"]
    assert finding.matches[0].probability > 0.5
    assert kit.find(photos / "coffee.png", strictness="precision").matches == ()


def test_the_rate_is_held_on_photos_of_real_things(development_photos, tmp_path):
    for thing in sorted(path for path in development_photos.iterdir() if path.is_dir())[::2]:
        (tmp_path / thing.name).mkdir()
        for photo in sorted(thing.glob("*.jpg"))[:3]:
            (tmp_path / thing.name / photo.name).symlink_to(photo)
    measured, report = calibrate(raw_profile(None), tmp_path)
    assert measured.whitening.mean.shape == (2, 384)
    for row in report.trials:
        if row.asked == 0.1:
            low, high = row.alarms.interval
            assert low <= 0.1 <= high
            assert row.right.mean > 0.85
    assert sum(r.right.mean for r in report.whitened) > sum(r.right.mean for r in report.plain)
