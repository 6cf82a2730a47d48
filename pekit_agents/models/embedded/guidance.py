"""Where in a photo something remembered may be: boxes of all sizes, pooled over patch grids.

Saliency finds what stands out, and in a crowd that is often something else. Here the patch
features that were computed for it anyway are pooled over a ladder of boxes, and a guide says which
of them resemble what is remembered. That is a hint at where to look closer, and never a sighting:
a box drawn by likeness would prove itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.boxes import containment
from pekit_agents.types import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.protocols import Guide
    from pekit_agents.types import FloatArray

__all__ = [
    "NEARLY",
    "ScoredBoxes",
    "box_ladder",
    "likeness_of",
    "pick_places",
    "pool_boxes",
    "scored_boxes",
    "worth_a_look",
]

_SIZES = (2.5, 3.5, 5.0, 7.0, 10.0)  # patches: the square root of a box's area
_ASPECTS = (0.6, 1.0, 1.6)  # width over height
# Log-odds below being named: a box is worth a closer look. It holds more than the thing.
_REACH = 4.5
_WITHIN = 0.3  # of the smaller box: so much inside another is the same place, or a part of it
#: A box around another with log-odds lower by no more than this shows more of the same thing.
NEARLY = 1.0


@lru_cache
def box_ladder(rows: int, columns: int) -> NDArray[np.int64]:
    """Return boxes of several sizes and shapes at regular steps over a patch grid.

    Returns:
        (M, 4) int64 of x0, y0, x1, y1 in patches, ends exclusive; M may be 0.
    """
    boxes = set()
    for size in _SIZES:
        step = max(1, round(size / 4))
        for aspect in _ASPECTS:
            width, height = round(size * aspect**0.5), round(size / aspect**0.5)
            for y in range(0, rows - height + 1, step):
                for x in range(0, columns - width + 1, step):
                    boxes.add((x, y, x + width, y + height))
    return np.array(sorted(boxes), np.int64).reshape(-1, 4)


def pool_boxes(grid: FloatArray, boxes: NDArray[np.int64]) -> FloatArray:
    """Return the mean patch feature of each box.

    Args:
        grid: (rows, columns, D) float32 patch features.
        boxes: (M, 4) int64, in patches.

    Returns:
        (M, D) float32.
    """
    rows, columns, dim = grid.shape
    x0, y0, x1, y1 = boxes.T[:, :, None]
    across, down = np.arange(columns), np.arange(rows)
    inside = (down >= y0) & (down < y1), (across >= x0) & (across < x1)
    shares = [each / each.sum(axis=1, keepdims=True, dtype=np.float32) for each in inside]
    # One product of (M, rows * columns) with the patches is quicker than running sums of these.
    weights = (shares[0][:, :, None] * shares[1][:, None, :]).reshape(len(boxes), -1)
    means: FloatArray = weights.astype(np.float32) @ grid.reshape(-1, dim)
    return means


@dataclass(frozen=True, slots=True, eq=False)
class ScoredBoxes:
    """The boxes of a window and how much each resembles what is remembered.

    Attributes:
        xyxy: (M, 4) float64, in pixels of the photo.
        likeness: (M,) float32 log-odds, or cosines; 0 where it would just be named.
    """

    xyxy: NDArray[np.float64]
    likeness: FloatArray


def scored_boxes(grid: FloatArray, window: Box, guide: Guide) -> ScoredBoxes:
    """Return boxes all over a window with what the guide says of them.

    Args:
        grid: (rows, columns, D) float32 patch features of the window.
        window: The rectangle of the photo that they cover, edge to edge.
        guide: Says how much pooled features resemble what is remembered.
    """
    rows, columns = grid.shape[:2]
    boxes = box_ladder(rows, columns)
    step = (window.width / columns, window.height / rows) * 2
    xyxy = np.array([window.x0, window.y0] * 2) + boxes * step
    return ScoredBoxes(xyxy, guide(pool_boxes(grid, boxes)))


def pick_places(scored: Sequence[ScoredBoxes], *, limit: int) -> list[Box]:
    """Return the places of a photo that most resemble what is remembered, the best first.

    A part may be more alike than the whole that it belongs to (a head, a label), so a place is
    the largest box around the best one that is nearly as alike.

    Args:
        scored: The boxes of each window of the photo.
        limit: How many places to return at most.
    """
    xyxy = np.concatenate([each.xyxy for each in scored])
    likeness = np.concatenate([each.likeness for each in scored])
    worth = np.flatnonzero(likeness > -_REACH)
    ranked = worth[np.argsort(-likeness[worth], kind="stable")]
    xyxy, likeness = xyxy[ranked], likeness[ranked]
    kept: list[int] = []
    free = np.ones(len(ranked), bool)  # not the same place as one that is kept
    for index in range(len(ranked)):
        if not free[index]:
            continue
        nearly = np.searchsorted(-likeness, NEARLY - likeness[index], side="left")
        whole = _largest_around(xyxy[index], xyxy[:nearly])
        if free[whole]:
            kept.append(whole)
            free &= containment(xyxy[[whole]], xyxy)[0] <= _WITHIN
            if len(kept) == limit:
                break
    return [Box(*map(float, xyxy[index])) for index in kept]


def likeness_of(grid: FloatArray, window: Box, box: Box, guide: Guide) -> float:
    """Return how much a box of the photo resembles what is remembered.

    Args:
        grid: (rows, columns, D) float32 patch features of a window.
        window: The rectangle of the photo that it covers.
        box: Inside that window; taken to whole patches.
        guide: Says how much pooled features resemble what is remembered.
    """
    rows, columns = grid.shape[:2]
    scale = np.array([columns / window.width, rows / window.height] * 2)
    edges = (np.array(box.xyxy) - [window.x0, window.y0] * 2) * scale
    # Rounding may carry a box that ends with its window past the last patch.
    x0, y0, x1, y1 = np.clip(edges, 0, [columns, rows] * 2)
    patches = [math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1)]
    return float(guide(pool_boxes(grid, np.array([patches])))[0])


def worth_a_look(likeness: float) -> bool:
    """Return whether a box that is so much alike is worth a close-up."""
    return likeness > -_REACH


def _largest_around(box: NDArray[np.float64], candidates: NDArray[np.float64]) -> int:
    """Return the largest of (M, 4) boxes that hold a box; the box itself is one of them."""
    around = np.flatnonzero(
        (candidates[:, :2] <= box[:2]).all(axis=1) & (candidates[:, 2:] >= box[2:]).all(axis=1)
    )
    areas = (candidates[around, 2:] - candidates[around, :2]).prod(axis=1)
    return int(around[areas.argmax()])
