"""The comparison of two builds: what is a pass, which photos, whose turn, and that it runs."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from benchmarks.__main__ import app
from benchmarks.speed.builds import other_build, this_build
from benchmarks.speed.photos import (
    Given,
    Sizes,
    Thing,
    Written,
    demo_photos,
    photos_of_things,
    written_photos,
)
from benchmarks.speed.rounds import Comparison
from benchmarks.speed.table import Row, speed_rows
from benchmarks.speed.worker import crowd
from pekit_agents.errors import InvalidInput
from pekit_agents.memory.memory import Memory
from pekit_agents.types import PersonalObject

ROOT = Path(__file__).parents[2]
TINY = replace(Sizes.quick(), folder=12, users=3)


@pytest.mark.parametrize(
    ("here", "other", "target", "more", "passed"),
    [
        (0.5, 1.0, 0.5, False, True),
        (0.51, 1.0, 0.5, False, False),
        (3.0, 2.0, 1.5, True, True),
        (2.9, 2.0, 1.5, True, False),
        (1.0, None, 0.5, False, None),  # nothing to compare with
        (1.0, 2.0, None, False, None),  # nothing promised
    ],
)
def test_a_row_passes_by_its_ratio_to_the_other_build(here, other, target, more, passed):
    assert Row("work", "s", here, other, target, more).passed is passed


def test_a_row_of_toy_sizes_is_not_judged():
    assert Row("work", "s", 9.0, 1.0, 0.5, judged=False).passed is None


def test_rounds_give_their_median_and_parts_of_a_folder_their_sum():
    here = {("simple", "cpu"): [1, 2, 9], ("simple", "pass cpu"): [1, 2, 2]}
    here |= {("folder", "cpu"): [1, 2, 9], ("folder", "pass cpu"): [4, 4, 4]}
    other = {("simple", "cpu"): [4, 4, 4], ("folder", "cpu"): [8, 8, 8]}
    rows = list(speed_rows([here, other], 1000, 50, 20, judged=True))
    assert [(row.here, row.other, row.passed) for row in rows] == [
        (2, 4, True),
        (2, 2, True),
        (12, 24, True),
        (12, 12, True),
    ]


def test_a_build_alone_is_compared_with_bare_passes_only():
    here = {("simple", "cpu"): [2.0], ("simple", "pass cpu"): [1.0]}
    rows = list(speed_rows([here], 1000, 50, 20, judged=True))
    assert [(row.other, row.ratio, row.passed) for row in rows] == [
        (None, None, None),
        (1.0, 2.0, False),
    ]


def test_no_photo_is_seen_twice_and_they_are_the_same_in_each_run(tmp_path):
    def written(folder):
        folder.mkdir()
        written_photos(demo_photos(), TINY, folder)
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()
        }

    first = written(tmp_path / "first")
    assert len(first) == 1 + 2 + 2 + 1 + 12 + 3
    assert len(set(first.values())) == len(first)
    assert written(tmp_path / "second") == first


def test_a_folder_of_things_gives_references_photos_of_them_and_others(tmp_path):
    for thing in ("a", "b", "c", "d"):
        (tmp_path / thing).mkdir()
        for number in range(3):
            Image.new("RGB", (64, 48)).save(tmp_path / thing / f"{number}.png")
    given = photos_of_things(tmp_path)
    assert [thing.reference.parent.name for thing in given.remembered] == ["a", "b", "c"]
    assert [path.name for path in given.things[0].seen] == ["1.png", "2.png"]
    assert {path.parent.name for path in given.others} == {"d"}


def test_a_folder_of_too_few_things_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(InvalidInput, match=r"at least 4 folders of photos, .* found 0"):
        photos_of_things(tmp_path)


def _checkout(folder):
    for package in ("pekit_agents", "tools", "retrievers"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text(f"print({package!r})")
    (folder / "pekit_agents" / "__main__.py").write_text("import pekit_agents.tools")
    return folder


def test_a_checkout_runs_as_it_installs_in_its_own_environment_if_it_has_one(tmp_path):
    checkout = _checkout(tmp_path / "older")
    build = other_build(str(checkout), tmp_path / "without")
    assert (build.name, build.python) == ("older", Path(sys.executable))
    assert set(build.command("list")) == {"cpu", "wall"}
    laid_out = tmp_path / "without" / "pekit_agents"
    assert (laid_out / "tools" / "__init__.py").read_text() == "print('tools')"
    own = checkout / ".venv" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.symlink_to(sys.executable)
    assert other_build(str(checkout), tmp_path / "with").python == own


def test_a_python_that_has_the_package_is_a_build(tmp_path):
    build = other_build(sys.executable, tmp_path)
    assert (build.python, build.path) == (Path(sys.executable), None)
    assert build.name[0].isdigit()


@pytest.mark.parametrize("against", ["no-such-checkout", __file__])
def test_what_is_no_build_is_said_in_words(against, tmp_path):
    with pytest.raises(InvalidInput, match="--against: expected a checkout"):
        other_build(against, tmp_path)


def test_a_version_that_cannot_be_installed_is_said_in_words(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(InvalidInput, match=r"pip cannot install pekit-agents 0\.0\.1"):
        other_build("0.0.1", tmp_path / "environment")


def test_a_build_that_cannot_do_a_work_is_named_with_its_error(tmp_path):
    build = replace(this_build(tmp_path / "this"), name="the older build")
    with pytest.raises(InvalidInput, match=r"the older build cannot do `find`:(?s:.*)KeyError"):
        build.run("find")


def test_builds_take_turns_forward_and_backward_after_a_start_that_is_not_counted(tmp_path):
    done = []

    class Recorded:
        def __init__(self, name):
            self.name = name

        def run(self, work, **task):
            done.append((self.name, work))

        def command(self, *arguments):
            done.append((self.name, arguments[0]))
            return {"cpu": len(done)}

    thing = Thing("a", "thing", tmp_path, (tmp_path,))
    comparison = Comparison(
        [Recorded("here"), Recorded("other")],
        Given((thing,), ()),
        Written(tmp_path, [], [], [], [], []),
        TINY,
        tmp_path,
        lambda words: None,
    )
    figures = comparison.figures(["list"], 2)
    assert done == [
        ("here", "prepare"), ("here", "list"), ("other", "prepare"), ("other", "list"),
        ("here", "list"), ("other", "list"), ("other", "list"), ("here", "list"),
    ]  # fmt: skip
    assert [each["list", "cpu"] for each in figures] == [[5, 8], [6, 7]]


def test_every_row_is_measured_and_printed_as_json(embedded_model):
    result = CliRunner().invoke(app, ["speed", "--quick", "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert "cores" in report["machine"]
    assert len(report["builds"]) == 1
    works = list(dict.fromkeys(row["work"] for row in report["rows"]))
    assert len(works) == 9
    assert len(report["rows"]) == 26
    measured = [row["here"] for row in report["rows"] if row["measure"] != "things named"]
    assert min(measured) > 0
    named = {row["work"]: row["here"] for row in report["rows"] if row["measure"] == "things named"}
    assert named["`find`, simple photo"] == 2  # of two photos


def test_a_memory_is_filled_up_with_other_things_of_its_kinds(tmp_path):
    vectors = np.eye(512, dtype=np.float32)[:2]
    memory = Memory.open(tmp_path, user_id="ann", encoder_id="e", dim=512)
    for name, vector in zip("ab", vectors, strict=True):
        obj = PersonalObject(name * 8, name, "thing", "", 0, datetime.now(UTC))
        memory.insert(obj, vector[None])
    crowd({"memory": tmp_path, "objects": 50})
    objects = Memory.open(tmp_path, user_id="ann", encoder_id="e", dim=512).objects()
    assert len({obj.object_id for obj in objects}) == len({obj.name for obj in objects}) == 50
    held = np.concatenate(memory.vectors_of([obj.object_id for obj in objects]))
    assert np.linalg.norm(held, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.median((held @ vectors.T).max(1)) == pytest.approx(0.25, abs=0.1)


def test_the_parts_of_a_cold_search_are_told(embedded_model):
    command = ["speed-parts", "--rounds", "1", "--scenes", "1", "--json"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    stages = json.loads(result.stdout)["stages"]
    assert len(stages) == 10
    last = stages.pop("the most that was ever resident")
    assert last["MB"] >= max(each["MB"] for each in stages.values()) > 100
    loading = stages["loading the model"]["cpu"]
    (runs,) = (stages[stage]["cpu"] for stage in stages if stage.endswith("runs of it"))
    assert min(loading, runs) > 0


def test_two_builds_stand_side_by_side_in_a_table(embedded_model, monkeypatch):
    monkeypatch.setattr("benchmarks.speed.commands._out", Console(width=200))
    command = ["speed", "--quick", "--rows", "remember", "--against", str(ROOT)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    (row,) = [line for line in result.stdout.splitlines() if "`remember` one photo" in line]
    here, other, ratio, target, verdict = (cell.strip() for cell in row.split("│")[3:-1])
    assert float(here) / float(other) == pytest.approx(float(ratio), rel=0.02)
    assert (target, verdict) == ("<= 0.35", "-")  # toy sizes are not judged


def test_a_row_that_misses_its_target_is_an_exit_code(monkeypatch):
    monkeypatch.setattr(
        Comparison, "figures", lambda *_: [{("ram", "MB"): [9]}, {("ram", "MB"): [10]}]
    )
    monkeypatch.setattr("benchmarks.speed.photos.written_photos", lambda *_: None)
    result = CliRunner().invoke(app, ["speed", "--against", sys.executable])
    assert result.exit_code == 1, result.output
    assert "FAIL" in result.output


def test_a_thing_is_searched_in_other_photos_than_the_one_it_is_remembered_by(tmp_path):
    given = demo_photos()
    written = written_photos(given, replace(TINY, finds=4), tmp_path)
    assert {thing.name for thing, _ in written.simple} == {"Ruby"}  # photographed twice
    alone = Given(given.things[1:], given.others)  # of these there is one photo each
    written = written_photos(alone, replace(TINY, finds=4), tmp_path)
    assert {thing.name for thing, _ in written.simple} == {"Morning cup", "Snake badge"}
