"""Carrying out the tasks of a run: every recognizer, every photo, and nothing twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.records import Draw, Run, Trial
from pekit_agents.evaluation.runs.run_file import RUN_FILE, read_run, same_measurement, write_run
from pekit_agents.wording.messages import clause

if TYPE_CHECKING:
    from pekit_agents.evaluation.draws import Task
    from pekit_agents.evaluation.recognizers.lineup import Lineup
    from pekit_agents.evaluation.recognizers.recognizer import Prediction, Recognizer
    from pekit_agents.evaluation.records import Photo

__all__ = ["Progress", "Study", "carry_out", "silent"]

_Place: TypeAlias = tuple[int, int, str, tuple[str, ...]]
_Key: TypeAlias = tuple[str, int, int, str, tuple[str, ...]]

#: Called with (stage, done, in all) after each step.
Progress = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True)
class Study:
    """What is to be measured.

    Attributes:
        protocol: Its name.
        dataset: The data set's name.
        root: The folder that photos are named relative to.
        settings: All that decides the answers, JSON-ready.
        versions: What else they depend on, JSON-ready.
        tasks: What is learned and searched.
    """

    protocol: str
    dataset: str
    root: Path
    settings: Mapping[str, Any]
    versions: Mapping[str, Any]
    tasks: Sequence[Task]


def carry_out(
    study: Study,
    lineup: Lineup,
    *,
    out: Path | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> Run:
    """Measure everything, going on where an interrupted run of the same study stopped.

    Args:
        study: What is to be measured.
        lineup: Who is measured.
        out: Where the run is kept after each draw; None keeps it in RAM alone.
        force: Whether another run in that folder may be replaced.
        progress: Called after each photo.

    Raises:
        InvalidInput: The folder holds another run, or cannot be written.
        ImageError: A photo cannot be read; the message names it.
    """
    start = time.perf_counter()
    run = Run(
        protocol=study.protocol,
        dataset=study.dataset,
        root=str(study.root),
        settings=study.settings,
        versions=study.versions,
        draws=(),
        seconds=0.0,
    )
    before = _before(run, out, force)
    done = {_key(draw): draw for draw in before.draws} if before else {}
    missing = [
        task
        for task in study.tasks
        if any((name, *_place(task)) not in done for name in lineup.names)
    ]
    _prepare(lineup, missing, progress)
    spent = before.seconds if before else 0.0
    photos = sum(len(task.photos) for task in missing) * len(lineup.names)
    seen = 0
    for task in missing:
        for recognizer in lineup.recognizers(task.seed):
            if (recognizer.name, *_place(task)) in done:
                photos -= len(task.photos)
                continue
            recognizer.learn(task.references, task.categories)
            trials = []
            for photo in task.photos:
                trials.append(_trial(photo, recognizer.look(photo.path), study.root))
                seen += 1
                progress("answers", seen, photos)
            draw = _draw(task, recognizer, trials, study.root)
            done[_key(draw)] = draw
            run = replace(run, draws=tuple(done.values()), seconds=spent + _since(start))
            if out is not None:
                write_run(run, out)
    ordered = tuple(done[name, *_place(task)] for task in study.tasks for name in lineup.names)
    run = replace(run, draws=ordered, seconds=spent + _since(start))
    if out is not None:
        write_run(run, out)
    return run


def _before(run: Run, out: Path | None, force: bool) -> Run | None:
    """Return what the folder holds of this run."""
    if out is None or not (out / RUN_FILE).exists():
        return None
    try:
        found = read_run(out)
    except InvalidInput as exc:
        if force:
            return None
        raise InvalidInput(
            f"{clause(exc)}; or give another --out, or replace it with --force"
        ) from exc
    if same_measurement(found, run):
        return found
    if force:
        return None
    raise InvalidInput(
        f"expected {out} to be empty or to hold a run with these settings, found another run "
        f"({found.protocol} on {found.dataset}); give another --out, or replace it with --force"
    )


def _prepare(lineup: Lineup, tasks: Sequence[Task], progress: Progress) -> None:
    jobs = lineup.jobs(tasks)
    for index, job in enumerate(jobs, start=1):
        job()
        progress("features", index, len(jobs))


def _draw(task: Task, recognizer: Recognizer, trials: Sequence[Trial], root: Path) -> Draw:
    return Draw(
        recognizer=recognizer.name,
        seed=task.seed,
        refs=task.refs,
        known=tuple(sorted(task.references)),
        references={
            thing: tuple(_relative(path, root) for path in paths)
            for thing, paths in task.references.items()
        },
        trials=tuple(trials),
        condition=task.condition,
    )


def _trial(photo: Photo, look: Prediction, root: Path) -> Trial:
    return Trial(
        photo=_relative(photo.path, root),
        group=photo.group,
        shows=tuple(sorted(photo.shows)),
        boxes=photo.boxes,
        named=look.named,
        scores=look.scores,
        seconds=look.seconds,
        about=tuple(sorted(photo.about)),
        possible=look.possible,
    )


def _key(draw: Draw) -> _Key:
    return draw.recognizer, draw.seed, draw.refs, draw.condition, draw.known


def _place(task: Task) -> _Place:
    return task.seed, task.refs, task.condition, tuple(sorted(task.references))


def _relative(path: Path, root: Path) -> str:
    """Return a file's name relative to the folder; in full when it lies elsewhere."""
    return (path.relative_to(root) if path.is_relative_to(root) else path.absolute()).as_posix()


def _since(start: float) -> float:
    return time.perf_counter() - start
