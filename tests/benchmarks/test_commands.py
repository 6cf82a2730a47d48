"""The commands start, and say what is wrong without a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.__main__ import app

ROOT = Path(__file__).parents[2]
RECOGNITION = ("advice", "look_alikes", "looking", "things", "version")


@pytest.mark.parametrize("name", ["memory", "users", "library", "index", "targets"])
def test_a_command_says_what_it_measures(name):
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Measure" in result.output


@pytest.mark.parametrize("name", RECOGNITION)
def test_a_module_says_how_it_is_run(name):
    module = f"benchmarks.recognition.{name}"
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"usage: python -m {module} " in done.stdout


def test_an_error_of_the_toolkit_is_said_and_exit_code_1(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "targets", str(tmp_path / "nothing")])
    with pytest.raises(SystemExit) as stopped:
        command.main()
    assert stopped.value.code == 1
    said = capsys.readouterr().err
    assert "nothing: expected a folder of things and their photos" in said
    assert "Traceback" not in said
