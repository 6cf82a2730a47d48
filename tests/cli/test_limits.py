"""What a photo may weigh, at the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pekit_agents import cli, profiles
from pekit_agents.cli import ingest
from pekit_agents.introduction.folders import extract_job
from pekit_agents.testing import fake_profile, solid_scene


@pytest.fixture
def pekit(tmp_path, monkeypatch, capsys):
    """Run ``pekit`` in a folder with the photos small.png (90x90) and large.png (160x120)."""
    monkeypatch.setitem(profiles.PROFILES, "fake", fake_profile)
    profiles._load.cache_clear()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PEKIT_PROFILE", "fake")
    solid_scene({"red": (9, 9, 60, 60)}, size=(90, 90)).save("small.png")
    solid_scene({"red": (9, 9, 60, 60)}).save("large.png")

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["pekit", *args])
        code = 0
        try:
            cli.main()
        except SystemExit as exc:
            code = exc.code or 0
        return code, capsys.readouterr().err

    assert run("remember", "Cup", "small.png", "-c", "mug")[0] == 0
    yield run
    profiles._load.cache_clear()


COMMANDS = [
    ("remember", "Mug", "large.png", "-c", "mug"),
    ("find", "large.png"),
    ("prompt", "large.png"),
    ("confirm", "Cup", "large.png"),
    ("reject", "Cup", "large.png"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_photo_is_refused_by_the_option_and_the_error_names_it(pekit, command):
    for option, value, found in (
        (
            "--max-megapixels",
            "0.01",
            "px a side, got 160x120 (0.019 megapixels)",
        ),
        ("--max-megabytes", "0.0001", "at most 0.0001 MB, got 0.0"),
    ):
        code, said = pekit(*command, option, value)
        assert code == 1
        assert found in said
        assert f"save a smaller copy, or raise {option}" in said
        assert "ImageLimits" not in said
    assert pekit(*command)[0] == 0


def test_a_folder_is_taken_in_by_the_same_limits(pekit, monkeypatch):
    (folder := Path("things/Rex")).mkdir(parents=True)
    Path("large.png").rename(folder / "1.png")
    monkeypatch.setattr(ingest, "_runner", lambda on_ray: in_this_process)
    code, said = pekit("ingest", "things", "--max-megapixels", "0.01")
    assert code == 1
    assert "save a smaller copy, or raise --max-megapixels" in said
    assert pekit("ingest", "things")[0] == 0


def in_this_process(jobs, workers):
    return (extract_job(*job) for job in jobs)


def test_limits_can_stand_in_the_environment(pekit, monkeypatch):
    monkeypatch.setenv("PEKIT_MAX_MEGAPIXELS", "0.01")
    assert pekit("find", "large.png")[0] == 1
    assert pekit("find", "large.png", "--max-megapixels", "1")[0] == 0


def test_more_megapixels_are_a_longer_panorama_as_well(pekit):
    solid_scene({"red": (9, 9, 60, 60)}, size=(20_004, 90)).save("panorama.png")
    code, said = pekit("find", "panorama.png")
    assert (code, "raise --max-megapixels" in said) == (1, True)
    assert pekit("find", "panorama.png", "--max-megapixels", "300")[0] == 0


def test_a_limit_that_lets_nothing_pass_is_wrong_usage(pekit):
    for option in ("--max-megapixels", "--max-megabytes"):
        assert pekit("find", "large.png", option, "0")[0] == 2
