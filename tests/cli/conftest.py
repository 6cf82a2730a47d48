"""The command line on the fake vision tools, and what ``pekit describe`` is tested with."""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from pekit_agents import cli, profiles
from pekit_agents.testing import fake_profile, graded_profile, solid_scene
from tests.answering.conftest import photo, stub

__all__ = ["photo", "stub"]


@pytest.fixture(scope="session", autouse=True)
def made_once() -> Iterator[None]:
    """Make the commands once: typer makes all of them anew for each line that is typed."""
    made = functools.cache(typer.main.get_command)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", made)
        patch.setattr("typer.testing._get_command", made)
        yield


@pytest.fixture
def pekit(tmp_path, monkeypatch, capsys):
    """Run ``pekit`` in a folder with the photos red.png and blue.png."""
    monkeypatch.setitem(profiles.PROFILES, "fake", fake_profile)
    monkeypatch.setitem(profiles.PROFILES, "graded", graded_profile)
    monkeypatch.setitem(profiles.PROFILES, "newer", lambda: fake_profile("colour@2"))
    profiles._load.cache_clear()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PEKIT_PROFILE", "fake")
    monkeypatch.setenv("COLUMNS", "160")
    for colour in ("red", "blue"):
        solid_scene({colour: (20, 20, 90, 90)}).save(f"{colour}.png")

    def run(*args, stdin=""):
        monkeypatch.setattr(sys, "argv", ["pekit", *map(str, args)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = 0
        try:
            cli.main()
        except SystemExit as exc:
            code = exc.code or 0
        captured = capsys.readouterr()
        return SimpleNamespace(code=code, out=captured.out, err=captured.err)

    yield run
    profiles._load.cache_clear()


@pytest.fixture
def filled(pekit, copied, tmp_path):
    """Run ``pekit`` where Cup and Bike are remembered."""

    def fill(memory: Path) -> None:
        cup = ("remember", "Cup", "red.png", "red.png", "-c", "mug", "--keep-crops")
        bike = ("remember", "Bike", "blue.png", "-c", "bike", "--context", "Fast.")
        assert [pekit(*command, "-m", memory).code for command in (cup, bike)] == [0, 0]

    copied("Cup and Bike", fill, tmp_path / "pekit-memory")
    return pekit
