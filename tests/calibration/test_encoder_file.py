"""The file of a calibration: what it keeps, whose it is, and what a profile becomes with it."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from pekit_agents import PeKit
from pekit_agents.calibration import EncoderCalibration, read_calibration, write_calibration
from pekit_agents.errors import InvalidInput, ProfileError
from pekit_agents.profiles import calibrated_profile
from pekit_agents.scoring import Discriminant
from pekit_agents.testing import ColourEncoder, fake_profile, graded_profile, solid_scene


@pytest.fixture
def made() -> EncoderCalibration:
    graded = replace(
        graded_profile().discriminant,
        conditions=np.ones((2, 4), np.float32),
        spreads=np.full((2, 4), 3, np.float32),
        slope=0.25,
        offset=-1.5,
    )
    return EncoderCalibration(encoder_id="colour@1", augment=False, discriminant=graded)


@pytest.fixture
def file(made, tmp_path):
    write_calibration(tmp_path / "made.npz", made)
    return tmp_path / "made.npz"


def test_a_calibration_comes_back_from_its_file(made, file):
    found = read_calibration(file)
    assert (found.encoder_id, found.augment) == ("colour@1", False)
    for field in fields(Discriminant):
        before, after = (getattr(each.discriminant, field.name) for each in (made, found))
        np.testing.assert_array_equal(after, before)
        assert isinstance(after, float) or after.dtype == np.float32


def test_numbers_of_twice_the_precision_are_kept_in_half(made, tmp_path):
    wide = replace(made.discriminant, between=np.full(4, 1 / 3))
    write_calibration(tmp_path / "wide.npz", replace(made, discriminant=wide))
    found = read_calibration(tmp_path / "wide.npz").discriminant.between
    np.testing.assert_array_equal(found, np.full(4, np.float32(1 / 3)))


def test_one_that_is_there_is_written_anew(made, file):
    write_calibration(file, replace(made, augment=True))
    assert read_calibration(file).augment is True


def test_a_file_serves_a_memory(file, tmp_path):
    profile = calibrated_profile(fake_profile(), str(file))
    assert profile.discriminant.slope == 0.25
    kit = PeKit.open(tmp_path / "memory", profile)
    red, blue = (solid_scene({colour: (20, 20, 80, 80)}) for colour in ("red", "blue"))
    kit.remember("Rex", red, category="dog")
    for strictness in ("recall", "balanced", "precision", 0.05):
        assert kit.find(blue, strictness=strictness).matches == ()
    (match,) = kit.find(red, strictness="recall").matches
    assert 0.5 < match.probability < 1


@pytest.mark.parametrize(
    ("encoder", "augment", "message"),
    [
        ("colour@2", False, "expected the encoder colour@1, which the calibration was fitted on, "
         "found colour@2; calibrate this one with `pekit calibrate`"),
        ("colour@1", True, "expected augment to be False, as the calibration was fitted, found "
         "True; set it back, or calibrate again"),
    ],
)  # fmt: skip
def test_a_calibration_of_other_vectors_is_refused(made, encoder, augment, message):
    with pytest.raises(ProfileError) as info:
        made.require(ColourEncoder(encoder), augment=augment)
    assert str(info.value) == message
    with pytest.raises(ProfileError, match="expected"):
        calibrated_profile(replace(fake_profile(encoder), augment=augment), made)


def test_a_profile_that_is_calibrated_can_be_calibrated_anew(made):
    once = calibrated_profile(fake_profile(), made)
    assert once.discriminant is made.discriminant
    stricter = replace(made.discriminant, offset=made.discriminant.offset - 1)
    again = calibrated_profile(once, replace(made, discriminant=stricter))
    assert again.discriminant is stricter


def changed(file, path, **arrays):
    """Write a file again with other arrays; None leaves one out."""
    with np.load(file) as opened:
        kept = {**opened, **arrays}
    np.savez(path, **{name: array for name, array in kept.items() if array is not None})


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        ({"kind": "pekit-calibration-1"}, "expected kind pekit-calibration-2, found pekit-cal"),
        ({"kind": None}, "kind"),
        ({"between": None}, "between"),
        ({"slope": -1.0}, "expected a positive slope"),
        ({"slope": "steep"}, "steep"),
        ({"axes": np.ones((4, 2))}, r"expected axes of shape \(4, 4\), found \(4, 2\)"),
        ({"encoder_id": np.array([{}], object)}, "allow_pickle"),
    ],
)
def test_a_file_of_another_kind_or_of_impossible_numbers_is_refused(file, tmp_path, arrays, why):
    changed(file, tmp_path / "other.npz", **arrays)
    with pytest.raises(ProfileError, match=rf"other\.npz, found .*{why}.*; calibrate again"):
        read_calibration(tmp_path / "other.npz")


@pytest.mark.parametrize("damage", ["text", "cut", "empty"])
def test_a_damaged_file_is_refused(file, tmp_path, damage):
    whole = file.read_bytes()
    content = {"text": b"not an archive", "cut": whole[: len(whole) // 2], "empty": b""}[damage]
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(ProfileError, match=r"bad\.npz, found something else.*; calibrate again"):
        read_calibration(tmp_path / "bad.npz")


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ProfileError, match=r"expected a calibration at .*none\.npz, found none"):
        read_calibration(tmp_path / "none.npz")


def test_a_folder_that_is_not_there_is_told(made, tmp_path):
    with pytest.raises(InvalidInput, match=r"expected to write .*found that it cannot be"):
        write_calibration(tmp_path / "no" / "made.npz", made)
