"""Workers are processes, and one of them may be ended at any time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pekit_agents.errors import InvalidInput, ModelError
from pekit_agents.introduction.folders import find_jobs, ingest
from pekit_agents.introduction.jobs import Tasks, extract_job, run_here
from pekit_agents.introduction.processes import run_in_processes
from pekit_agents.memory import Memory
from pekit_agents.profiles import Profile
from pekit_agents.testing import ColourExtractor, fake_profile, solid_scene
from pekit_agents.types import Proposal

pytestmark = pytest.mark.slow


class Broken(ColourExtractor):
    """A model that cannot be run."""

    def extract(self, image: Any, category: str) -> list[Proposal]:
        raise ModelError("the model cannot be run")


def test_processes_do_the_same(memory: Memory, folder: Path, tmp_path: Path) -> None:
    seen: list[object] = []
    jobs = find_jobs(folder, category="thing")
    report = ingest(memory, jobs, fake_profile(), workers=2, progress=seen.append)
    assert len(report.stored) == len(seen) == 3
    plain = Memory.open(
        tmp_path / "plain", user_id="ann", encoder_id=memory.encoder_id, dim=memory.dim
    )
    ingest(plain, jobs, fake_profile(), run=run_here)
    for obj in plain.objects():
        np.testing.assert_array_equal(
            memory.get(obj.object_id).vectors, plain.get(obj.object_id).vectors
        )


def test_a_photo_that_ends_a_process_is_left_out_alone(
    memory: Memory, folder: Path, dying: Profile
) -> None:
    yellow = solid_scene({"yellow": (20, 20, 90, 90)})
    yellow.save(folder / "Cup" / "bomb.png")
    (folder / "Bomb").mkdir()
    yellow.save(folder / "Bomb" / "1.png")
    for _ in range(2):  # repeated, the run meets them again
        report = ingest(memory, find_jobs(folder, category="x"), dying, workers=2)
        assert sorted((obj.name, obj.n_views) for obj in memory.objects()) == [
            ("Box", 2),
            ("Cup", 2),
            ("Hat", 2),
        ]
        assert report.failed == [("Bomb", "none of its photos gave a view")]
        left_out = dict(report.skipped)
        assert set(left_out) == {folder / "Cup" / "bomb.png", folder / "Bomb" / "1.png"}
        assert all("was ended" in why for why in left_out.values())
    assert (len(report.stored), report.already) == (0, 3)


def test_a_model_that_cannot_be_run_stops_the_run(memory: Memory, folder: Path) -> None:
    broken = replace(fake_profile(), extractor=Broken())
    with pytest.raises(ModelError, match="cannot be run"):
        ingest(memory, find_jobs(folder, category="x"), broken, run=run_here)


def test_processes_that_end_before_they_begin_are_said_at_once(
    folder: Path, unstartable: Profile
) -> None:
    jobs = [(job, unstartable) for job in find_jobs(folder, category="x")]
    with pytest.raises(InvalidInput, match="end at once"):
        list(run_in_processes(jobs, 2))


def test_many_photos_of_one_object_are_done_as_long_as_it_has_room(folder: Path) -> None:
    cup = folder / "Cup"
    for i in range(2, 8):
        solid_scene({"red": (20 + i, 20, 90, 90)}).save(cup / f"{i}.png")
    for bad in ("0.png", "3.png"):
        (cup / bad).write_bytes(b"no photo")
    jobs = [replace(job, room=3) for job in find_jobs(folder, category="x")]
    tasks, done, results = Tasks((job, fake_profile()) for job in jobs), [], []
    waiting = []
    while (task := tasks.take()) or waiting:
        if task is not None:
            waiting.append(task)
        if task is None or len(waiting) == 4:
            last = waiting.pop()  # the newest first: in no order
            done.append(last.photo)
            results += tasks.give(last, extract_job(last.job, last.profile))
    assert {result.job.name: len(result.taken) for result in results} == {
        "Box": 2,
        "Cup": 3,
        "Hat": 2,
    }
    (of_cup,) = [result for result in results if result.job.name == "Cup"]
    assert [each.photo.name for each in of_cup.taken] == ["1.png", "2.png", "4.png"]
    assert sorted(path.name for path, _ in of_cup.skipped) == [
        *("0.png", "3.png"),
        *("5.png", "6.png", "7.png"),
    ]
    assert not set(done) & {cup / f"{i}.png" for i in (5, 6, 7)}
