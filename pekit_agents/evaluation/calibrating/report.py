"""How well a discriminant does with things that it has not seen, as rows of tables."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.evaluation.metrics.bootstrap import Estimate, estimate
from pekit_agents.evaluation.metrics.recognition import Tally

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from pekit_agents.evaluation.calibrating.crossing import Answers, Crossed
    from pekit_agents.settings import MatchSettings

__all__ = ["Bin", "KindResult", "Report", "report_of"]

_SURE = 0.8
_EDGES = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 1.0)
_STEPS = 60


@dataclass(frozen=True, slots=True)
class KindResult:
    """What is found of things that are remembered alone.

    Attributes:
        kind: What they are; empty for all kinds, each of which counts alike.
        refs: References of each thing, as far as it has so many.
        own_named: Share of the thing's other photos in which it is named.
        own_possible: The same, named or possible.
        others_named: Share of photos of other things of its kind in which it is named.
        others_sure: The same with a probability of 0.8 or more.
        others_by_cosine: The same by a threshold on cosines at which as many own photos are named.
    """

    kind: str
    refs: int
    own_named: Estimate
    own_possible: Estimate
    others_named: Estimate
    others_sure: Estimate
    others_by_cosine: Estimate


@dataclass(frozen=True, slots=True)
class Bin:
    """Photos of about one probability, own ones and those of others counting alike in all.

    Attributes:
        low: The least probability.
        high: The highest, exclusive.
        said: The mean probability.
        found: In which share of them the thing is there.
        photos: How many trials there are.
    """

    low: float
    high: float
    said: float
    found: Estimate
    photos: int


@dataclass(frozen=True, slots=True)
class Report:
    """What cross-validation found.

    Attributes:
        photos: How many there were.
        things: What they show.
        tried: How many of these were remembered, with others of their kind to take them for.
        background: How many photos of anything else.
        rows: For each number of references all kinds, then each.
        bins: Probabilities and what they are worth.
    """

    photos: int
    things: int
    tried: int
    background: int
    rows: tuple[KindResult, ...]
    bins: tuple[Bin, ...]

    @property
    def deviation(self) -> float:
        """The expected calibration error: the mean of |said - found| over all trials."""
        total = sum(each.photos for each in self.bins)
        apart = [abs(each.said - (each.found.mean or 0.0)) * each.photos for each in self.bins]
        return sum(apart) / total if total else 0.0


def report_of(
    crossed: Crossed,
    kinds: Mapping[int, str],
    settings: MatchSettings,
    *,
    photos: int,
    things: int,
    background: int,
) -> Report:
    """Return the tables of a cross-validation.

    Args:
        crossed: What it found.
        kinds: The name of each kind.
        settings: How probable a named and a possible object is.
        photos: How many photos there were.
        things: What they show.
        background: How many photos of anything else.
    """
    answers = crossed.answers
    rows = []
    for refs in np.unique(answers.refs).tolist():
        both = [number for number in kinds if _has_both(answers, refs, number)]
        rows.append(_row(crossed, settings, refs, both, ""))
        rows += [_row(crossed, settings, refs, [number], kinds[number]) for number in both]
    counted = answers.trials.weights > 0
    return Report(
        photos=photos,
        things=things,
        tried=len(np.unique(answers.things[counted, 0])),
        background=background,
        rows=tuple(rows),
        bins=_bins(answers),
    )


def _has_both(answers: Answers, refs: int, kind: int) -> bool:
    some = (answers.refs == refs) & (answers.kinds == kind)
    same = answers.trials.same[some]
    return bool(same.any() and not same.all())


def _row(
    crossed: Crossed, settings: MatchSettings, refs: int, kinds: list[int], name: str
) -> KindResult:
    answers, scores = crossed.answers, crossed.answers.trials.scores
    some = (answers.refs == refs) & np.isin(answers.kinds, kinds)
    own, others = some & answers.trials.same, some & ~answers.trials.same
    named, possible, sure = (
        scores >= np.log(chance / (1 - chance)) + settings.prior
        for chance in (settings.named, settings.possible, _SURE)
    )
    own_named = _share(answers, own, named)
    level = _threshold(crossed.by_cosine, own, own_named.mean or 0.0)
    return KindResult(
        name,
        refs,
        own_named,
        _share(answers, own, possible),
        _share(answers, others, named),
        _share(answers, others, sure),
        _share(crossed.by_cosine, others, crossed.by_cosine.trials.scores >= level),
    )


def _threshold(by_cosine: Answers, own: NDArray[np.bool_], share: float) -> float:
    """Return the cosine at which that share of own photos is named."""
    low, high = -1.0, 1.0
    scores, weights = by_cosine.trials.scores[own], by_cosine.trials.weights[own]
    for _ in range(_STEPS):
        middle = (low + high) / 2
        reached = weights[scores >= middle].sum() / max(weights.sum(), 1e-12)
        low, high = (middle, high) if reached >= share else (low, middle)
    return low


def _share(answers: Answers, some: NDArray[np.bool_], yes: NDArray[np.bool_]) -> Estimate:
    """Return the weighted share, with an interval over the remembered things."""
    parts = {}
    for thing in np.unique(answers.things[some, 0]).tolist():
        own = some & (answers.things[:, 0] == thing)
        weights = answers.trials.weights[own]
        parts[str(thing)] = (float(weights[yes[own]].sum()), float(weights.sum()))
    return estimate([Tally(parts)])


def _bins(answers: Answers) -> tuple[Bin, ...]:
    trials = answers.trials
    chances = 1 / (1 + np.exp(-np.clip(trials.scores, -60, 60)))
    found = []
    for low, high in pairwise(_EDGES):
        some = (chances >= low) & ((chances < high) | (high == 1.0)) & (trials.weights > 0)
        if some.any():
            weights = trials.weights[some]
            said = float((chances[some] * weights).sum() / weights.sum())
            share = _share(answers, some, trials.same)
            found.append(Bin(low, high, said, share, int(some.sum())))
    return tuple(found)
