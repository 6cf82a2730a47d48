"""The targets of video, and the rows of their table: ``rows_of_clips`` and ``Row``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pekit_agents.evaluation.metrics.bootstrap import difference, estimate
from pekit_agents.evaluation.metrics.recognition import Tally
from pekit_agents.evaluation.metrics.timelines import tallies

if TYPE_CHECKING:
    from pekit_agents.evaluation.clips.measuring import Measured

__all__ = ["LIVE", "RAM", "Row", "rows_of_clips"]

PASSES = 0.35  # of the passes of frame by frame
WRONG = 0.3  # of its wrong sightings
RAM = 1.2  # of the RAM that one frame's search takes
LIVE = 5.0  # sampled frames a second


@dataclass(frozen=True, slots=True)
class Row:
    """One target, and what was reached.

    Attributes:
        measure: What was measured, with its unit.
        baseline: What it is compared with; None where it is with nothing.
        here: What `find_in_video` reached.
        reached: The figure that is compared with the target; None where it is undefined.
        target: The most it may be, or where ``more`` is better the least.
        more: Whether more is better.
        interval: 95 % interval of ``reached`` over clips; None where there is none.
    """

    measure: str
    baseline: float | None
    here: float
    reached: float | None
    target: float
    more: bool = False
    interval: tuple[float, float] | None = None

    @property
    def passed(self) -> bool | None:
        """Whether the target is reached; None where nothing could be compared."""
        if self.reached is None:
            return None
        return self.reached >= self.target if self.more else self.reached <= self.target

    def to_dict(self) -> dict[str, Any]:
        """Return the row as JSON-ready values."""
        return {**asdict(self), "passed": self.passed}


def rows_of_clips(baseline: Measured, here: Measured) -> Iterator[Row]:
    """Yield the rows that compare timelines of the same clips.

    Args:
        baseline: Frame by frame.
        here: In video.
    """
    names = list(baseline.scores)
    seconds = baseline.total.seconds
    passes = estimate([Tally({n: (here.passes[n], baseline.passes[n]) for n in names})])
    yield Row(
        "passes a second of video, to frame by frame",
        sum(baseline.passes.values()) / seconds,
        sum(here.passes.values()) / seconds,
        passes.mean,
        PASSES,
        interval=passes.interval,
    )
    for words, measure in (("sightings", "wrong"), ("seconds", "wrong_seconds")):
        both = {
            n: (getattr(here.scores[n], measure), getattr(baseline.scores[n], measure))
            for n in names
        }
        wrong = estimate([Tally(both)])
        yield Row(
            f"wrong {words}, to frame by frame",
            getattr(baseline.total, measure),
            getattr(here.total, measure),
            wrong.mean,
            WRONG,
            interval=wrong.interval,
        )
    before, after = (tallies(each.scores)["recall"] for each in (baseline, here))
    gap = difference([before], [after])
    yield Row(
        "recall of appearances, minus frame by frame",
        before.value,
        after.value or 0.0,
        gap.mean,
        0.0,
        more=True,
        interval=gap.interval,
    )
