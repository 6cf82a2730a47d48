"""How sure a score is: thresholds and probabilities from the scores of unknown things.

A region that shows nothing remembered still resembles each object a little. Measured over many
photos, the chance that it scores above ``s`` against one object falls off exponentially,

    P(score > s) = exp(-(s - location) / scale),

so with N objects and K regions the expected number of false alarms in a photo is at most N K
times that, and a threshold follows from the number one is willing to bear, where a fixed tau
(paper 3.3) raises more and more. Where there are photos of strangers to compare a memory with,
the tail is that of the whole memory instead (:mod:`pekit_agents.strangers`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from pekit_agents.errors import InvalidInput

__all__ = ["STRICTNESS", "Calibration", "Strictness", "false_alarm_rate"]

#: How many false alarms to bear, in words or as a rate.
Strictness: TypeAlias = Literal["recall", "balanced", "precision"] | float

#: Expected false alarms in a photo that shows nothing remembered.
STRICTNESS: dict[str, float] = {"recall": 0.3, "balanced": 0.1, "precision": 0.02}


def false_alarm_rate(strictness: Strictness) -> float:
    """Return how many false alarms in a photo a strictness stands for.

    Raises:
        InvalidInput: It is no word of :data:`STRICTNESS` and no rate above 0 and up to 1.
    """
    rate = STRICTNESS.get(strictness) if isinstance(strictness, str) else strictness
    if not isinstance(rate, (int, float)) or isinstance(rate, bool) or not 0 < rate <= 1:
        words = ", ".join(repr(word) for word in STRICTNESS)
        raise InvalidInput(
            f"expected strictness {words} or a rate of false alarms in (0, 1], found {strictness!r}"
        )
    return float(rate)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The scores of one encoder: of unknown things, and of the right object.

    Attributes:
        location: Where the tail of unknown things begins.
        scale: How slowly it falls off; positive.
        regions: Regions of one photo overlap, so K of them count as ``K ** regions``; in [0, 1].
        mean: Of the scores of the right object.
        deviation: Their standard deviation; positive.
        objects: N objects count as ``N ** objects``: 1 where the tail is that of one object, 0
            where it is that of the whole memory; in [0, 1].
    """

    location: float
    scale: float
    regions: float
    mean: float
    deviation: float
    objects: float = 1.0

    def __post_init__(self) -> None:
        shares = 0 <= self.regions <= 1 and 0 <= self.objects <= 1
        if not (self.scale > 0 and self.deviation > 0 and shares):
            raise InvalidInput(
                "expected scale > 0, deviation > 0, regions and objects in [0, 1], found "
                f"{self.scale!r}, {self.deviation!r}, {self.regions!r} and {self.objects!r}"
            )

    def of_memory(self, location: float) -> Calibration:
        """Return the same with the tail of a whole memory, which begins at ``location``."""
        return replace(self, location=location, objects=0.0)

    def threshold(self, rate: float, *, objects: int, regions: int) -> float:
        """Return the score above which ``rate`` false alarms are expected in a photo.

        Args:
            rate: Expected false alarms, positive.
            objects: N >= 1, how many are remembered.
            regions: K >= 1, how many regions of the photo are compared.
        """
        return self.location + self.scale * math.log(self._chances(objects, regions) / rate)

    def probability(self, score: float, *, objects: int, regions: int) -> float:
        """Return how likely a best score is the right object's and not a stranger's, in [0, 1].

        The likelihood of the score under the right object against that of the highest of N K
        unknown ones, both taken to be equally frequent.

        Args:
            score: The highest score of a region.
            objects: N >= 1, how many are remembered.
            regions: K >= 1, how many regions of the photo are compared.
        """
        # Held at their modes, so that a higher score is never less likely to be right.
        right = min(score, self.mean)
        log_right = -0.5 * ((right - self.mean) / self.deviation) ** 2 - math.log(
            self.deviation * math.sqrt(2 * math.pi)
        )
        log_expected = min(
            math.log(self._chances(objects, regions)) + (self.location - score) / self.scale, 0.0
        )
        log_unknown = log_expected - math.log(self.scale) - math.exp(log_expected)
        return 1 / (1 + math.exp(min(log_unknown - log_right, 700.0)))

    def _chances(self, objects: int, regions: int) -> float:
        return math.pow(max(objects, 1), self.objects) * math.pow(max(regions, 1), self.regions)
