"""The file of a calibration: what it keeps, whom it fits, and what a profile becomes with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pekit_agents import EncoderMismatch, PeKit
from pekit_agents.bank import Bank
from pekit_agents.calibration import Calibration
from pekit_agents.details import PatchDescriber
from pekit_agents.encoder_calibration import (
    EncoderCalibration,
    read_calibration,
    write_calibration,
)
from pekit_agents.errors import InvalidInput, ProfileError
from pekit_agents.matching import MatchSettings
from pekit_agents.profiles import calibrated_profile
from pekit_agents.testing import ColourEncoder, fake_profile, solid_scene
from pekit_agents.types import Box, Proposal
from pekit_agents.whitening import WhitenedEncoder, Whitening

RED = solid_scene({"red": (20, 20, 80, 80)})
STATISTICS = Whitening(np.zeros((1, 4), np.float32), np.diag([2, 1, 1, 1]).astype(np.float32)[None])
#: Blue, green and yellow as the colour encoder sees them; the last two in one photo.
BANK = Bank(
    np.array([[-128, -128, 127, 8], [-128, 127, -128, 8], [127, 127, -128, 8]], np.float32),
    np.array([0, 1, 1]),
    np.array([0, 1, 1]),
)


@pytest.fixture
def measured() -> EncoderCalibration:
    return EncoderCalibration(
        encoder_id="colour@1",
        max_weight=1.0,
        augment=False,
        whitening=STATISTICS,
        bank=BANK,
        calibration=Calibration(location=0.2, scale=0.05, regions=0.5, mean=0.9, deviation=0.1),
        margin=0.02,
        least=0.1,
        itself=0.95,
        ambiguity=0.08,
        doubt=0.11,
    )


@pytest.fixture
def file(measured, tmp_path):
    write_calibration(tmp_path / "made.npz", measured)
    return tmp_path / "made.npz"


def test_a_calibration_comes_back_from_its_file(measured, file):
    found = read_calibration(file)
    np.testing.assert_array_equal(found.whitening.mean, STATISTICS.mean)
    np.testing.assert_array_equal(found.whitening.matrix, STATISTICS.matrix)
    np.testing.assert_array_equal(found.bank.features, BANK.features)
    np.testing.assert_array_equal(found.bank.photos, BANK.photos)
    np.testing.assert_array_equal(found.bank.things, BANK.things)
    nothing = {"whitening": None, "bank": None}
    assert [getattr(found, name) for name in _plain(nothing)] == [
        getattr(measured, name) for name in _plain(nothing)
    ]


def _plain(others) -> list[str]:
    return [name for name in EncoderCalibration.__dataclass_fields__ if name not in others]


def test_without_statistics_the_encoder_stays_as_it_is(measured, tmp_path):
    write_calibration(tmp_path / "raw.npz", replace(measured, whitening=None))
    own = fake_profile()
    assert calibrated_profile(own, tmp_path / "raw.npz").encoder is own.encoder


def test_a_profile_gets_all_that_was_measured(file):
    profile = calibrated_profile(fake_profile(), str(file))
    assert profile.encoder.id == f"colour@1/{STATISTICS.version}"
    assert isinstance(profile.encoder, WhitenedEncoder)
    matching, strangers = profile.matching, profile.strangers
    assert (matching.calibration.scale, matching.ambiguity, matching.doubt) == (0.05, 0.08, 0.11)
    assert (strangers.margin, strangers.least, strangers.itself) == (0.02, 0.1, 0.95)
    np.testing.assert_allclose(
        strangers.vectors, profile.encoder.normalize(BANK.features), atol=1e-6
    )


def test_an_ambiguity_and_a_doubt_of_the_profiles_own_stay(measured):
    own = replace(fake_profile(), matching=MatchSettings(ambiguity=0.3, doubt=0.2))
    matching = calibrated_profile(own, measured).matching
    assert (matching.ambiguity, matching.doubt) == (0.3, 0.2)


def test_details_are_made_with_the_statistics(measured):
    own = replace(fake_profile(), describer=PatchDescriber(ColourEncoder()))
    scene = solid_scene({"red": (20, 20, 80, 80), "blue": (80, 20, 120, 80)})
    region = Proposal(Box(20, 20, 120, 80), 1.0)
    plain = own.describer.describe(scene, region)
    found = calibrated_profile(own, measured).describer.describe(scene, region)
    expected = PatchDescriber(WhitenedEncoder(ColourEncoder(), STATISTICS)).describe(scene, region)
    np.testing.assert_array_equal(found.codes, expected.codes)
    assert not np.array_equal(found.codes, plain.codes)


def test_it_is_found_at_a_rate_and_with_a_probability(file, tmp_path):
    kit = PeKit.open(tmp_path / "memory", calibrated_profile(fake_profile(), file))
    kit.remember("Rex", RED, category="dog")
    (match,) = kit.find(RED, strictness="precision").matches
    assert match.probability > 0.9
    assert kit.find(solid_scene({"blue": (20, 20, 80, 80)})).matches == ()


def test_a_memory_of_other_statistics_is_refused(measured, tmp_path):
    PeKit.open(tmp_path, calibrated_profile(fake_profile(), measured)).remember(
        "Rex", RED, category="dog"
    )
    other = Whitening(STATISTICS.mean + 1, STATISTICS.matrix)
    for profile in (fake_profile(), _calibrated(measured, whitening=other)):
        with pytest.raises(EncoderMismatch):
            PeKit.open(tmp_path, profile)
    assert PeKit.open(tmp_path, _calibrated(measured, margin=0.5)).objects()[0].name == "Rex"


def _calibrated(measured, **changes):
    return calibrated_profile(fake_profile(), replace(measured, **changes))


def test_a_thing_of_the_bank_that_is_remembered_is_no_stranger(measured, tmp_path):
    """What counts as the thing itself is in the units of the encoder."""
    blue = solid_scene({"blue": (20, 20, 80, 80)})
    sure = []
    for itself in (0.95, 1.5):
        kit = PeKit.open(tmp_path / str(itself), _calibrated(measured, itself=itself))
        kit.remember("Mug", blue, category="mug")
        sure.append(kit.find(blue, strictness=1.0).matches[0].probability)
    assert sure[0] > 0.99 > sure[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoder_id": "colour@2"}, "expected the encoder colour@2, .* found colour@1; calibrate"),
        ({"max_weight": 0.5}, "expected max_weight 0.5, .* found 1; set it back"),
        ({"augment": True}, "expected augment to be True, .* found False; set it back"),
    ],
)
def test_what_was_measured_otherwise_is_refused(measured, changes, message):
    with pytest.raises(ProfileError, match=message):
        _calibrated(measured, **changes)


def test_a_profile_is_calibrated_once(measured):
    once = _calibrated(measured)
    with pytest.raises(ProfileError, match="found 'fake', which has one"):
        calibrated_profile(once, measured)


def test_a_file_that_is_none_says_so(tmp_path, file):
    with pytest.raises(ProfileError, match=r"expected a calibration at .*none\.npz, found none"):
        read_calibration(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("not an archive")
    np.savez(tmp_path / "other.npz", kind="something", features=np.zeros(3))
    np.savez(tmp_path / "bare.npz", features=np.zeros(3))
    whole = file.read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    for name in ("text", "other", "bare", "cut"):
        with pytest.raises(ProfileError, match="found something else or a damaged file"):
            read_calibration(tmp_path / f"{name}.npz")


def test_a_calibration_of_impossible_numbers_is_damaged(measured, tmp_path):
    with np.load(_written(measured, tmp_path / "made.npz")) as made:
        arrays = dict(made)
    np.savez(tmp_path / "bad.npz", **{**arrays, "scale": -1.0})
    with pytest.raises(ProfileError, match=r"expected scale > 0.*found -1\.0"):
        read_calibration(tmp_path / "bad.npz")


def _written(measured, path):
    write_calibration(path, measured)
    return path


def test_a_folder_that_is_not_there_is_told(measured, tmp_path):
    with pytest.raises(InvalidInput, match=r"expected to write .*found that it cannot be"):
        write_calibration(tmp_path / "no" / "made.npz", measured)
