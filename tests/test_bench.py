"""The bench runs, judges and says so; its figures are for a quiet machine and full sizes."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from pekit_agents.bench.rows import Row, medians_ms
from pekit_agents.cli import app


@pytest.mark.parametrize(
    ("reached", "judged", "passed"),
    [(1.0, True, True), (1.1, True, False), (None, True, None), (1.1, False, None)],
)
def test_a_row_passes_up_to_its_target(reached, judged, passed):
    assert Row("x", 1.0, reached, "", judged).passed is passed


def test_tasks_are_timed_in_turns_and_the_first_turn_does_not_count():
    order = []
    tasks = [lambda turn: order.append(("a", turn)), lambda turn: order.append(("b", turn))]
    times = medians_ms(tasks, 2)
    assert order == [(task, turn) for turn in range(3) for task in "ab"]
    assert all(0 < time < 100 for time in times)


def test_the_quick_bench_measures_every_row_and_prints_json(tmp_path):
    result = CliRunner().invoke(
        app, ["bench", "memory", "--quick", "--json", "--folder", str(tmp_path)]
    )
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert "cores" in report["machine"]
    goals = [row["goal"] for row in report["rows"]]
    assert len(goals) == 12
    judged = {row["goal"]: row["passed"] for row in report["rows"] if row["judged"]}
    assert len(judged) == 2  # what must be 0 at any size
    assert set(judged.values()) == {True}
    assert list(tmp_path.iterdir()) == []


def test_a_failing_row_is_an_exit_code(monkeypatch):
    monkeypatch.setattr(
        "pekit_agents.bench.run_memory_bench", lambda *_: iter([Row("slow", 1.0, 2.0, "2 ms")])
    )
    result = CliRunner().invoke(app, ["bench", "memory"])
    assert result.exit_code == 1
    assert "FAIL" in result.output
