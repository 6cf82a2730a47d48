"""``pekit eval video`` from end to end, with the fake profile: composed clips, and filmed ones."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from typer.testing import CliRunner

from pekit_agents.cli.evaluation.app import evaluate
from pekit_agents.errors import InvalidInput
from pekit_agents.profiles import PROFILES
from pekit_agents.testing import fake_profile, solid_scene

THINGS = ("red", "green", "blue", "cyan", "magenta")
PLACES = [(20, 20, 80, 80), (40, 30, 100, 90), (60, 10, 150, 60), (10, 50, 70, 110)]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Stand in a folder with things and backgrounds."""
    monkeypatch.setitem(PROFILES, "fake", fake_profile)
    monkeypatch.setenv("PEKIT_PROFILE", "fake")
    monkeypatch.chdir(tmp_path)
    for thing in THINGS:
        (tmp_path / "mine" / thing).mkdir(parents=True)
        for index, place in enumerate(PLACES):
            solid_scene({thing: place}).save(tmp_path / "mine" / thing / f"{index}.png")
    (tmp_path / "grey").mkdir()
    Image.new("RGB", (160, 120), (128, 128, 128)).save(tmp_path / "grey" / "0.png")
    return tmp_path


def run(*arguments):
    result = CliRunner().invoke(evaluate, ["video", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


COMPOSED = ("mine", "--backgrounds", "grey", "--clips", "2", "--every", "0.5")


def test_a_table_says_that_the_clips_are_composed_and_what_was_found(here):
    printed = run(*COMPOSED).output
    words = " ".join(printed.split())
    assert "2 clips (composed, not filmed)" in words
    assert "frame by frame" in words
    assert "passes a second" in words
    assert "static" in words


def test_json_has_the_same_for_machines(here):
    found = json.loads(run(*COMPOSED, "--kinds", "pan", "--json").stdout)
    baseline = found["systems"][0]
    assert (baseline["system"], baseline["clips"]) == ("frame by frame", 2)
    assert 0 < baseline["found"] <= baseline["appearances"]
    assert list(found["groups"]) == ["pan"]
    assert found["clips"].startswith("composed")


def test_written_clips_are_searched_as_files_and_stay(here):
    pytest.importorskip("av")
    pytest.importorskip("pekit_agents.video.decoding")
    options = ("mine", "--backgrounds", "grey", "--clips", "1", "--kinds", "handheld", "--json")
    drawn = json.loads(run(*options).stdout)["systems"][0]
    found = json.loads(run(*options, "--write", "out").stdout)
    assert found["written"] == "out"
    assert sorted(each.name for each in (here / "out").iterdir()) == ["clip-000.mp4", "truth.json"]
    written = found["systems"][0]
    assert written["appearances"] == drawn["appearances"]
    assert abs(written["found"] - drawn["found"]) <= 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("mine",), "--backgrounds"),
        (("mine", "--backgrounds", "nowhere"), "--backgrounds"),
        ((*COMPOSED, "--kinds", "moving"), "static, handheld, pan, cuts"),
        ((*COMPOSED, "--write", "mine"), "empty folder"),
    ],
)
def test_what_goes_wrong_is_one_sentence(here, arguments, words):
    with pytest.raises(InvalidInput, match=words):
        run(*arguments)
