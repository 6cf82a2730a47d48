"""From the scores of trials to a calibration: pure array code.

New strangers' highest scores, less what the number of regions costs and less where the bank says
that the tail begins, fall off alike for every memory: so those of all trials are put together.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from pekit_agents.calibrating.trials import NOTHING, Highest, Own
from pekit_agents.calibration import Calibration
from pekit_agents.strangers import tail_start

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.calibrating.trials import Trial

__all__ = ["Fit", "fit", "without"]

_TAIL = 0.3  # of the photos: as many false alarms as the least strict of the words bears
#: Where the tail of new strangers is read off: around the rates that are asked for.
_SHARES = (0.7, 0.8, 0.9)
_ROUNDS = 5  # the scale decides what the regions cost, and that decides the scale
_LEAST_SCALE = 1e-3
_REGIONS = 0.5  # where no photo has several
_Photos = TypeVar("_Photos", Highest, Own)


@dataclass(frozen=True, slots=True)
class Fit:
    """What trials say of an encoder.

    Attributes:
        calibration: Of its scores.
        margin: How much more new strangers score than the bank says.
        least: What the location of a memory is at least.
    """

    calibration: Calibration
    margin: float
    least: float

    def thresholds(
        self, trial: Trial, regions: NDArray[np.int64], rate: float
    ) -> NDArray[np.float64]:
        """Return tau for photos with so many regions, (S,), searched in the memory of a trial."""
        begin = max(_location(trial, self.calibration) + self.margin, self.least)
        calibration = self.calibration.of_memory(begin)
        taus = [calibration.threshold(rate, objects=1, regions=int(each)) for each in regions]
        return np.array(taus, np.float64)


def fit(trials: Sequence[Trial], alone: Sequence[Trial]) -> Fit:
    """Return what fits the scores of trials.

    Args:
        trials: With several things remembered; with photos of both kinds among them all.
        alone: With one thing remembered.
    """
    right = np.concatenate([trial.own.scores for trial in trials])
    right = right[right > NOTHING]
    found = Calibration(
        location=0.0,
        scale=1.0,
        regions=0.0,
        mean=float(right.mean()),
        deviation=max(float(right.std()), _LEAST_SCALE),
    )
    gain = _gain(trials)
    for _ in range(_ROUNDS):
        over = _excess(trials, found)
        start = float(np.quantile(over, 1 - _TAIL))
        scale = max(float((over[over >= start] - start).mean()), _LEAST_SCALE)
        regions = _REGIONS if gain is None else min(max(gain / scale, 0.0), 1.0)
        found = replace(found, scale=scale, regions=regions)
    margin = tail_start(_excess(trials, found), found.scale, _SHARES)
    # What one thing alone is mistaken for; no memory is mistaken for less.
    single = np.concatenate([_cleared(trial.new, found) for trial in alone])
    least = tail_start(single, found.scale, _SHARES)
    return Fit(replace(found, location=least), margin, least)


def without(trials: Sequence[Trial], things: Collection[int]) -> list[Trial]:
    """Return trials without the photos of some things, as far as photos of strangers are left."""
    gone = list(things)
    left = [
        replace(trial, new=_less(trial.new, gone), own=_less(trial.own, gone)) for trial in trials
    ]
    return [trial for trial in left if len(trial.new.scores)]


def _less(photos: _Photos, things: list[int]) -> _Photos:
    kept = ~np.isin(photos.things, things)
    return type(photos)(*(getattr(photos, name)[kept] for name in photos.__dataclass_fields__))


def _excess(trials: Sequence[Trial], found: Calibration) -> NDArray[np.float64]:
    """Return by how much new strangers score more than the bank says, in all trials: (S,)."""
    return np.concatenate([_cleared(t.new, found) - _location(t, found) for t in trials])


def _location(trial: Trial, found: Calibration) -> float:
    return tail_start(_cleared(trial.bank, found), found.scale)


def _cleared(highest: Highest, found: Calibration) -> NDArray[np.float64]:
    """Return the scores less what the number of regions costs."""
    cleared: NDArray[np.float64] = highest.scores - found.scale * found.regions * np.log(
        highest.regions
    )
    return cleared


def _gain(trials: Sequence[Trial]) -> float | None:
    """Return by how much the highest score rises with the log of the number of regions.

    Read off within photos, each compared with halves of itself: busy photos differ from others in
    more than the number of their regions.
    """
    rise = logs = 0.0
    for trial in trials:
        for photos in (trial.new, trial.bank):
            rise += math.fsum(photos.scores - photos.halves)
            logs += math.fsum(np.log(photos.regions / ((photos.regions + 1) // 2)))
    return rise / logs if logs else None
