"""The original packages: run in a process of their own, and what is said where they are missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: no hf profiles")
pytest.importorskip("transformers", reason="transformers is not installed: no hf profiles")

FOLDER = Path(__file__).with_name("reference")
#: Imports an adapter where its package cannot be imported.
WITHOUT = """
import importlib, sys
sys.modules[sys.argv[1]] = None
from pekit_agents.errors import MissingDependency
try:
    importlib.import_module(f"pekit_agents.models.reference.{sys.argv[2]}")
except MissingDependency as exc:
    print(exc)
"""


def run(*args: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, args)], capture_output=True, text=True, timeout=600,
        check=False, env={**os.environ, **env}, cwd=FOLDER.parents[2],
    )  # fmt: skip


@pytest.mark.slow
def test_the_adapters_of_the_original_packages():
    """All tests in ``reference/``, see its ``conftest.py``."""
    for name in ("segment_anything", "groundingdino"):
        if run("-c", f"import importlib.util as u; assert u.find_spec({name!r})").returncode:
            pytest.skip(f"{name} is not installed: see the Makefile")
    done = run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", FOLDER, PEKIT_TEST_ORIGINALS="1"
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("package", "adapter", "says"),
    [
        ("groundingdino", "grounding_dino", "a Grounding DINO in a .pth file needs groundingdino-"),
        ("segment_anything", "sam", "a SAM in a .pth file needs segment-anything and a torchvisio"),
    ],
)
def test_a_missing_package_is_one_line_to_type(package, adapter, says):
    done = run("-c", WITHOUT, package, adapter)
    assert done.stdout.startswith(says), done.stderr
    assert f"(import of {package} halted" in done.stdout
    assert 'type: pip install "pekit-agents[reference]"' in done.stdout
