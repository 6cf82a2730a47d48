"""``at_once``: tasks begun together, each in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["at_once"]

_Result = TypeVar("_Result")


def at_once(tasks: Sequence[Callable[[], _Result]]) -> list[_Result]:
    """Return the results of tasks that begin together; the first error of any is raised."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], _Result]) -> _Result:
        barrier.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))
