"""``pekit eval`` from end to end, with the fake profile."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from pekit_agents.cli import main
from pekit_agents.cli.evaluation.app import evaluate
from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.runs.run_file import read_run
from pekit_agents.profiles import PROFILES
from pekit_agents.testing import fake_profile, graded_profile, solid_scene

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

THINGS = ("red", "green", "blue", "cyan")
PLACES = [(20, 20, 80, 80), (40, 30, 100, 90), (60, 10, 150, 60), (10, 50, 70, 110)]


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Return a folder of four things; stand in it, with a cache of its own."""
    monkeypatch.setitem(PROFILES, "fake", fake_profile)
    monkeypatch.setenv("PEKIT_PROFILE", "fake")
    monkeypatch.setenv("PEKIT_EVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for thing in THINGS:
        (tmp_path / "mine" / thing).mkdir(parents=True)
        for index, place in enumerate(PLACES):
            solid_scene({thing: place}).save(tmp_path / "mine" / thing / f"{index}.png")
    return tmp_path / "mine"


def run(*arguments):
    result = CliRunner().invoke(evaluate, [str(each) for each in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def test_recognition_ends_with_a_table_advice_and_a_report(data, tmp_path):
    result = run("recognition", data, "--refs", "1,2", "--draws", "2")
    assert "pekit, 2 references" in result.output
    assert "paper rule" in result.output
    folder = tmp_path / "pekit-eval" / "mine-recognition"
    assert "Report: pekit-eval/mine-recognition/report.html" in result.output
    assert (folder / "report.html").is_file()
    assert len(read_run(folder).draws) == 2 * 2 * 2 * 5


def test_the_same_command_again_asks_nothing_again(data, tmp_path):
    run("recognition", data, "--draws", "1")
    first = (tmp_path / "pekit-eval" / "mine-recognition" / "run.json").read_text("utf-8")
    found = json.loads(run("recognition", data, "--draws", "1", "--json").stdout)
    again = (tmp_path / "pekit-eval" / "mine-recognition" / "run.json").read_text("utf-8")
    assert json.loads(first)["draws"] == json.loads(again)["draws"]
    assert found["cache"]["bytes"] > 0
    kit = found["configurations"][0]
    assert (kit["recognizer"], kit["refs"], kit["measures"]["weighted"]["mean"]) == ("pekit", 1, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("references", "--most", "2", "--draws", "1", "--no-baselines"),
        ("corrections", "--refs", "1", "--draws", "1"),
        ("growth", "--sizes", "1,2", "--draws", "1", "--no-baselines"),
        ("ablation", "--profiles", "fake", "--thresholds", "0.5", "--draws", "1", "--refs", "1"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_every_protocol_writes_its_report(data, tmp_path, arguments):
    command, *options = arguments
    found = json.loads(run(command, data, *options, "--json").stdout)
    assert found["report"][0] == f"pekit-eval/mine-{command}/report.html"
    assert found["configurations"]


def test_what_corrections_changed_is_printed_with_intervals(data):
    result = run("corrections", data, "--refs", "1", "--draws", "2")
    assert "What corrections changed" in result.output
    assert "recall of known things" in " ".join(result.output.split())
    effects = json.loads(run("corrections", data, "--refs", "1", "--draws", "2", "--json").stdout)
    recall = effects["effects"][2]
    assert (recall["title"], recall["before"]["mean"]) == ("recall of known things", 1.0)


def test_costs_are_printed_and_kept(data, tmp_path):
    result = run("cost", data, "--photos", "2", "--out", tmp_path / "costs")
    assert "encoder forward" in result.output
    kept = json.loads((tmp_path / "costs" / "cost.json").read_text("utf-8"))
    assert kept["photos"] == 2


def test_two_runs_are_put_side_by_side(data, tmp_path):
    options = ("--refs", "1", "--draws", "2", "--no-baselines")
    run("recognition", data, *options, "--out", tmp_path / "a")
    run("recognition", data, *options, "--mode", "fast", "--out", tmp_path / "b")
    result = run("compare", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "c")
    assert (tmp_path / "c" / "comparison.html").is_file()
    assert "pekit" in result.output
    found = json.loads(run("compare", tmp_path / "a", tmp_path / "b", "--json").stdout)
    assert found["pairings"][0]["differences"]["weighted"]["mean"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("recognition", "nowhere"), "nowhere"),
        (("recognition", "mine", "--refs", "one"), "--refs"),
        (("recognition", "mine", "--refs", "9"), "fewer references"),
        (("recognition", "mine", "--held-out"), "embedded profile"),
        (("recognition", "mine", "--profile", "none"), "expected one of the profiles"),
        (("growth", "mine"), "--distractors"),
        (("ablation", "mine", "--modes", "slow"), "--modes"),
        (("ablation", "mine", "--profiles", "fake", "--strictnesses", "recall"), "discriminant"),
        (("kinds", "mine"), "categories.json"),
        (("compare", "mine", "mine"), "expected a run"),
        (("scenes", "mine", "--backgrounds", "nowhere"), "--backgrounds"),
    ],
)
def test_what_goes_wrong_is_one_sentence(data, arguments, words):
    with pytest.raises(InvalidInput if "none" not in arguments else Exception, match=words):
        run(*arguments)


def test_an_error_has_no_traceback(data, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["pekit", "eval", "recognition", "nowhere"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("pekit: ")
    assert "Traceback" not in printed.err


def test_questions_are_asked_in_each_way_and_answers_kept(data, tmp_path, monkeypatch):
    from pekit_agents.cli import describe as cli_describe

    class Yes:
        calls = 0

        def answer(self, image, text):
            Yes.calls += 1
            return "A"

    monkeypatch.setattr(cli_describe, "load_answerer", lambda model, endpoint: Yes())
    yollava = tmp_path / "yollava"
    for part in ("train", "test"):
        (yollava / part / "red").mkdir(parents=True)
        solid_scene({"red": PLACES[0]}).save(yollava / part / "red" / "0.png")
    question = {"question": "Is it red?", "options": {"A": "yes", "B": "no"}}
    questions = {"red": {"./test/red/0.png": question | {"correct_answer": "A"}}}
    (yollava / "yollava-visual-qa.json").write_text(json.dumps(questions), "utf-8")
    arguments = ("vqa", yollava, "--model", "any", "--ways", "personalised,plain", "--json")
    found = json.loads(run(*arguments).stdout)
    assert found["summary"]["plain"]["accuracy"] == 1.0
    asked = Yes.calls
    run(*arguments)
    assert Yes.calls == asked  # all answers were kept


def test_kinds_end_with_a_table_of_each_kind_and_all(data, monkeypatch):
    monkeypatch.setitem(PROFILES, "graded", graded_profile)
    monkeypatch.setenv("PEKIT_PROFILE", "graded")
    kinds = {"red": "dog", "green": "dog", "blue": "toy", "cyan": "toy"}
    (data / "categories.json").write_text(json.dumps(kinds), "utf-8")
    given = ("kinds", data, "--refs", "1,2", "--draws", "2")
    result = run(*given)
    rows = [line.split() for line in result.output.splitlines()]
    (dogs,) = [row for row in rows if row[:2] == ["dog", "(2)"]]
    assert dogs == ["dog", "(2)", "1", "pekit", "100.0", "100.0", "0.0", "0.0", "0.0"]
    (everything,) = [row for row in rows if row[:3] == ["all", "kinds", "(4)"]]
    assert everything[3:6] == ["1", "pekit", "100.0"]
    assert "Report: pekit-eval/mine-kinds/report.html" in result.output
    assert "Probabilities of pekit, 1 reference, all kinds: 0.0 points off" in result.output
    found = json.loads(run(*given, "--json").stdout)
    keys = {(one["kind"], one["recognizer"], one["refs"]) for one in found["kinds"]}
    assert len(keys) == 3 * 2 * 2
    toys = next(one for one in found["kinds"] if one["kind"] == "toy")
    assert toys["things"] == ["blue", "cyan"]
    assert toys["photos"] == 2 * 2 * (2 + 4)  # draws, things; own photos and the other's
    assert toys["measures"]["others_named"]["mean"] == 0
    assert found["reliability"]["pekit, 1 reference, all kinds"]["error"] < 0.01


def test_kinds_ask_for_a_second_opinion_of_what_is_only_possible(data, monkeypatch):
    from pekit_agents.cli import describe as cli_describe

    asked = []

    class Agrees:
        def answer(self, image, question):
            asked.append(question)
            return "yes"

    monkeypatch.setitem(PROFILES, "graded", graded_profile)
    monkeypatch.setenv("PEKIT_PROFILE", "graded")
    monkeypatch.setattr(cli_describe, "load_answerer", lambda model, endpoint: Agrees())
    solid_scene({"pale red": (10, 10, 90, 90)}).save(data / "green" / "1.png")
    (data / "categories.json").write_text(json.dumps({"red": "dog", "green": "dog"}), "utf-8")
    result = run("kinds", data, "--refs", "1", "--draws", "1", "--second-opinion", "some-lvlm")
    assert "pekit, second opinion" in " ".join(result.output.split())
    assert "dog" in asked[0]


def test_one_kind_alone_is_measured_and_the_baseline_left_out(data, monkeypatch):
    monkeypatch.setitem(PROFILES, "graded", graded_profile)
    monkeypatch.setenv("PEKIT_PROFILE", "graded")
    kinds = {"red": "dog", "green": "dog", "blue": "toy", "cyan": "toy"}
    (data / "categories.json").write_text(json.dumps(kinds), "utf-8")
    options = ("--refs", "1", "--draws", "1", "--no-baselines", "--json")
    found = json.loads(run("kinds", data, "--of", "toy", *options).stdout)
    keys = [(one["kind"], one["recognizer"]) for one in found["kinds"]]
    assert keys == [("toy", "pekit"), ("all kinds", "pekit")]


def test_strictnesses_are_variations_of_an_ablation(data, monkeypatch):
    monkeypatch.setitem(PROFILES, "graded", graded_profile)
    options = ("--profiles", "graded", "--strictnesses", "recall,0.02", "--draws", "1")
    found = json.loads(run("ablation", data, *options, "--refs", "1", "--json").stdout)
    names = {one["recognizer"] for one in found["configurations"]}
    assert names == {"graded, auto", "graded, auto, recall", "graded, auto, strictness 0.02"}


def test_statistics_are_for_held_out_things_alone(data):
    with pytest.raises(InvalidInput, match="with held-out ones only"):
        run("recognition", data, "--statistics", data / "red")
    with pytest.raises(InvalidInput, match="expected photos in the folder of --statistics"):
        run("recognition", data, "--held-out", "--statistics", data)
