"""The table of targets: what is taken from which run, and how it compares."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import app
from benchmarks.recognition.target_table import TARGETS
from benchmarks.recognition.targets import measure, rows
from pekit_agents.evaluation import bench
from pekit_agents.evaluation.bench import Bench
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.metrics.measures import MEASURES
from pekit_agents.evaluation.protocols.recognition import HALF
from pekit_agents.evaluation.records import Draw, Named, Run, Trial
from pekit_agents.testing import fake_profile, graded_profile, solid_scene

THINGS = ("red", "green", "blue", "cyan")
PLACES = [(20, 20, 80, 80), (40, 30, 100, 90), (60, 10, 150, 60), (10, 50, 70, 110)]
KNOWN = ("a", "b", "c")


def draw(recognizer="pekit", *, refs=3, condition="", right=3, alarms=0, known=KNOWN, sure=0.5):
    """Return a draw that names so many of its things, and something in so many of 10 others."""
    trials = [
        Trial(f"{n}.jpg", "", (n,), {}, (named(n),) if i < right else (), {n: 1.0})
        for i, n in enumerate(known)
    ]
    trials += [
        Trial(f"{i}.jpg", "", (f"s{i}",), {}, (named(known[0], sure),) if i < alarms else (), {})
        for i in range(10)
    ]
    return Draw(recognizer, 0, refs, known, dict.fromkeys(known, ()), tuple(trials), condition)


def named(name, probability=0.9):
    return Named(name, 1.0, probability=probability)


def run(*draws):
    return Run("recognition", "x", "", {}, {}, draws, 1.0)


def by_title(table):
    return {row.target.title: row for row in table}


def test_every_target_is_of_a_measure_and_its_goal_is_further_than_its_reach():
    assert len({target.title for target in TARGETS}) == len(TARGETS)
    for target in TARGETS:
        assert target.measure in MEASURES
        assert (target.goal < target.reach) == target.lower
        assert (MEASURES[target.measure].better == "lower") == target.lower


def test_each_figure_is_of_its_references_and_condition():
    table = by_title(
        rows(
            {
                "things": run(
                    draw(refs=1),
                    draw(refs=3, right=2),
                    draw(refs=1, condition=HALF, right=1, alarms=5),
                    draw(refs=3, condition=HALF, alarms=0),
                )
            }
        )
    )
    # Each of the things is named in its one photo and in none of the 12 others.
    assert table["all known, 1 ref.: weighted accuracy"].reached.mean == 1
    # Two are, and one has a recall of 0 and a specificity of 1: (1 + 1 + 1/2) / 3.
    assert table["all known, 3 ref.: weighted accuracy"].reached.mean == pytest.approx(5 / 6)
    assert table["half known, 1 ref.: right named"].reached.mean == pytest.approx(1 / 3)
    assert table["half known, 1 ref.: other things named"].reached.mean == pytest.approx(0.5)
    assert table["half known, 1 ref.: other things named"].verdict == "missed"
    assert table["half known, 3 ref.: other things named"].verdict == "goal"


def test_what_is_between_reach_and_goal_is_reached():
    alone = [
        draw(refs=1, condition="dog", known=(name,), alarms=alarms)
        for name, alarms in (("rex", 1), ("ida", 2))
    ]
    table = by_title(rows({"alone": run(*alone)}))
    row = table["a dog alone, 1 ref.: other dogs named"]
    assert row.reached.mean == pytest.approx(3 / 20)
    assert row.verdict == "reached"  # up to 0.25; the goal is 0.10


def test_alone_is_over_all_kinds_and_dogs_are_of_their_own():
    alone = [
        draw(refs=1, condition="dog", known=("rex",), alarms=4, sure=0.9),
        draw(refs=1, condition="toy", known=("bear",), alarms=1, right=0),
    ]
    table = by_title(rows({"alone": run(*alone)}))
    assert table["alone, 1 ref.: own named"].reached.mean == 0.5
    assert table["alone, 1 ref.: others of its kind named"].reached.mean == pytest.approx(5 / 20)
    sure = table["alone, 1 ref.: others named, probability >= 0.8"]
    assert sure.reached.mean == pytest.approx(4 / 20)
    assert table["a dog alone, 1 ref.: other dogs named"].reached.mean == pytest.approx(0.4)
    assert table["alone, 3 ref.: own named"].verdict == "not measured"


def test_only_parts_that_were_measured_have_rows():
    assert rows({}) == []
    titles = set(by_title(rows({"look-alikes": run(draw())})))
    assert titles == {target.title for target in TARGETS if target.part == "look-alikes"}


def test_the_cosine_stands_beside_the_figure_where_it_has_one():
    made = run(
        draw(refs=1, condition=HALF, right=3),
        draw("cosine", refs=1, condition=HALF, right=1, alarms=2),
        draw("loud", refs=1, condition=HALF, alarms=9),
    )
    table = by_title(rows({"things": made}))
    assert table["half known, 1 ref.: right named"].cosine.mean == pytest.approx(1 / 3)
    assert table["half known, 1 ref.: other things named"].cosine.mean == pytest.approx(0.2)
    assert table["half known, 1 ref.: other things named"].reached.mean == 0
    assert table["half known, 3 ref.: right named"].cosine is None


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Return a folder of four things; stand beside it, with a cache of its own."""
    monkeypatch.setenv("PEKIT_EVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for thing in THINGS:
        (tmp_path / "mine" / thing).mkdir(parents=True)
        for index, place in enumerate(PLACES):
            solid_scene({thing: place}).save(tmp_path / "mine" / thing / f"{index}.png")
    return tmp_path / "mine"


def test_targets_are_measured_part_by_part(data, tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    dataset = load_dataset(data)
    dogs = replace(dataset, things=tuple(replace(t, category="dog") for t in dataset.things))
    solid_scene({}).save(tmp_path / "scenery.png")
    graded = Bench(dogs, profile="graded", loaded=graded_profile(), cache=tmp_path / "cache")
    runs = measure(
        graded,
        tmp_path / "targets",
        look_alikes=dataset,
        backgrounds=[tmp_path / "scenery.png"],
        count=2,
        scene_seeds=(4, 5),
    )
    seeds = {part: {draw.seed for draw in run.draws} for part, run in runs.items()}
    assert seeds == {"alone": {0}, "things": {0}, "look-alikes": {4, 5}, "scenes": {4, 5}}
    for part, run in runs.items():
        assert (tmp_path / "targets" / part / "report.html").is_file()
        assert {draw.recognizer for draw in run.draws} == {"pekit", "cosine"}
    assert {len(draw.known) for draw in runs["look-alikes"].draws} == {4}
    table = rows(runs)
    assert {row.target.part for row in table} == set(runs)
    assert {row.verdict for row in table if row.target.part == "alone"} == {"goal"}
    assert all(row.verdict != "not measured" for row in table)


def test_without_kinds_nothing_is_measured_alone(data, tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    fake = Bench(
        load_dataset(data), profile="fake", loaded=fake_profile(), cache=tmp_path / "cache"
    )
    assert set(measure(fake, tmp_path / "targets")) == {"things"}


def test_the_command_ends_with_a_table_of_verdicts(data, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    monkeypatch.setattr(bench, "load_profile", lambda _: graded_profile())
    (data / "categories.json").write_text(json.dumps(dict.fromkeys(THINGS, "dog")), "utf-8")
    options = ("--draws", "2", "--scene-draws", "1", "--as-shipped")
    given = ["targets", str(data), "--look-alikes", str(data), *options]
    result = CliRunner().invoke(app, given, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "mine: 2 draws, 1 of scenes and look-alikes" in result.output
    (line,) = [each for each in result.output.splitlines() if "<= 0.25" in each]
    assert line.split()[-6:] == ["0.25", "0.000", "[0.000,", "0.000]", "goal", "0.000"]
    assert (tmp_path / "pekit-eval" / "mine-targets" / "alone" / "report.html").is_file()
    assert "mistakes.jpg beside its report" in " ".join(result.output.split())
    again = CliRunner().invoke(app, [*given, "--json"], catch_exceptions=False)
    assert again.exit_code == 0, again.output
    verdicts = {row["target"]["title"]: row["verdict"] for row in json.loads(again.stdout)["rows"]}
    assert verdicts["look-alikes, 1 ref.: likeliest right"] == "goal"
    assert not any(title.startswith("scenes") for title in verdicts)
