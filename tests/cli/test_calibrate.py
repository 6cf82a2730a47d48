"""``pekit calibrate``: what it refuses, and what it prints."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

from pekit_agents import InvalidInput
from pekit_agents.calibration import read_calibration
from pekit_agents.cli.app import app
from pekit_agents.cli.calibrate import show_report
from pekit_agents.evaluation.bench import tools_of
from pekit_agents.evaluation.calibrating.report import Bin, KindResult, Report
from pekit_agents.evaluation.metrics.bootstrap import Estimate
from pekit_agents.profiles import PROFILES
from pekit_agents.testing import fake_profile
from tests.evaluation.calibrating.drawn import draw_things


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs ``pekit calibrate`` on drawn photos with the fake tools."""
    monkeypatch.setitem(PROFILES, "fake", fake_profile)
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.chdir(tmp_path)

    def invoke(*args: str, photos: tuple[str, ...] = ("photos",)):
        options = ["--profile", "fake", "--out", "made.npz", "--cache", "cache", *args]
        return CliRunner().invoke(app, ["calibrate", *photos, *options])

    return invoke


def test_it_writes_a_file_and_says_how_well_it_holds(run, tmp_path):
    draw_things(tmp_path / "photos", photos=2)
    (tmp_path / "other").mkdir()
    shutil.copy(tmp_path / "photos" / "red 0" / "0.png", tmp_path / "other")
    done = run("--background", "other")
    assert done.exit_code == 0, done.output
    for part in (
        "18 photos of 9 things, 9 of them tried among others of their kind; 1 photo of anything",
        "a thing alone in memory, judged by what was fitted without it",
        "all kinds",
        "photos: red",
        "what probabilities are worth",
        "Expected calibration error: 0.",
        "These are rough numbers: 9 things were tried, 15 are better.",
        "Slope ",
        "Calibration: made.npz",
        'In Python: calibrated_profile(load_profile("fake"), "made.npz")',
    ):
        assert part in done.stdout
    assert read_calibration(tmp_path / "made.npz").encoder_id == "colour@1"
    again = run()
    assert isinstance(again.exception, InvalidInput)
    assert "made.npz is there already; give another --out or add --force" in str(again.exception)
    forced = run("--force", "--json")
    report = json.loads(forced.stdout)
    assert (report["photos"], report["out"], report["background"]) == (18, "made.npz", 0)
    assert report["slope"] == read_calibration(tmp_path / "made.npz").discriminant.slope
    assert {row["refs"] for row in report["rows"]} == {1, 3}


def test_data_sets_are_named_one_after_the_other(run, tmp_path):
    for name in ("a", "b"):
        draw_things(tmp_path / name, kinds=2, each=2, photos=2)
    done = run("--json", photos=("a", "b"))
    assert json.loads(done.stdout)["things"] == 8


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--out", "made.zip"], r"expected --out with \.npz, found 'made\.zip'"),
        (["--out", "no/made.npz"], "found none that can be written at no"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_any_work(run, args, message):
    done = run(*args, photos=("nowhere",))
    assert isinstance(done.exception, InvalidInput)
    with pytest.raises(InvalidInput, match=message):
        raise done.exception


def test_of_too_few_things_nothing_is_written(run, tmp_path):
    draw_things(tmp_path / "photos", kinds=1, photos=2)
    done = run()
    assert "expected 6 things or more with two photos each, found 3" in str(done.exception)
    assert not (tmp_path / "made.npz").exists()


def test_photos_and_profile_and_file_have_to_be_named(tmp_path):
    for args in (
        [str(tmp_path), "--profile", "paper"],
        [str(tmp_path), "--out", "made.npz"],
        ["--profile", "paper", "--out", "made.npz"],
    ):
        done = CliRunner().invoke(app, ["calibrate", *args])
        assert done.exit_code == 2
        assert "Missing" in done.output


def share(mean, interval=None) -> Estimate:
    return Estimate(mean, None, interval, 1, 0, 0)


def test_shares_are_shown_with_their_intervals_and_dashes_where_there_are_none(capsys):
    row = KindResult(
        "cups", 3, share(0.9, (0.8, 1.0)), share(1.0), share(0.125), share(None), share(0.5)
    )
    bins = (Bin(0.0, 0.05, 0.01, share(0.02, (0.0, 0.1)), 40),)
    show_report(Report(200, 40, 30, 7, (row,), bins))
    printed = " ".join(capsys.readouterr().out.split())  # columns may be broken
    for part in (
        "200 photos of 40 things, 30 of them tried",
        "cups 3 0.900",
        "1.000 0.125 - 0.500",
        "[0.80,",
        "0 - 0.05 0.010 0.020 [0.00, 0.10] 40",
        "Expected calibration error: 0.010",
    ):
        assert part in printed
    assert "rough" not in printed


def test_the_features_of_a_profile_serve_it_with_and_without_its_calibration(tmp_path):
    tools = []
    for text in ("", 'calibration = "made.npz"', "augment = false"):
        (tmp_path / "mine.toml").write_text(text, "utf-8")
        tools.append(tools_of(str(tmp_path / "mine.toml")))
    assert tools[0] == tools[1] != tools[2]
