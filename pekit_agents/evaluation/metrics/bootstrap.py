"""How far a number can be trusted: spread over draws, and intervals that resample things.

The photos of one thing resemble each other, so they are no independent evidence. The bootstrap
here draws *things* with replacement (clusters), all their photos and all draws of references
with them, and works the number out anew; the middle 95 % of the results are the interval. It
answers: what would other things of this kind have given? A part that is about two things, the one
that is remembered and the one that is searched, is drawn as often as both are: the product of
their numbers (Owen 2007, "the pigeonhole bootstrap").
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.metrics.recognition import Part, Tally

__all__ = ["Difference", "Estimate", "difference", "estimate"]

_Floats: TypeAlias = NDArray[np.float64]
_RESAMPLES = 1000
_LEAST_THINGS = 3  # fewer say nothing about other things


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure over draws.

    Attributes:
        mean: Mean over the draws in which it is defined; None when it never is.
        sd: Sample standard deviation over these draws (n - 1); None with fewer than two.
        interval: 95 % bootstrap interval of the mean over things; None with fewer than three.
        draws: In how many draws it is defined.
        undefined: In how many it is not.
        left_out: Things without a ratio of their own, at most in one draw.
    """

    mean: float | None
    sd: float | None
    interval: tuple[float, float] | None
    draws: int
    undefined: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A second measure minus a first, over the same things.

    Attributes:
        mean: Second mean minus first mean; None when either is undefined.
        interval: 95 % bootstrap interval of it, from the same resampled things for both; None
            with fewer than three things.
    """

    mean: float | None
    interval: tuple[float, float] | None

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0: the difference is more than this data's noise."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]


def estimate(tallies: Sequence[Tally], *, seed: int = 0, resamples: int = _RESAMPLES) -> Estimate:
    """Summarise one measure over draws.

    Args:
        tallies: One for each draw.
        seed: Of the bootstrap.
        resamples: How often things are drawn anew.

    Raises:
        InvalidInput: ``resamples`` is below 1.
    """
    values = _defined(tallies)
    things = _things(tallies)
    weights = _weights(len(things), seed, resamples)
    return Estimate(
        mean=statistics.fmean(values) if values else None,
        sd=statistics.stdev(values) if len(values) > 1 else None,
        interval=_interval(_resampled(tallies, things, weights), len(things)),
        draws=len(values),
        undefined=len(tallies) - len(values),
        left_out=max((tally.left_out for tally in tallies), default=0),
    )


def difference(
    first: Sequence[Tally],
    second: Sequence[Tally],
    *,
    seed: int = 0,
    resamples: int = _RESAMPLES,
) -> Difference:
    """Return the paired difference of one measure, second minus first.

    Both are worked out on the same resampled things, so what is hard about a thing for both
    cancels out.

    Args:
        first: One tally for each draw.
        second: The same of the other; the draws need not be as many.
        seed: Of the bootstrap.
        resamples: How often things are drawn anew.

    Raises:
        InvalidInput: ``resamples`` is below 1.
    """
    before, after = _defined(first), _defined(second)
    things = _things([*first, *second])
    weights = _weights(len(things), seed, resamples)
    gaps = _resampled(second, things, weights) - _resampled(first, things, weights)
    if not before or not after:
        return Difference(None, None)
    mean = statistics.fmean(after) - statistics.fmean(before)
    return Difference(mean, _interval(gaps, len(things)))


def _defined(tallies: Sequence[Tally]) -> list[float]:
    return [value for tally in tallies if (value := tally.value) is not None]


def _things(tallies: Sequence[Tally]) -> list[str]:
    return sorted({thing for tally in tallies for part in tally.parts for thing in _about(part)})


def _about(part: Part) -> tuple[str, ...]:
    return (part,) if isinstance(part, str) else part


def _weights(things: int, seed: int, resamples: int) -> _Floats:
    """Return (resamples, things): how often each thing is drawn in each resample."""
    if resamples < 1:
        raise InvalidInput(f"resamples: expected at least 1, got {resamples}; 1000 is usual.")
    if not things:
        return np.zeros((resamples, 0))
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(things, np.full(things, 1 / things), size=resamples)
    return counts.astype(np.float64)


def _resampled(tallies: Sequence[Tally], things: Sequence[str], weights: _Floats) -> _Floats:
    """Return (resamples,): the mean over draws; NaN where no draw is defined."""
    ratios = np.full((len(weights), len(tallies)), math.nan)
    place = {thing: index for index, thing in enumerate(things)}
    for column, tally in enumerate(tallies):
        sums = np.array(list(tally.parts.values()), np.float64).reshape(-1, 2)
        drawn = np.ones((len(weights), len(sums)))
        for index, part in enumerate(tally.parts):
            for thing in _about(part):
                drawn[:, index] *= weights[:, place[thing]]
        above, below = drawn @ sums[:, 0], drawn @ sums[:, 1]
        np.divide(above, below, out=ratios[:, column], where=below > 0)
    defined = ~np.isnan(ratios)
    total = np.where(defined, ratios, 0.0).sum(axis=1)
    means = np.full(len(weights), math.nan)
    np.divide(total, defined.sum(axis=1), out=means, where=defined.any(axis=1))
    return means


def _interval(values: _Floats, things: int) -> tuple[float, float] | None:
    defined = values[~np.isnan(values)]
    if things < _LEAST_THINGS or not len(defined):
        return None
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)
