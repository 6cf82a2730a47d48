"""Photos of unknown things: what a memory takes for its own by mistake.

How high a stranger scores depends on what is remembered: two dogs raise more false alarms than
a dog and a vase, and the hundredth object raises hardly any when it is like nothing that people
photograph. So where the tail of unknown things begins is not computed from the number of
objects, but read off: the regions of a bank of photos that show nothing remembered are compared
with the memory.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.calibration import Calibration
    from pekit_agents.matching import Nearest
    from pekit_agents.types import FloatArray

__all__ = ["Remembered", "Strangers", "tail_start"]

# The shares of photos below the scores that the tail is read off at. Only the highest would be
# unbiased, several are steadier.
_SHARES = (0.5, 0.6, 0.7, 0.8, 0.9)
_FLOOR = 0.0
_ITSELF = 0.65  # with the embedded encoder
# A larger change of the number of objects in a memory that changes in place asks for a new look.
_CHANGE = 0.02


class Remembered(Protocol):
    """What strangers are compared with."""

    @property
    def count(self) -> int:
        """N, how many objects there are."""
        ...

    def nearest(
        self, queries: FloatArray, *, max_weight: float, floor: float
    ) -> tuple[object, Nearest]:
        """Return anything, and which objects each of K regions resembles most."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Strangers:
    """The regions of photos of unknown things, by one encoder; safe across threads.

    Attributes:
        vectors: (R, D) float32 unit vectors of the regions.
        photos: (R,) int64: which photo each is of, grouped, from 0 on.
        things: (R,) int64: what its photo shows; the same number is the same thing.
        margin: How much more a new stranger scores than these, whose photos may have shaped the
            encoder.
        least: A location is never less: in a memory of few objects that are like nothing in the
            bank, everything else would be taken for near.
        itself: A thing of the bank with a region that scores more is the object itself, which is
            then no stranger.
    """

    vectors: FloatArray
    photos: NDArray[np.int64]
    things: NDArray[np.int64]
    margin: float = 0.0
    least: float = -1.0
    itself: float = _ITSELF
    _known: WeakKeyDictionary[Remembered, tuple[int, float]] = field(
        default_factory=WeakKeyDictionary, init=False, repr=False
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def location(self, memory: Remembered, calibration: Calibration, max_weight: float) -> float:
        """Return where the tail of unknown things begins for a whole memory.

        That is, the score above which one region of every such photo is expected if the tail
        reached so far. Computed once for a state of a memory; for one that changes in place
        again when the number of its objects has changed by more than 2 %.

        Args:
            memory: What is remembered.
            calibration: Gives the shape of the tail.
            max_weight: Share of the best view in an object's score.
        """
        count = memory.count
        with self._lock:
            before = self._known.get(memory)
        if before is not None and abs(count - before[0]) <= _CHANGE * before[0]:
            return before[1]
        _, nearest = memory.nearest(self.vectors, max_weight=max_weight, floor=_FLOOR)
        scores = self._of_strangers(nearest)
        starts = np.flatnonzero(np.diff(self.photos, prepend=-1))
        best = np.maximum.reduceat(scores, starts)
        regions = np.diff(starts, append=len(scores))
        alone = best - calibration.scale * calibration.regions * np.log(regions)
        location = max(tail_start(alone, calibration.scale) + self.margin, self.least)
        with self._lock:
            self._known[memory] = (count, location)
        return location

    def _of_strangers(self, nearest: Nearest) -> FloatArray:
        """Return what each region scores, (R,) float32, with no object that it shows itself."""
        pairs = self.things[:, None] * (nearest.objects.max() + 1) + nearest.objects
        itself = np.isin(pairs, pairs[nearest.scores > self.itself])
        scores = np.where(itself | (nearest.objects < 0), _FLOOR, nearest.scores)
        best: FloatArray = scores.max(axis=1)
        return best


def tail_start(
    scores: NDArray[np.floating], scale: float, shares: tuple[float, ...] = _SHARES
) -> float:
    """Return where the exponential tail of some scores begins: the mean over several shares.

    Args:
        scores: (S,) float64, at least one.
        scale: How slowly the tail falls off.
        shares: Of the scores below the places where it is read off, each in [0, 1).
    """
    levels: list[float] = np.quantile(scores, shares).tolist()
    starts = [level + scale * math.log(1 - x) for level, x in zip(levels, shares, strict=True)]
    return sum(starts) / len(starts)
