"""Benchmarks of the memory run and judge; their figures are for a quiet machine and full sizes."""

from __future__ import annotations

import itertools
import json
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import app
from benchmarks.memory import growth, library, users
from benchmarks.memory.photos import fill_library
from benchmarks.memory.rows import Row, medians_ms, percentiles


@pytest.mark.parametrize(
    ("reached", "judged", "passed"),
    [(1.0, True, True), (1.1, True, False), (None, True, None), (1.1, False, None)],
)
def test_a_row_passes_up_to_its_target(reached, judged, passed):
    assert Row("x", 1.0, reached, "", judged).passed is passed


def test_tasks_are_timed_in_turns_forward_and_backward_without_the_first_turn(monkeypatch):
    ticks = itertools.count()
    clock = SimpleNamespace(perf_counter=lambda: next(ticks) / 1000)
    monkeypatch.setattr(f"{medians_ms.__module__}.time", clock)
    order = []
    tasks = [lambda turn: order.append(("a", turn)), lambda turn: order.append(("b", turn))]
    times = medians_ms(tasks, 2)
    assert order == [("a", 0), ("b", 0), ("b", 1), ("a", 1), ("a", 2), ("b", 2)]
    assert times == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [([0.002], "2.0 ms"), ([i / 1000 for i in range(1, 20)], "10.0 ms (95 %: 19.0 ms)")],
)
def test_times_are_told_by_their_middle_and_their_tail(seconds, words):
    assert percentiles(seconds) == words


@pytest.mark.slow
def test_the_quick_bench_measures_every_row_and_prints_json(tmp_path):
    result = CliRunner().invoke(app, ["memory", "--quick", "--json", "--folder", str(tmp_path)])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert "cores" in report["machine"]
    goals = [row["goal"] for row in report["rows"]]
    assert len(goals) == 19
    judged = {row["goal"]: row["passed"] for row in report["rows"] if row["judged"]}
    assert len(judged) == 3  # what must be 0 at any size
    assert set(judged.values()) == {True}
    assert list(tmp_path.iterdir()) == []


def test_users_who_are_not_kept_apart_fail(tmp_path, monkeypatch):
    apart = list(users.users_rows(tmp_path / "apart", 3, 16, print))
    assert [row.passed for row in apart] == [True, True]
    monkeypatch.setattr(users, "_user", lambda number: "everybody")
    mixed = list(users.users_rows(tmp_path / "mixed", 3, 16, print))
    assert [row.passed for row in mixed] == [True, False]
    assert mixed[1].reached >= 3 * 40


@pytest.mark.slow
def test_the_index_is_compared_with_the_copy_in_ram_at_each_size():
    arguments = ["index", "--views", "500", "--views", "1000", "--dim", "16", "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["rows"]
    assert [row["goal"].removesuffix(": index / copy in RAM") for row in rows] == [
        f"find in {views} views by {rule}, {regions}"
        for views in ("500", "1,000")
        for rule in ("cosine", "discriminant")
        for regions in ("1 region", "20 regions")
    ]
    assert all(row["reached"] > 0 and "D = 16" in row["detail"] for row in rows)


@pytest.mark.slow
def test_a_library_is_filled_searched_and_found_right():
    arguments = ["library", "--photos", "200", "--dim", "128", "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    rows = {row["goal"].removeprefix("search "): row for row in json.loads(result.stdout)["rows"]}
    right = rows.pop("200 photos: missed, and found without showing the object")
    assert (right["passed"], right["detail"]) == (True, "2 and 2 photos show the two objects")
    assert rows["200 photos for an object of 3 views: ms"]["target"] == 1.0
    for row in rows.values():  # so few photos say nothing of the times
        assert (row["passed"], row["reached"] > 0) == (None, True)
    assert len(rows) == 4


def test_a_library_that_is_large_enough_is_judged(tmp_path, monkeypatch):
    monkeypatch.setattr(library, "FEWEST_JUDGED", 200)
    rows = list(library.library_rows(tmp_path, 200, 128, print, repeats=2))
    assert all(row.judged for row in rows)
    assert 1 < rows[0].reached < 1.1  # boxes and names beside the vectors


def test_a_library_that_finds_something_else_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(library, "_search", lambda *_, **__: [])
    made = fill_library(tmp_path, 200, 128)
    row = library._right_row("200 photos", made, made.opened(), 200)
    assert (row.passed, row.reached) == (False, 4)


def test_a_failing_row_is_an_exit_code(monkeypatch):
    monkeypatch.setattr(
        "benchmarks.memory.suite.run_memory_bench", lambda *_: iter([Row("slow", 1.0, 2.0, "2 ms")])
    )
    result = CliRunner().invoke(app, ["memory"])
    assert result.exit_code == 1
    assert "FAIL" in result.output


def test_growth_is_judged_for_each_kind_of_process_and_for_open_memories(monkeypatch, tmp_path):
    grown = {"writer": 13.0, "reader": 1.0, "library": 1.0, "open": 10.0}
    monkeypatch.setattr(growth, "grown_mb", lambda root, who, count: grown[who])
    rows = list(growth.growth_rows(tmp_path, 1000, 100, lambda words: None))
    assert [row.passed for row in rows] == [False, True, True, True]
    assert rows[-1].reached == pytest.approx(0.1)


@pytest.mark.slow
def test_a_process_says_what_it_grew_by(tmp_path):
    """The other kinds are held by ``tests/memory/place/test_session.py``."""
    assert -50 < growth.grown_mb(tmp_path, "open", 4) < 50
