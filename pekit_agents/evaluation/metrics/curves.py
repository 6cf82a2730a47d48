"""Open-set curves: what every other threshold would have given, from the scores alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pekit_agents.evaluation.metrics.judging import is_judged, with_known, without_known
from pekit_agents.evaluation.records import Draw, Trial

__all__ = ["OpenSetPoint", "best_within", "open_set_curve"]

_Floats: TypeAlias = NDArray[np.float64]
_MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class OpenSetPoint:
    """What a recognizer would do that accepts every thing scoring at least ``threshold``.

    Attributes:
        threshold: In the recognizer's own units.
        recall: Known things accepted / known things shown, over all photos.
        identified: Photos of known things whose best-scored thing is shown and accepted / such
            photos.
        false_alarms: Things accepted per photo that shows no known thing.
        alarm_share: Share of these photos in which any thing is accepted.
    """

    threshold: float
    recall: float
    identified: float
    false_alarms: float
    alarm_share: float


def open_set_curve(draws: Sequence[Draw]) -> tuple[OpenSetPoint, ...]:
    """Return the curve over all thresholds, the strictest first; the draws are pooled.

    Things are scored alone here, while a recognizer may give each region one name only: where
    that matters, it does better than its curve in ``false_alarms``.

    Args:
        draws: Of one configuration.

    Returns:
        At most 400 points; empty unless there are scores, photos of known things and photos
        of none.
    """
    shown: list[float] = []
    right: list[float] = []  # per photo: the best right score, if nothing else is above it
    alarms: list[float] = []
    worst: list[float] = []  # per photo without known things: its highest score
    for draw in draws:
        for trial in with_known(draw):
            scores = [trial.scores.get(n, -math.inf) for n in draw.known if n in trial.shows]
            shown += scores
            best = max(scores)
            right.append(best if best > max(_absent(trial), default=-math.inf) else -math.inf)
        for trial in without_known(draw):
            scores = _absent(trial)
            alarms += scores
            worst.append(max(scores, default=-math.inf))
    if not (shown and worst and np.isfinite([*shown, *worst]).any()):
        return ()
    thresholds = _thresholds(np.array([*shown, *worst]))
    rows = zip(
        thresholds,
        _above(shown, thresholds) / len(shown),
        _above(right, thresholds) / len(right),
        _above(alarms, thresholds) / len(worst),
        _above(worst, thresholds) / len(worst),
        strict=True,
    )
    return tuple(OpenSetPoint(*map(float, row)) for row in rows)


def best_within(curve: Sequence[OpenSetPoint], budget: float) -> OpenSetPoint | None:
    """Return the point that identifies most with alarms in at most a share of the photos.

    Of equals the one with the fewest alarms, then the strictest. None when no point is within
    the budget or none of these identifies anything.
    """
    within = [point for point in curve if point.alarm_share <= budget and point.identified > 0]
    return max(within, key=lambda p: (p.identified, -p.alarm_share, p.threshold), default=None)


def _absent(trial: Trial) -> list[float]:
    return [
        score
        for name, score in trial.scores.items()
        if name not in trial.shows and is_judged(trial, name)
    ]


def _thresholds(scores: _Floats) -> _Floats:
    distinct = np.unique(scores[np.isfinite(scores)])[::-1]
    if len(distinct) <= _MOST_POINTS:
        return distinct
    kept: _Floats = distinct[np.linspace(0, len(distinct) - 1, _MOST_POINTS).round().astype(int)]
    return kept


def _above(values: Sequence[float], thresholds: _Floats) -> _Floats:
    """Return (T,): how many of the values reach each threshold."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    reached: _Floats = len(ordered) - np.searchsorted(ordered, thresholds).astype(np.float64)
    return reached
