"""``pekit calibrate``: what it refuses, and what it prints."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from pekit_agents import InvalidInput, ProfileError
from pekit_agents.cli import calibrate as module
from pekit_agents.cli.app import app
from pekit_agents.encoder_calibration import read_calibration
from pekit_agents.evaluation.bench import tools_of
from pekit_agents.testing import fake_profile
from tests.calibrating.drawn import draw_things


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs ``pekit calibrate`` on drawn photos with the fake tools."""
    monkeypatch.setattr(module, "_uncalibrated", lambda profile: fake_profile())
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)

    def invoke(*args: str, photos: str = "photos"):
        options = ["--profile", "paper", "--out", "made.npz", "--cache", "cache", *args]
        return CliRunner().invoke(app, ["calibrate", photos, *options])

    return invoke


def test_it_writes_a_file_and_says_how_well_it_holds(run, tmp_path):
    draw_things(tmp_path / "photos")
    done = run()
    assert done.exit_code == 0, done.output
    for part in (
        "24 photos of 8 things, 8 of them remembered in the trials; 24 regions; colour@1",
        "(taken)",
        "in trials of one look at each photo",
        "searched, one look",
        "searched, looking twice",
        "Near twins: not measured.",
        "These are rough numbers: 8 things were remembered, 15 are better.",
        "Calibration: made.npz",
        'Name it in a profile of your own: base = "paper", calibration = "made.npz"',
    ):
        assert part in done.stdout
    assert read_calibration(tmp_path / "made.npz").encoder_id == "colour@1"
    again = run()
    assert isinstance(again.exception, InvalidInput)
    assert "made.npz is there already; give another --out or add --force" in str(again.exception)
    forced = run("--force", "--json")
    report = json.loads(forced.stdout)
    assert (report["photos"], report["out"]) == (24, "made.npz")
    assert report["calibration"]["scale"] > 0
    assert {row["refs"] for row in report["twice"]} == {1, 3}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--out", "made.zip"], r"expected --out with \.npz, found 'made\.zip'"),
        (["--out", "no/made.npz"], "found none that can be written at no"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_any_work(run, args, message):
    done = run(*args, photos="nowhere")
    assert isinstance(done.exception, InvalidInput)
    with pytest.raises(InvalidInput, match=message):
        raise done.exception


def test_without_photos_nothing_is_written(run, tmp_path):
    done = run(photos="nowhere")
    assert "expected 20 photos or more in nowhere" in str(done.exception)
    assert not (tmp_path / "made.npz").exists()


def test_profile_and_file_have_to_be_named(tmp_path):
    for args in (["--profile", "paper"], ["--out", "made.npz"]):
        done = CliRunner().invoke(app, ["calibrate", str(tmp_path), *args])
        assert done.exit_code == 2
        assert "Missing option" in done.output


@pytest.mark.usefixtures("embedded_model")
def test_the_embedded_profile_is_calibrated_already(tmp_path):
    draw_things(tmp_path / "photos")
    out = tmp_path / "made.npz"
    args = ["calibrate", str(tmp_path / "photos"), "-p", "embedded", "-o", str(out)]
    done = CliRunner().invoke(app, args)
    assert isinstance(done.exception, ProfileError)
    assert "found 'embedded', which has one" in str(done.exception)
    assert not out.exists()


def test_the_features_of_a_profile_serve_it_with_and_without_its_calibration(tmp_path):
    tools = []
    for text in ("", 'calibration = "made.npz"', "augment = false"):
        (tmp_path / "mine.toml").write_text(text, "utf-8")
        tools.append(tools_of(str(tmp_path / "mine.toml")))
    assert tools[0] == tools[1] != tools[2]
