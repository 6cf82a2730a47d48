"""How well a calibration holds: what is found in photos that had no say in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.calibrating.fitting import fit, without
from pekit_agents.evaluation.intervals import estimate
from pekit_agents.evaluation.metrics import Tally

if TYPE_CHECKING:
    from pekit_agents.calibrating.trials import Seen, Trial
    from pekit_agents.evaluation.intervals import Estimate

__all__ = ["Answers", "Row", "assess"]

_GROUPS = 15  # of things that are left out together


@dataclass(frozen=True, slots=True)
class Row:
    """What was found at one asked rate of false alarms.

    Attributes:
        asked: The rate.
        refs: References of each thing, as far as it has so many.
        alarms: Share of the photos of strangers in which something is named.
        alarm_photos: How many different photos these are.
        right: Share of the other photos of what is remembered in which the right name is first.
        right_photos: How many different photos these are.
    """

    asked: float
    refs: int
    alarms: Estimate
    alarm_photos: int
    right: Estimate
    right_photos: int


class Answers:
    """Counts what was answered about photos, kept apart by what they show.

    Args:
        seen: All photos.
    """

    def __init__(self, seen: Sequence[Seen]) -> None:
        self._seen = seen
        self._alarms: dict[int, list[float]] = {}
        self._right: dict[int, list[float]] = {}

    def strangers(self, things: Sequence[int], named: Sequence[bool]) -> None:
        """Count photos of these things, none of them remembered, and whether any was named."""
        _count(self._alarms, things, named)

    def own(self, things: Sequence[int], right: Sequence[bool]) -> None:
        """Count photos of these remembered things, and whether the right name was first."""
        _count(self._right, things, right)

    def row(self, asked: float, refs: int) -> Row:
        """Return what was found."""
        return Row(
            asked,
            refs,
            estimate([_tally(self._alarms)]),
            self._photos(self._alarms),
            estimate([_tally(self._right)]),
            self._photos(self._right),
        )

    def _photos(self, counted: dict[int, list[float]]) -> int:
        return sum(each.thing in counted for each in self._seen)


def assess(
    seen: Sequence[Seen],
    trials: Sequence[Trial],
    alone: Sequence[Trial],
    rates: Sequence[float],
    refs: Sequence[int],
) -> list[Row]:
    """Return what is found at some rates: each thing is judged by what fits the others.

    Args:
        seen: All photos.
        trials: With several things remembered.
        alone: With one thing remembered.
        rates: What is asked for.
        refs: Numbers of references.
    """
    answers = {(rate, count): Answers(seen) for rate in rates for count in refs}
    things = sorted({each.thing for each in seen})
    for group in np.array_split(things, min(len(things), _GROUPS)):
        others = without(trials, group)
        if not others:
            continue
        fitted = fit(others, without(alone, group))
        for trial in trials:
            new, own = np.isin(trial.new.things, group), np.isin(trial.own.things, group)
            if not (new.any() or own.any()):
                continue
            for rate in rates:
                counted = answers[rate, trial.refs]
                taus = fitted.thresholds(trial, trial.new.regions[new], rate)
                named = trial.new.scores[new] > taus
                counted.strangers(trial.new.things[new].tolist(), named.tolist())
                taus = fitted.thresholds(trial, trial.own.regions[own], rate)
                scores = trial.own.scores[own]
                first = (scores > taus) & (scores > trial.own.others[own])
                counted.own(trial.own.things[own].tolist(), first.tolist())
    return [counted.row(rate, count) for (rate, count), counted in answers.items()]


def _count(parts: dict[int, list[float]], things: Sequence[int], yes: Sequence[bool]) -> None:
    for thing, one in zip(things, yes, strict=True):
        part = parts.setdefault(thing, [0.0, 0.0])
        part[0] += float(one)
        part[1] += 1.0


def _tally(parts: dict[int, list[float]]) -> Tally:
    return Tally({str(thing): (above, below) for thing, (above, below) in parts.items()})
