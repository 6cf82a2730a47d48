"""Running the workers of an ingestion as processes of this machine: ``run_in_processes``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING

from pekit_agents.errors import InvalidInput
from pekit_agents.introduction.jobs import Task, Tasks, extract_job

if TYPE_CHECKING:
    from pekit_agents.introduction.jobs import Job, Result
    from pekit_agents.profiles import Profile

__all__ = ["run_in_processes"]

_ENDED = (
    "the process that worked on it was ended, most likely for want of memory; make it smaller, or "
    "use fewer workers"
)


def run_in_processes(jobs: Iterable[tuple[Job, str | Profile]], workers: int) -> Iterator[Result]:
    """Yield the results of all jobs as they come, from new processes of this machine.

    A process that is ended from outside (the system does so when memory is short) takes all others
    of its pool along. The photos that were under way are then tried again one by one, each in a
    process of its own; one that ends that as well is left out.

    Raises:
        InvalidInput: Processes end before they begin to work.
    """
    tasks = Tasks(jobs)
    while True:
        left: list[Task] = []
        yield from _until_one_ends(tasks, workers, left)
        if not left:
            return
        yield from _one_by_one(tasks, left)


def _until_one_ends(tasks: Tasks, workers: int, left: list[Task]) -> Iterator[Result]:
    """Do all tasks; if a process is ended, ``left`` are those that were under way."""
    running: dict[Future[Result], Task] = {}
    with _pool(workers) as pool:
        while not left:
            # A few more than workers, so that none is idle and few are lost by an interruption.
            while len(running) < 2 * workers and not left and (task := tasks.take()):
                try:
                    running[pool.submit(extract_job, task.job, task.profile)] = task
                except BrokenProcessPool:
                    left.append(task)
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                task = running.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool:
                    left.append(task)
                else:
                    yield from tasks.give(task, result)
        # The rest of a broken pool: some may have been done just before.
        for future, task in running.items():
            if isinstance(future.exception(), BrokenProcessPool):
                left.append(task)
            else:
                yield from tasks.give(task, future.result())


def _one_by_one(tasks: Tasks, left: Iterable[Task]) -> Iterator[Result]:
    """Do tasks one at a time, in a process that is replaced whenever it is ended."""
    waiting = iter(left)
    task = next(waiting, None)
    while task is not None:
        with _pool(1) as pool:
            try:
                pool.submit(_began, task.profile).result()
            except BrokenProcessPool as exc:
                raise InvalidInput(
                    "expected processes that start and can load the profile, found that they end "
                    'at once; call this from a file under `if __name__ == "__main__":`, name the '
                    "profile instead of handing it over, or extract with run_here"
                ) from exc
            while task is not None:
                try:
                    result = pool.submit(extract_job, task.job, task.profile).result()
                except BrokenProcessPool:
                    yield from tasks.give(task, task.without(_ENDED))
                    task = next(waiting, None)
                    break
                yield from tasks.give(task, result)
                task = next(waiting, None)


def _began(profile: str | Profile) -> None:
    """Do nothing, in a process that was handed a profile."""
    del profile


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    # Forking would copy a process that has threads.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
