"""One line of a benchmark: what was promised, what was reached."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """A measured promise.

    Attributes:
        goal: What is compared with what.
        target: The most that is allowed.
        reached: What was measured, in the same unit; None where it could not be.
        detail: The numbers behind it.
        judged: Whether the sizes are large enough for the target to mean anything.
    """

    goal: str
    target: float
    reached: float | None
    detail: str
    judged: bool = True

    @property
    def passed(self) -> bool | None:
        """Whether the promise is kept; None where that was not measured."""
        if self.reached is None or not self.judged:
            return None
        return self.reached <= self.target

    def to_dict(self) -> dict[str, Any]:
        """Return the row as JSON-ready values."""
        return {**asdict(self), "passed": self.passed}


def medians_ms(tasks: Sequence[Callable[[int], object]], repeats: int) -> list[float]:
    """Return the median time of each task, in milliseconds, see ``in_turns``."""
    return [1000 * statistics.median(seconds) for seconds in in_turns(tasks, repeats)]


def in_turns(tasks: Sequence[Callable[[int], object]], repeats: int) -> list[list[float]]:
    """Return the times of each task, in seconds.

    Args:
        tasks: Run in turns, so that what slows the machine slows all, and forward and backward,
            so that none always comes first: whoever does wakes the threads of the product for the
            others. Each gets the number of its turn.
        repeats: How many turns, after one that is not counted.
    """
    times: list[list[float]] = [[] for _ in tasks]
    for turn in range(repeats + 1):
        pairs = list(zip(tasks, times, strict=True))
        for task, measured in pairs[:: 1 if turn % 2 == 0 else -1]:
            started = time.perf_counter()
            task(turn)
            measured.append(time.perf_counter() - started)
    return [measured[1:] for measured in times]


def percentiles(seconds: Sequence[float]) -> str:
    """Return the median and the 95th percentile of some times, as a row says it."""
    if len(seconds) < 2:
        return f"{1000 * seconds[0]:.1f} ms"
    cuts = statistics.quantiles(seconds, n=20)
    return f"{1000 * cuts[9]:.1f} ms (95 %: {1000 * cuts[18]:.1f} ms)"
