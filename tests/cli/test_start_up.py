"""What is asked of the command itself costs no models and no database."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata

import pytest

HEAVY = {"lancedb", "lance", "pyarrow", "torch", "transformers", "onnxruntime", "sklearn", "ray"}


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pekit_agents", *args],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--help",), 0),
        (("--version",), 0),
        (("find", "--help"), 0),
        (("eval", "--help"), 0),
        (("fnd",), 2),
        (("find",), 2),
        (("find", "a.jpg", "--mode", "slow"), 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_help_and_wrong_usage_load_nothing_heavy(args, code):
    done = run(*args)
    loaded = {name.split(".")[0] for name in re.findall(r"\|\s+([\w.]+)$", done.stderr, re.M)}
    assert (done.returncode, loaded & HEAVY) == (code, set())
    assert "typer" in loaded


def test_it_says_its_version(pekit):
    assert pekit("--version").out == f"pekit-agents {metadata.version('pekit-agents')}\n"


def test_a_clone_that_is_not_installed_says_so(pekit, monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert pekit("--version").out == "pekit-agents, of a clone that is not installed\n"


@pytest.mark.parametrize(
    ("args", "meant"),
    [
        (("fnd", "a.jpg"), "find"),
        (("rember", "Cup"), "remember"),
        (("review", "lst"), "list"),
        (("eval", "recogntion"), "recognition"),
        (("list", "--profile", "embeded"), "embedded"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_misspelt_word_is_answered_with_the_right_one(pekit, args, meant):
    done = pekit(*args)
    assert done.code in (1, 2)
    assert f"Did you mean '{meant}'" in done.err
