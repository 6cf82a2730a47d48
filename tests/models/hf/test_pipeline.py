"""From a profile in a TOML file to a finding, on tiny models; the command line included."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: no hf profiles")
pytest.importorskip("transformers", reason="transformers is not installed: no hf profiles")

from pekit_agents import PeKit  # noqa: E402
from pekit_agents.errors import EncoderMismatch, ModelError, NoObjectFound  # noqa: E402
from pekit_agents.models.hf.detection import DetectionSettings  # noqa: E402
from pekit_agents.models.spec import ModelSpec  # noqa: E402
from pekit_agents.profiles import grounded_sam_profile, load_profile  # noqa: E402
from pekit_agents.settings import MatchSettings  # noqa: E402

#: Random weights score every box about one half; the best box of a photo is still the best.
SETTINGS = """
[extraction]
threshold = 0.0
[proposals]
threshold = 0.0
[matching]
threshold = 0.5
"""


@pytest.fixture
def toml(checkpoint, tmp_path):
    """Return a function that writes a profile of tiny models."""

    def write(base: str, *, settings: str = SETTINGS, **models: str) -> str:
        roles = {"detector": "grounding-dino", "segmenter": "sam", "encoder": "dinov2", **models}
        if base == "grounding-dino":
            del roles["segmenter"]
        sizes = {"detector": 64, "encoder": 112}
        lines = [f'base = "{base}"', 'device = "cpu"']
        for role, kind in roles.items():
            lines += [f"[{role}]", f'id = "{checkpoint(kind)}"']
            lines += [f"image_size = {sizes[role]}"] if role in sizes else []
        path = tmp_path / "tiny.toml"
        path.write_text("\n".join(lines) + settings, "utf-8")
        return str(path)

    return write


@pytest.mark.parametrize("base", ["grounded-sam", "grounding-dino", "paper"])
def test_every_profile_remembers_and_finds(toml, tmp_path, noise, base):
    kit = PeKit.open(tmp_path / "memory", profile=toml(base))
    obj = kit.remember("Biscuit", [noise(seed=1), noise(200, 150, 2)], category="dog")
    assert obj.n_views == 2
    finding = kit.find(noise(seed=1))
    assert {match.object.name for match in finding.matches} == {"Biscuit"}
    for match in finding.matches:
        assert 0 <= match.box.x0 < match.box.x1 <= 120
        assert 0 <= match.box.y0 < match.box.y1 <= 90
        assert -1 <= match.score <= 1.0001


@pytest.mark.parametrize(
    "models",
    [
        {"detector": "mm-grounding-dino", "segmenter": "sam2", "encoder": "dinov2_with_registers"},
        {"segmenter": "sam2_video", "encoder": "dinov3_vit"},
        {"detector": "owlv2", "encoder": "clip"},
    ],
)
def test_every_family_can_take_its_part(toml, tmp_path, noise, models):
    kit = PeKit.open(tmp_path / "memory", profile=toml("grounded-sam", **models))
    kit.remember("Biscuit", noise(seed=1), category="dog")
    assert kit.find(noise(seed=1)).matches


def test_box_as_mask_gives_the_same_vector_for_the_same_photo(checkpoint, tmp_path, noise):
    plain = grounded_sam_profile(
        detector=ModelSpec(str(checkpoint("grounding-dino")), image_size=64),
        segmenter=None,
        encoder=str(checkpoint("dinov2")),
        device="cpu",
        extraction=DetectionSettings(threshold=0.0),
        proposals=DetectionSettings(threshold=0.0),
        matching=MatchSettings(threshold=0.99),
        augment=False,
    )
    kit = PeKit.open(tmp_path / "memory", profile=plain)
    photo = noise(seed=1)
    view = kit.extract_view(photo, category="dog")
    kit.remember("Biscuit", photo, category="dog")
    (match,) = kit.find(photo).matches[:1]
    assert match.score == pytest.approx(1, abs=1e-5)
    assert match.box == view.proposal.box


def test_a_category_that_matches_nothing_stores_nothing(toml, tmp_path, noise):
    strict = "\n[extraction]\nthreshold = 1.0\n[proposals]\nthreshold = 1.0\n"
    kit = PeKit.open(tmp_path / "memory", profile=toml("grounded-sam", settings=strict))
    with pytest.raises(NoObjectFound, match='expected a "unicorn" in the photo'):
        kit.remember("Sparkle", noise(), category="unicorn")
    assert kit.objects() == []


def test_a_proposer_that_finds_nothing_is_a_finding_without_matches(toml, tmp_path, noise):
    strict = "\n[extraction]\nthreshold = 0.0\n[proposals]\nthreshold = 1.0\n"
    kit = PeKit.open(tmp_path / "memory", profile=toml("grounded-sam", settings=strict))
    kit.remember("Biscuit", noise(), category="dog")
    finding = kit.find(noise())
    assert (finding.matches, finding.proposals) == ((), ())


def test_equal_files_share_one_profile_and_models(toml):
    first, second = load_profile(toml("grounded-sam")), load_profile(toml("grounded-sam"))
    assert first is second
    ablation = load_profile(toml("grounding-dino"))
    assert ablation.encoder is first.encoder


def test_another_encoder_does_not_open_the_memory(toml, tmp_path, noise):
    PeKit.open(tmp_path / "memory", profile=toml("grounded-sam")).remember(
        "Biscuit", noise(), category="dog"
    )
    with pytest.raises(EncoderMismatch):
        PeKit.open(tmp_path / "memory", profile=toml("grounded-sam", encoder="clip"))


@pytest.mark.parametrize(
    ("role", "kind", "message"),
    [
        ("detector", "sam", r"to be a detector \(model_type grounding-dino, .*\), found 'sam'"),
        ("segmenter", "clip", r"to be a segmenter \(model_type sam, sam2, .*\), found 'clip'"),
        ("encoder", "sam2", r"to be an encoder \(model_type .*\), found 'sam2'"),
    ],
)
def test_a_model_in_the_wrong_part_is_refused_at_once(toml, role, kind, message):
    with pytest.raises(ModelError, match=message):
        load_profile(toml("grounded-sam", **{role: kind}))


def test_one_profile_serves_many_threads(toml, tmp_path, noise):
    profile = load_profile(toml("grounded-sam"))
    photos = [noise(seed=seed) for seed in range(6)]
    expected = [[p.box for p in profile.proposer.propose(ph, ["dog"], "auto")] for ph in photos]
    got: dict[int, list] = {}

    def look(index: int) -> None:
        found = profile.proposer.propose(photos[index], ["dog"], "auto")
        got[index] = [proposal.box for proposal in found]

    threads = [threading.Thread(target=look, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, boxes in enumerate(expected):
        np.testing.assert_allclose(
            [box.xyxy for box in got[index]], [box.xyxy for box in boxes], atol=1e-3
        )


def pekit(*args: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pekit_agents", *map(str, args)],
        cwd=cwd, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "COLUMNS": "160", "TERM": "dumb", "NO_COLOR": "1", **env},
    )  # fmt: skip


@pytest.mark.slow
def test_the_command_line_runs_a_profile_of_saved_tiny_models(tmp_path, noise):
    """What docs/models.md says to type."""
    noise(seed=1).save(tmp_path / "biscuit.jpg")
    made = subprocess.run(
        [sys.executable, "-m", "pekit_agents.models.hf.tiny", "tiny"], cwd=tmp_path, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    assert made.stdout.strip() == f"Profile: {Path('tiny') / 'profile.toml'}"
    profile = ("--profile", "tiny/profile.toml")
    done = pekit("remember", "Biscuit", "biscuit.jpg", "--category", "dog", *profile, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = pekit("find", "biscuit.jpg", "--json", *profile, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["matches"][0]["name"] == "Biscuit"
    report = json.loads(pekit("doctor", "--json", *profile, cwd=tmp_path).stdout)
    assert {row["name"]: row["state"] for row in report["profiles"]}["tiny"] == "can run"


def test_a_profile_that_cannot_be_had_is_one_sentence(tmp_path):
    home = {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = pekit(
        "remember", "Cup", "x.png", "-c", "cup", "--profile", "grounded-sam", cwd=tmp_path, **home
    )
    assert done.returncode == 1
    assert done.stderr.strip().startswith("pekit: IDEA-Research/grounding-dino-base is not on")
    assert len(done.stderr.strip().splitlines()) == 1
    done = pekit("doctor", cwd=tmp_path, **home)
    assert "not downloaded" in done.stdout
    assert "hf download facebook/dinov2-large" in " ".join(done.stdout.split())
