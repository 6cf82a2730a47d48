"""The rows of the comparison and its targets: ``speed_rows`` makes them of figures."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.speed.rounds import Figures

__all__ = ["Row", "speed_rows"]


@dataclass(frozen=True, slots=True)
class Row:
    """One measure of a work, in two builds.

    Attributes:
        work: What was done.
        measure: What was measured, with its unit.
        here: By this build.
        other: By what it is compared with, if anything.
        target: The most that ``here`` may be in shares of ``other``, or where ``more`` is better
            the least; None where nothing was promised.
        more: Whether more is better.
        objects: How many things the fullest memory holds.
        judged: Whether the sizes are large enough for the target to mean anything.
    """

    work: str
    measure: str
    here: float
    other: float | None
    target: float | None = None
    more: bool = False
    judged: bool = True

    @property
    def ratio(self) -> float | None:
        """``here`` in shares of ``other``."""
        return self.here / self.other if self.other else None

    @property
    def passed(self) -> bool | None:
        """Whether the target is reached; None where there is none, or nothing to compare with."""
        if self.ratio is None or self.target is None or not self.judged:
            return None
        return self.ratio >= self.target if self.more else self.ratio <= self.target

    def to_dict(self) -> dict[str, Any]:
        """Return the row as JSON-ready values."""
        return {**asdict(self), "ratio": self.ratio, "passed": self.passed}


@dataclass(frozen=True, slots=True)
class _Line:
    work: str
    measure: str
    says: str
    target: float | None = None
    more: bool = False
    than: str = ""  # another measure of this build, in place of the other build's


_NAMED, _MEAN = "things named", "processor time, s, mean of photos"
_CPU, _WALL = "processor time, s", "wall time, s"
_LINES = (
    _Line("remember", "cpu", _CPU, 0.35),
    _Line("remember", "wall", _WALL),
    _Line("simple", "cpu", _CPU, 0.5),
    _Line("simple", "mean", _MEAN),
    _Line("simple", "wall", _WALL),
    _Line("simple", "named", _NAMED),
    _Line("simple", "cpu", f"{_CPU}, to one bare pass", 1.15, than="pass cpu"),
    _Line("scene", "cpu", _CPU, 0.5),
    _Line("scene", "mean", _MEAN),
    _Line("scene", "wall", _WALL),
    _Line("scene", "named", _NAMED),
    _Line("crowd", "cpu", _CPU, 1.0),
    _Line("crowd", "mean", _MEAN, 1.0),
    _Line("crowd", "named", _NAMED),
    _Line("folder", "cpu", _CPU, 0.5),
    _Line("folder", "wall", _WALL),
    _Line("folder", "cpu", f"{_CPU}, to its own forward passes", 1.15, than="pass cpu"),
    _Line("list", "cpu", _CPU, 0.4),
    _Line("list", "wall", _WALL),
    _Line("find", "cpu", _CPU, 0.4),
    _Line("find", "wall", _WALL),
    _Line("ram", "MB", "peak RSS, MB", 0.6),
    _Line("ram", "named", _NAMED),
    _Line("users", "a second", "finds a second", 1.5, more=True),
    _Line("users", "p95", "95 % of waits up to, s", 0.5),
    _Line("users", "cpu", f"{_CPU} a find"),
)


def speed_rows(
    figures: Sequence[Figures],
    photos: int,
    users: int,
    scenes: int,
    objects: int = 10_000,
    *,
    judged: bool,
) -> Iterator[Row]:
    """Yield the table of what was measured.

    Args:
        figures: Of this build, and of another or none.
        photos: How many the folder has.
        users: How many search at once.
        scenes: How many the process searches whose RAM is measured.
        objects: How many things the fullest memory holds.
        judged: Whether the sizes are large enough for the targets to mean anything.
    """
    titles = {
        "remember": "`remember` one photo",
        "simple": "`find`, simple photo",
        "scene": "`find`, collage of six",
        "crowd": f"`find` among {objects:,} things",
        "folder": f"{photos:,} photos of a folder, two processes",
        "list": "`pekit list`, cold",
        "find": "`pekit find`, cold",
        "ram": f"a process that remembers 3 things and searches {scenes} scenes",
        "users": f"{users} users at once",
    }
    here, other = figures[0], figures[1] if len(figures) > 1 else {}
    for line in _LINES:
        reached = _one(here.get((line.work, line.measure), []), line.work)
        if reached is None:
            continue
        compared = (here, line.than) if line.than else (other, line.measure)
        yield Row(
            titles[line.work],
            line.says,
            reached,
            _one(compared[0].get((line.work, compared[1]), []), line.work),
            line.target,
            line.more,
            judged,
        )


def _one(rounds: Sequence[float], work: str) -> float | None:
    """Return a median of rounds; of a folder, of which each round does a part, the sum."""
    if not rounds:
        return None
    return sum(rounds) if work == "folder" else statistics.median(rounds)
