"""From similarities to sightings (paper 3.3): pure array code, no model and no storage.

A region is given to the object whose views it resembles most, if it resembles them enough. The
rest is suppression: one box for each sighting, chosen across identities, so that one place in
the photo is never two objects and two look-alikes side by side keep a box each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.boxes import containment, iou_matrix
from pekit_agents.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.types import Box, FloatArray

__all__ = ["MatchSettings", "Sighting", "match", "object_scores"]


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """How alike is alike enough.

    Attributes:
        threshold: tau: a region below it is nobody's. In [-1, 1], in units of the object score.
        region_margin: With K regions in a photo tau rises by ``region_margin * ln K``: more
            looks are more chances to be wrong. In [0, 1]; the paper has none.
        max_weight: Share of the best view in an object's score; the rest is the mean over its
            views. 1 is the paper's maximum; less asks the views to agree.
        overlap: Two boxes with a larger IoU are one place; the better one stays. In [0, 1].
        inside: A box that lies in a box of the same object by more than this share is a part
            of it, or holds it with much else; the better one stays. In [0, 1].
    """

    threshold: float = 0.75
    region_margin: float = 0.0
    max_weight: float = 1.0
    overlap: float = 0.4
    inside: float = 0.7

    def __post_init__(self) -> None:
        for name in ("threshold", "region_margin", "max_weight", "overlap", "inside"):
            value, low = getattr(self, name), -1 if name == "threshold" else 0
            if not low <= value <= 1:  # also catches NaN
                raise InvalidInput(f"expected {name} in [{low}, 1], found {value!r}")


@dataclass(frozen=True, slots=True)
class Sighting:
    """One accepted region: indices into the proposals and the objects, and the score."""

    proposal: int
    object: int
    score: float


def object_scores(
    queries: FloatArray, views: FloatArray, starts: NDArray[np.int64], *, max_weight: float
) -> FloatArray:
    """Return how much each region resembles each object.

    The cosine to every view (paper 3.3), then per object
    ``max_weight * max + (1 - max_weight) * mean``.

    Args:
        queries: (K, D) float32 unit vectors of the regions.
        views: (V, D) float32 unit vectors of all objects' views, grouped by object.
        starts: (N + 1,) int64: the views of object i are ``views[starts[i]:starts[i + 1]]``,
            at least one each.
        max_weight: Share of the best view.

    Returns:
        (K, N) float32 in [-1, 1].
    """
    if len(queries) == 0 or len(views) == 0:
        return np.zeros((len(queries), len(starts) - 1), np.float32)
    cosines = queries @ views.T
    best = np.maximum.reduceat(cosines, starts[:-1], axis=1)
    if max_weight == 1:
        return best
    mean = np.add.reduceat(cosines, starts[:-1], axis=1) / np.diff(starts).astype(np.float32)
    mixed: FloatArray = (max_weight * best + (1 - max_weight) * mean).astype(np.float32)
    return mixed


def match(boxes: Sequence[Box], scores: FloatArray, settings: MatchSettings) -> list[Sighting]:
    """Return the sightings among scored regions, the surest first.

    Args:
        boxes: K boxes, xyxy in pixels.
        scores: (K, N) float32 object scores of their regions.
        settings: Threshold and suppression.

    Returns:
        At most one sighting for each place in the photo; ``[]`` when nothing is alike enough.
    """
    if scores.size == 0:
        return []
    identities = scores.argmax(axis=1)
    best = scores.max(axis=1)
    threshold = settings.threshold + settings.region_margin * math.log(len(boxes))
    order = [int(k) for k in np.argsort(-best, kind="stable") if best[k] > threshold]
    xyxy = np.array([box.xyxy for box in boxes], np.float64).reshape(-1, 4)
    overlap, inside = iou_matrix(xyxy, xyxy), containment(xyxy, xyxy)
    kept: list[int] = []
    for k in order:
        same = identities[kept] == identities[k]
        taken = (overlap[k, kept] > settings.overlap) | (same & (inside[k, kept] > settings.inside))
        if not taken.any():
            kept.append(k)
    return [Sighting(k, int(identities[k]), float(best[k])) for k in kept]
