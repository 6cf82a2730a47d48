"""Calibrating torch models: a file is made, named in a TOML file, and searched with."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="torch is not installed: no hf profiles")
pytest.importorskip("transformers", reason="transformers is not installed: no hf profiles")

from pekit_agents import InvalidInput, PeKit, ProfileError
from pekit_agents.calibration import read_calibration
from pekit_agents.cli.doctor import diagnose
from pekit_agents.models.hf.detection import DetectionSettings
from pekit_agents.models.spec import ModelSpec
from pekit_agents.profiles import grounded_sam_profile, load_profile

SETTINGS = """
device = "cpu"
augment = false
[detector]
id = "{detector}"
image_size = 64
[segmenter]
id = "{segmenter}"
[encoder]
id = "{encoder}"
image_size = 112
[extraction]
threshold = 0.0
[proposals]
threshold = 0.0
limit = 4
"""


def draw_mosaics(folder, *, things: int = 8, photos: int = 4) -> None:
    """Draw things that random weights tell apart: mosaics, each time in other light."""
    rng = np.random.default_rng(0)
    for thing in range(things):
        (folder / f"{thing}").mkdir(parents=True)
        tiles = rng.integers(0, 256, (3, 4, 3))
        for number in range(photos):
            lit = np.clip(tiles * rng.uniform(0.8, 1) + rng.normal(0, 6, tiles.shape), 0, 255)
            mosaic = Image.fromarray(lit.astype(np.uint8)).resize(
                (120, 90), Image.Resampling.NEAREST
            )
            mosaic.save(folder / f"{thing}" / f"{number}.png")


@pytest.fixture(scope="module")
def home(tmp_path_factory, checkpoint):
    """Return a folder with photos, a profile of tiny models, and what ``pekit`` made of them."""
    folder = tmp_path_factory.mktemp("home")
    draw_mosaics(folder / "photos")
    write(folder / "tiny.toml", checkpoint)
    done = subprocess.run(
        [sys.executable, "-m", "pekit_agents", "calibrate", "photos", "--profile", "tiny.toml",
         "--out", "tiny.npz", "--cache", "cache"],
        cwd=folder, capture_output=True, text=True, timeout=500, check=False,
        env={**os.environ, "COLUMNS": "110", "TERM": "dumb", "NO_COLOR": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (folder / "printed.txt").write_text(done.stdout, "utf-8")
    return folder


def write(path, checkpoint, *, first: str = "", encoder: str = "dinov2") -> str:
    models = {"detector": "grounding-dino", "segmenter": "sam", "encoder": encoder}
    folders = {role: checkpoint(kind) for role, kind in models.items()}
    path.write_text(first + SETTINGS.format(**folders), "utf-8")
    return str(path)


@pytest.mark.slow
def test_the_file_is_of_the_encoder_and_the_command_says_where_to_name_it(home):
    made = read_calibration(home / "tiny.npz")
    assert made.encoder_id == load_profile(str(home / "tiny.toml")).encoder.id
    assert made.discriminant.centre.shape == (32,)
    assert made.discriminant.conditions.shape[0] == 5
    printed = (home / "printed.txt").read_text("utf-8")
    assert "32 photos of 8 things" in printed
    assert 'Add to tiny.toml, above its tables: calibration = "tiny.npz"' in printed


@pytest.mark.slow
def test_a_profile_that_names_the_file_takes_a_strictness(home, checkpoint, tmp_path):
    own = write(home / "calibrated.toml", checkpoint, first='calibration = "tiny.npz"')
    made, profile = read_calibration(home / "tiny.npz"), load_profile(own)
    np.testing.assert_array_equal(profile.discriminant.between, made.discriminant.between)
    photo = home / "photos" / "0" / "0.png"
    kit = PeKit.open(tmp_path / "memory", profile=own)
    kit.remember("Rex", photo, category="mug")
    found = kit.find(photo, strictness="recall").everything
    assert [match.object.name for match in found][:1] == ["Rex"]
    assert all(0 <= match.probability <= 1 for match in found)
    assert len(kit.find(photo, strictness=1e-9).everything) <= len(found)
    with pytest.raises(InvalidInput, match="expected a strictness, found a threshold"):
        kit.find(photo, threshold=0.5)
    with pytest.raises(InvalidInput, match="has none; give a threshold"):
        PeKit.open(tmp_path / "other", profile=str(home / "tiny.toml")).find(
            photo, strictness="recall"
        )


@pytest.mark.slow
def test_a_memory_stays_the_same_with_and_without_the_file(home, checkpoint, tmp_path):
    own = write(home / "calibrated.toml", checkpoint, first='calibration = "tiny.npz"')
    plain = PeKit.open(tmp_path, profile=str(home / "tiny.toml"))
    plain.remember("Rex", home / "photos" / "0" / "0.png", category="mug")
    assert PeKit.open(tmp_path, profile=own).objects()[0].name == "Rex"


@pytest.mark.slow
def test_another_encoder_is_refused(home, checkpoint):
    other = write(home / "other.toml", checkpoint, first='calibration = "tiny.npz"', encoder="clip")
    with pytest.raises(ProfileError, match=r"expected the encoder dinov2@.*found clip.*calibrate"):
        load_profile(other)


@pytest.mark.slow
def test_in_python_it_is_a_keyword(home, checkpoint):
    models = {
        "detector": ModelSpec(str(checkpoint("grounding-dino")), device="cpu", image_size=64),
        "segmenter": None,
        "encoder": ModelSpec(str(checkpoint("dinov2")), device="cpu", image_size=112),
        "extraction": DetectionSettings(threshold=0.0),
        "augment": False,
    }
    profile = grounded_sam_profile(**models, calibration=home / "tiny.npz")
    assert profile.discriminant is not None
    augmented = {**models, "augment": True}
    with pytest.raises(ProfileError, match="expected augment to be False"):
        grounded_sam_profile(**augmented, calibration=str(home / "tiny.npz"))


def test_a_file_that_is_not_there_is_told(checkpoint, tmp_path):
    path = write(tmp_path / "tiny.toml", checkpoint, first='calibration = "none.npz"')
    with pytest.raises(ProfileError, match=r"expected a calibration at .*none\.npz, found none"):
        load_profile(path)
    (row,) = [row for row in diagnose(tmp_path, path).profiles if row.name == "tiny"]
    assert (row.ok, row.state) == (False, "cannot run")
    assert "none.npz; `pekit calibrate` makes one" in row.note
    write(tmp_path / "tiny.toml", checkpoint)
    assert {row.name: row.ok for row in diagnose(tmp_path, path).profiles}["tiny"]
