"""Near twins: objects that resemble each other as much as a sighting resembles either.

Two flavours of one juice differ in a few patches, and the average over all patches (paper Eq. 2
and 4) hides these. So where a region may be one of several near twins, it is compared with their
views patch by patch: each patch with the patch most like it, in features and in colour. Pure
array code, like :mod:`pekit_agents.matching`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.types import ByteArray, Details, FloatArray

__all__ = ["TwinSettings", "agreement", "chances", "kinship"]

# Measured by cross-validation, see docs/recognition.md.
_CHROMA = 20.0  # in CIELAB: colours so far apart agree by 1 / e
_GREY = 5.0  # added to the chroma, so that things without colours are compared as well


@dataclass(frozen=True, slots=True)
class TwinSettings:
    """When objects are near twins, and what tells them apart.

    Attributes:
        within: Objects that score less than the best one by no more than this may be meant. In
            [0, 1].
        kinship: They are near twins of the best one if a view of theirs and one of its have a
            cosine of at least this share of the region's score. In [0, 1].
        score: Log-odds for a unit more of the object score.
        likeness: Log-odds for a unit more of likeness, patch by patch.
        colour: Log-odds for a unit more of agreement in colour.
        sure: The chance from which on one of them is named and the others are not. In [0.5, 1].
    """

    within: float
    kinship: float
    score: float
    likeness: float
    colour: float
    sure: float

    def __post_init__(self) -> None:
        for name, low in (("within", 0.0), ("kinship", 0.0), ("sure", 0.5)):
            value = getattr(self, name)
            if not low <= value <= 1:
                raise InvalidInput(f"expected {name} in [{low:g}, 1], found {value!r}")


def kinship(views: FloatArray, others: FloatArray) -> float:
    """Return how alike two objects are: the largest cosine of a view of each.

    Args:
        views: (V, D) float32 unit vectors.
        others: (U, D) float32 unit vectors.
    """
    return float((views @ others.T).max())


def agreement(region: Details, views: Sequence[Details]) -> tuple[float, float]:
    """Return how much a region agrees with an object, in features and in colour.

    Every patch of one is matched with the patch of the other whose features are most alike, and
    the other way round. Each measure is that of the view that agrees most.

    Args:
        region: Of a photo.
        views: Of one object, at least one.

    Returns:
        Likeness, the mean cosine of matched patches, in [-1, 1]; and the agreement of their
        colours in [0, 1], in which the more colourful a patch, the more it counts.
    """
    found = [_agree(region, view) for view in views]
    return max(likeness for likeness, _ in found), max(colour for _, colour in found)


def chances(
    scores: Sequence[float], agreements: Sequence[tuple[float, float]], settings: TwinSettings
) -> NDArray[np.float64]:
    """Return how likely each of R objects is the right one, if one of them is: (R,), sum 1.

    Args:
        scores: Their object scores.
        agreements: Of the region with each, as :func:`agreement` returns them.
        settings: What they weigh.
    """
    likeness, colour = np.array(agreements, np.float64).T
    odds = settings.score * np.asarray(scores, np.float64)
    odds = odds + settings.likeness * likeness + settings.colour * colour
    weights = np.exp(odds - odds.max())
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def _agree(one: Details, other: Details) -> tuple[float, float]:
    cosines = _unit(one.codes) @ _unit(other.codes).T  # (C, C')
    there = _one_way(one, other, cosines)
    back = _one_way(other, one, cosines.T)
    return (there[0] + back[0]) / 2, (there[1] + back[1]) / 2


def _one_way(one: Details, other: Details, cosines: FloatArray) -> tuple[float, float]:
    best = cosines.argmax(axis=1)
    alike = np.maximum(cosines[np.arange(len(best)), best], 0)
    weights = one.weights.astype(np.float32)
    mine = one.colours.astype(np.float32)
    theirs = other.colours[best].astype(np.float32)
    same = np.exp(-np.linalg.norm(mine - theirs, axis=1) / _CHROMA)
    chroma = np.maximum(np.linalg.norm(mine, axis=1), np.linalg.norm(theirs, axis=1))
    says = weights * alike * (_GREY + chroma) ** 2
    total = says.sum()
    colour = float((says * same).sum() / total) if total > 0 else 0.0
    return float((weights * alike).sum() / weights.sum()), colour


def _unit(codes: ByteArray) -> FloatArray:
    values = codes.astype(np.float32)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    unit: FloatArray = values / np.maximum(lengths, 1)
    return unit
