"""From a profile that names ``.pth`` files to a finding at the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pekit_agents.cli import main
from pekit_agents.errors import ModelError
from pekit_agents.models.hf.tiny import save_encoder
from pekit_agents.profiles import load_profile

PROFILE = """
base = "grounded-sam"
device = "cpu"
augment = false
[detector]
id = "groundingdino_swint_ogc.pth"      # the file beside this one
image_size = 96
[segmenter]
id = "{segmenter}"
[encoder]
id = "{encoder}"
image_size = 112
[extraction]
threshold = 0.0
[proposals]
threshold = 0.0
[matching]
threshold = 0.5
"""


@pytest.fixture
def profile(home, tmp_path):
    """Return a function that writes a profile into the folder of the checkpoints."""
    save_encoder(tmp_path / "encoder")

    def write(segmenter: str = "sam_vit_b_01ec64.pth", encoder: str | None = None) -> str:
        path = home / "original.toml"
        path.write_text(
            PROFILE.format(segmenter=segmenter, encoder=encoder or tmp_path / "encoder")
        )
        return str(path)

    return write


def pekit(capsys, monkeypatch, *args: str | Path) -> tuple[int, str, str]:
    """Run the command line in this process, which alone knows the packages."""
    monkeypatch.setattr("sys.argv", ["pekit", *map(str, args)])
    with pytest.raises(SystemExit) as done:
        main()
    printed = capsys.readouterr()
    return int(done.value.code or 0), printed.out, printed.err


def test_the_command_line_remembers_and_finds(profile, tmp_path, noise, capsys, monkeypatch):
    photo = tmp_path / "biscuit.png"
    noise(seed=1).save(photo)
    options = ("--profile", profile(), "--memory", tmp_path / "memory")
    code, _, err = pekit(
        capsys, monkeypatch, "remember", "Biscuit", photo, "--category", "dog", *options
    )
    assert code == 0, err
    code, out, err = pekit(capsys, monkeypatch, "find", photo, "--json", *options)
    assert code == 0, err
    match = json.loads(out)["matches"][0]
    assert match["name"] == "Biscuit"
    code, out, _ = pekit(capsys, monkeypatch, "doctor", "--json", *options)
    states = {row["name"]: row["state"] for row in json.loads(out)["profiles"]}
    assert states["original"] == "can run"


def test_the_best_view_has_a_mask_of_the_original_sam(profile, noise):
    views = load_profile(profile()).extractor.extract(noise(seed=1), "dog")
    assert 0 < len(views) <= 5
    assert any(view.mask is not None and view.mask.values.shape == (256, 256) for view in views)


def test_original_and_converted_models_can_be_mixed(profile, tmp_path, noise):
    from pekit_agents.models.hf.tiny import save_segmenter

    save_segmenter(tmp_path / "segmenter")
    views = load_profile(profile(segmenter=str(tmp_path / "segmenter"))).extractor.extract(
        noise(seed=1), "dog"
    )
    assert 0 < len(views) <= 5


def test_a_file_that_is_not_there_is_said_at_once(profile):
    with pytest.raises(
        ModelError, match=r"authors give out at .*nothing\.pth, found no file there"
    ):
        load_profile(profile(segmenter="nothing.pth"))


def test_an_encoder_cannot_be_an_original_file(profile, home):
    with pytest.raises(ModelError, match=r"only a detector or a segmenter can be a \.pth"):
        load_profile(profile(encoder=str(home / "sam_vit_b_01ec64.pth")))


def test_doctor_names_the_vocabulary_that_is_missing(home, profile, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    for name in ("groundingdino_swint_ogc.pth", "sam_vit_b_01ec64.pth"):
        (tmp_path / name).hardlink_to(home / name)
    shutil.copy(profile(), tmp_path)
    _, out, _ = pekit(capsys, monkeypatch, "doctor", "--json", "-p", tmp_path / "original.toml")
    (row,) = [row for row in json.loads(out)["profiles"] if row["name"] == "original"]
    assert row["state"] == "not downloaded"
    assert "hf download google-bert/bert-base-uncased config.json tokenizer.json" in row["note"]
