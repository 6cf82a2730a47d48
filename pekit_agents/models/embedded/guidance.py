"""Where in a photo something remembered may be: boxes of all sizes, pooled over patch grids.

Saliency finds what stands out, and in a crowd that is often something else. Here the patch
features that were computed for it anyway are pooled over a ladder of boxes (from running sums, so
nearly for nothing), and a guide says which of them resemble what is remembered. That is a hint
at where to look closer, and never a sighting: a box drawn by likeness would prove itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.boxes import containment
from pekit_agents.types import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.protocols import Guide
    from pekit_agents.types import FloatArray

__all__ = ["NEARLY", "box_ladder", "likeness_of", "pool_boxes", "resembling"]

_SIZES = (2.5, 3.5, 5.0, 7.0, 10.0)  # patches: the square root of a box's area
_ASPECTS = (0.6, 1.0, 1.6)  # width over height
#: Log-odds below being named: a box is worth a closer look. It holds more than the thing.
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
    sums = np.zeros((rows + 1, columns + 1, dim), np.float64)
    sums[1:, 1:] = grid.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
    x0, y0, x1, y1 = boxes.T
    total = sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]
    means: FloatArray = (total / ((x1 - x0) * (y1 - y0))[:, None]).astype(np.float32)
    return means


def resembling(
    grids: Sequence[FloatArray],
    windows: Sequence[Box],
    guide: Guide,
    *,
    limit: int,
) -> list[Box]:
    """Return the places of a photo that most resemble what is remembered, the best first.

    A part may be more alike than the whole that it belongs to (a head, a label), so a place is
    the largest box around the best one that is nearly as alike.

    Args:
        grids: (rows, columns, D) float32 patch features of each window.
        windows: The rectangles of the photo that they cover, edge to edge.
        guide: Says how much pooled features resemble what is remembered.
        limit: How many places to return at most.
    """
    found = [_scored(grid, window, guide) for grid, window in zip(grids, windows, strict=True)]
    xyxy = np.concatenate([boxes for boxes, _ in found])
    likeness = np.concatenate([scores for _, scores in found])
    ranked = np.argsort(-likeness, kind="stable")
    ranked = ranked[likeness[ranked] > -_REACH]
    kept: list[int] = []
    for index in ranked:
        if not _same_place(xyxy[[index]], xyxy[kept]).any():
            nearly = ranked[likeness[ranked] > likeness[index] - NEARLY]
            whole = _largest_around(index, nearly, xyxy)
            if not _same_place(xyxy[[whole]], xyxy[kept]).any():
                kept.append(whole)
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


def _same_place(box: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = containment(box, others)[0] > _WITHIN
    return same


def _largest_around(index: int, candidates: NDArray[np.intp], xyxy: NDArray[np.float64]) -> int:
    """Return the largest of the candidates that hold a box; the box itself is one of them."""
    low, high = xyxy[candidates, :2], xyxy[candidates, 2:]
    around = ((low <= xyxy[index, :2]) & (high >= xyxy[index, 2:])).all(axis=1)
    areas = (high - low).prod(axis=1)
    return int(candidates[np.where(around, areas, 0).argmax()])


def _scored(grid: FloatArray, window: Box, guide: Guide) -> tuple[NDArray[np.float64], FloatArray]:
    """Return the (M, 4) boxes over a window, in pixels of the photo, and their likeness (M,)."""
    rows, columns = grid.shape[:2]
    boxes = box_ladder(rows, columns)
    step = (window.width / columns, window.height / rows) * 2
    xyxy = np.array([window.x0, window.y0] * 2) + boxes * step
    return xyxy, guide(pool_boxes(grid, boxes))
