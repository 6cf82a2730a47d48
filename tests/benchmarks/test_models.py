"""The script that times models of real size, on toy ones; and the sizes that the docs quote."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: no hf profiles")
pytest.importorskip("transformers", reason="transformers is not installed: no hf profiles")

from benchmarks.models.sizes import parameter_count

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_every_stage_is_timed(photos, dtype):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.models.timing", "--toy", "--repeats", "1",
         "--detector-size", "96", "--encoder-size", "112", "--dtype", dtype],
        capture_output=True, text=True, cwd=ROOT, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for stage in ("view (detector, segmenter)", "proposals (detector)", "features", "find"):
        assert re.search(rf"{re.escape(stage)}.*\d\.\d\d.*\d\.\d\d", done.stdout), done.stdout
    assert re.search(r"Peak memory: \d\.\d GB \(CPU; \d+ threads\)", done.stdout)
    assert f"random weights; {dtype}" in done.stdout


@pytest.mark.parametrize(
    ("model", "millions"),
    [  # as their authors publish them
        ("IDEA-Research/grounding-dino-tiny", 172),
        ("facebook/sam-vit-base", 94),
        ("facebook/dinov2-small", 22),
        ("facebook/dinov2-large", 304),
    ],
)
def test_architectures_are_as_large_as_published(model, millions):
    assert parameter_count(model) / 1e6 == pytest.approx(millions, abs=1)
