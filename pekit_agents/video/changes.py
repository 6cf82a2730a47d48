"""What differs from frame to frame: ``moved``, ``is_cut`` and ``sharpness_of``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.video.following import camera_shift

if TYPE_CHECKING:
    from pekit_agents.types import FloatArray
    from pekit_agents.video.following import GreyImage

__all__ = ["correlation", "is_cut", "moved", "sharpness_of"]

# ``python -m benchmarks video following`` compares the limits below with others.
_BLOCK = 8  # pixels a side of the blocks whose means are compared
_CHANGED = 6.0  # grey values
_SAME_SCENE = 0.4  # correlation


def moved(before: GreyImage, now: GreyImage) -> bool:
    """Return whether anything is in another place than it was.

    Means of blocks are compared, so that noise is none, less the change of the picture as a whole,
    so that a cloud is none either.

    Args:
        before: (h, w) grey values.
        now: (h, w), later.
    """
    change = _blocks(now) - _blocks(before)
    return bool((np.abs(change - np.median(change)) > _CHANGED).any())


def is_cut(before: GreyImage, now: GreyImage) -> bool:
    """Return whether two frames that follow each other are of different shots.

    They do not correlate, wherever the camera's movement would take one.

    Args:
        before: (h, w) grey values.
        now: (h, w), of the next frame.
    """
    return correlation(before, now) < _SAME_SCENE


def correlation(before: GreyImage, now: GreyImage) -> float:
    """Return how alike two frames are, as they are or moved as the camera moved, in [-1, 1]."""
    shifts = (0, 0), camera_shift(before, now)
    return max(_overlap_correlation(before, now, *shift) for shift in shifts)


def sharpness_of(values: GreyImage) -> float:
    """Return how sharp a frame is beside others of its shot: the variance of the Laplacian."""
    if min(values.shape) < 3:
        return 0.0
    edges = 4 * values[1:-1, 1:-1] - values[:-2, 1:-1] - values[2:, 1:-1] - values[1:-1, :-2]
    return float((edges - values[1:-1, 2:]).var())


def _blocks(values: GreyImage) -> FloatArray:
    rows, columns = max(1, values.shape[0] // _BLOCK), max(1, values.shape[1] // _BLOCK)
    even = values[: rows * _BLOCK, : columns * _BLOCK]
    high, wide = even.shape[0] // rows, even.shape[1] // columns
    parts = even[: rows * high, : columns * wide].reshape(rows, high, columns, wide)
    means: FloatArray = parts.mean(axis=(1, 3))
    return means


def _overlap_correlation(before: GreyImage, now: GreyImage, across: int, down: int) -> float:
    height, width = before.shape
    one = before[max(0, -down) : height - max(0, down), max(0, -across) : width - max(0, across)]
    two = now[max(0, down) : height + min(0, down), max(0, across) : width + min(0, across)]
    if min(one.shape) < 2:
        return -1.0
    one, two = one - one.mean(), two - two.mean()
    size = float(np.sqrt((one**2).sum() * (two**2).sum()))
    return float((one * two).sum()) / size if size > 0 else 1.0
