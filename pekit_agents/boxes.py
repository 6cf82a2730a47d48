"""Pure geometry of boxes: xyxy, absolute pixels, origin top left, x1 and y1 exclusive.

A degenerate box (empty, inverted or not finite) overlaps nothing: its row or column is 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pekit_agents.errors import InvalidInput
from pekit_agents.types import Box, Mask, Proposal

__all__ = [
    "as_box",
    "clip",
    "close_up",
    "containment",
    "framed",
    "iou_matrix",
    "nms",
    "resized",
    "resized_proposal",
]

_Floats: TypeAlias = NDArray[np.float64]
_HUGE = 1e100  # areas beyond it would overflow
_CLOSE_UP = 1.4  # side of a close-up, in longer sides of the box it shows
_LEAST_SIDE = 32  # pixels: a smaller close-up shows nothing more
_FRAME = 0.15  # of a box's sides, seen around it when it fills the picture


def iou_matrix(boxes_a_xyxy: ArrayLike, boxes_b_xyxy: ArrayLike) -> _Floats:
    """Return the intersection over union of every pair.

    Args:
        boxes_a_xyxy: (N, 4) boxes; may be empty.
        boxes_b_xyxy: (M, 4) boxes; may be empty.

    Returns:
        (N, M) float64 in [0, 1].

    Raises:
        InvalidInput: An argument is not a list of boxes.
    """
    a, b = _as_rows(boxes_a_xyxy), _as_rows(boxes_b_xyxy)
    shared = _intersection(a, b)
    return _ratio(shared, _areas(a)[:, None] + _areas(b)[None, :] - shared)


def containment(boxes_a_xyxy: ArrayLike, boxes_b_xyxy: ArrayLike) -> _Floats:
    """Return the intersection over the smaller box of every pair: 1 when one holds the other.

    Args:
        boxes_a_xyxy: (N, 4) boxes; may be empty.
        boxes_b_xyxy: (M, 4) boxes; may be empty.

    Returns:
        (N, M) float64 in [0, 1].

    Raises:
        InvalidInput: An argument is not a list of boxes.
    """
    a, b = _as_rows(boxes_a_xyxy), _as_rows(boxes_b_xyxy)
    return _ratio(_intersection(a, b), np.minimum(_areas(a)[:, None], _areas(b)[None, :]))


def nms(boxes_xyxy: ArrayLike, scores: ArrayLike, threshold: float) -> NDArray[np.intp]:
    """Keep the best of every cluster of overlapping boxes (greedy non-maximum suppression).

    Args:
        boxes_xyxy: (N, 4) boxes; may be empty.
        scores: (N,) scores, higher is better; of equals the earlier box wins.
        threshold: A box goes when its IoU with a kept one is above this; in [0, 1].

    Returns:
        (K,) indices of the kept boxes, highest score first.

    Raises:
        InvalidInput: The lengths differ, a score is NaN, or the threshold is outside [0, 1].
    """
    boxes, values = _as_rows(boxes_xyxy), np.asarray(scores, dtype=np.float64).reshape(-1)
    if len(boxes) != len(values) or np.isnan(values).any():
        raise InvalidInput(
            f"nms: expected one score, not NaN, for each of {len(boxes)} boxes, got {values!r:.200}"
            "; pass the scores in the order of the boxes."
        )
    if not 0 <= threshold <= 1:
        raise InvalidInput(f"nms: expected a threshold in [0, 1], got {threshold}; 0.5 is usual.")
    return _suppress(boxes, np.argsort(-values, kind="stable"), threshold)


def _suppress(boxes: _Floats, queue: NDArray[np.intp], threshold: float) -> NDArray[np.intp]:
    kept: list[int] = []
    while queue.size:
        best, rest = int(queue[0]), queue[1:]
        kept.append(best)
        queue = rest[iou_matrix(boxes[[best]], boxes[rest])[0] <= threshold]
    return np.asarray(kept, dtype=np.intp)


def clip(box: Box, width: float, height: float) -> Box | None:
    """Return the part of a box inside a (width, height) image; None if nothing is left."""
    if not all(map(math.isfinite, box.xyxy)):
        return None
    x0, y0 = max(box.x0, 0.0), max(box.y0, 0.0)
    x1, y1 = min(box.x1, float(width)), min(box.y1, float(height))
    return Box(x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def close_up(box: Box, width: int, height: int, *, factor: float = _CLOSE_UP) -> Box:
    """Return a square window around a box, in whole pixels inside a (width, height) image.

    Its side is ``factor`` times the box's longer side, at least 32 pixels, less what the image's
    edges cut off; so an object is framed alike wherever it is.
    """
    half = max(factor * max(box.width, box.height), _LEAST_SIDE) / 2
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    return Box(
        max(0, round(x - half)),
        max(0, round(y - half)),
        min(width, round(x + half)),
        min(height, round(y + half)),
    )


def framed(box: Box, width: int, height: int) -> Box:
    """Return the window that a box nearly fills, in whole pixels inside a (width, height) image.

    It keeps the box's shape, with a margin of 0.15 of its sides.
    """
    x, y = _FRAME * box.width, _FRAME * box.height
    return Box(
        max(0, math.floor(box.x0 - x)),
        max(0, math.floor(box.y0 - y)),
        min(width, math.ceil(box.x1 + x)),
        min(height, math.ceil(box.y1 + y)),
    )


def resized(box: Box, from_wh: tuple[int, int], to_wh: tuple[int, int]) -> Box:
    """Return a box in pixels of the same picture at another size.

    Args:
        box: In pixels of the picture at ``from_wh``.
        from_wh: Width and height that the picture has there.
        to_wh: Width and height that it has here.
    """
    if from_wh == to_wh:
        return box
    x, y = to_wh[0] / from_wh[0], to_wh[1] / from_wh[1]
    return Box(box.x0 * x, box.y0 * y, box.x1 * x, box.y1 * y)


def resized_proposal(
    proposal: Proposal, from_wh: tuple[int, int], to_wh: tuple[int, int]
) -> Proposal:
    """Return a region in pixels of the same picture at another size; its mask's raster stays."""
    if from_wh == to_wh:
        return proposal
    mask, window = proposal.mask, proposal.window
    return replace(
        proposal,
        box=resized(proposal.box, from_wh, to_wh),
        mask=None if mask is None else Mask(mask.values, resized(mask.frame, from_wh, to_wh)),
        window=None if window is None else resized(window, from_wh, to_wh),
    )


def as_box(value: Box | Sequence[float] | NDArray[Any], width: int, height: int) -> Box:
    """Check a box that came from outside and clip it to its image.

    Args:
        value: A box, or ``(x0, y0, x1, y1)`` in pixels of the upright image.
        width: Width of that image.
        height: Height of that image.

    Returns:
        The box, clipped to the image.

    Raises:
        InvalidInput: It is not four finite numbers with x0 < x1 and y0 < y1, or it lies
            outside the image; the message guesses at [0, 1] and at x, y, width, height.
    """
    edges = x0, y0, x1, y1 = _as_edges(value)
    rule = f"expected x0 < x1 and y0 < y1 in pixels of the {width}x{height} image"
    found = f"({x0:g}, {y0:g}, {x1:g}, {y1:g})"
    if all(0 <= edge <= 1 for edge in edges) and max(width, height) > 1:
        remedy = f"these look normalised: multiply by width {width} and height {height}"
        raise _bad_box(found, rule, remedy)
    if x0 >= x1 or y0 >= y1:
        raise _bad_box(found, rule, _swapped_hint(edges))
    if (box := clip(Box(*edges), width, height)) is None:
        raise _bad_box(found, rule, "it lies outside: was it measured on another size?")
    return box


def _as_edges(value: object) -> tuple[float, float, float, float]:
    try:
        edges = np.asarray(value.xyxy if isinstance(value, Box) else value)
    except ValueError as exc:  # a ragged list
        raise _bad_box(repr(value), "expected four numbers", "pass (x0, y0, x1, y1)") from exc
    if edges.dtype.kind not in "iuf" or edges.shape != (4,) or not np.isfinite(edges).all():
        raise _bad_box(repr(value), "expected four finite numbers", "pass (x0, y0, x1, y1)")
    x0, y0, x1, y1 = map(float, edges)
    return x0, y0, x1, y1


def _swapped_hint(edges: tuple[float, float, float, float]) -> str:
    x0, y0, x1, y1 = edges
    if x1 > 0 and y1 > 0:
        return (
            "if they are x, y, width and height, pass "
            f"({x0:g}, {y0:g}, {x0 + x1:g}, {y0 + y1:g}) instead"
        )
    return "pass the left, top, right and bottom edge"


def _bad_box(found: str, expected: str, remedy: str) -> InvalidInput:
    return InvalidInput(f"box: {expected}, got {found:.120}; {remedy}.")


def _as_rows(boxes_xyxy: ArrayLike) -> _Floats:
    """Return (N, 4) float64 with degenerate boxes set to zero."""
    rows = np.asarray(boxes_xyxy, dtype=np.float64)
    if rows.size == 0:
        return np.zeros((0, 4))
    if rows.ndim != 2 or rows.shape[1] != 4:
        raise InvalidInput(
            f"boxes: expected shape (N, 4), got {rows.shape}; pass rows of x0, y0, x1, y1."
        )
    ordered = (rows[:, 0] < rows[:, 2]) & (rows[:, 1] < rows[:, 3])
    sound = ordered & (np.abs(rows) < _HUGE).all(axis=1)  # NaN fails too
    return np.where(sound[:, None], rows, 0.0)


def _areas(rows: _Floats) -> _Floats:
    areas: _Floats = (rows[:, 2] - rows[:, 0]) * (rows[:, 3] - rows[:, 1])
    return areas


def _intersection(a: _Floats, b: _Floats) -> _Floats:
    start = np.maximum(a[:, None, :2], b[None, :, :2])  # (N, M, 2)
    end = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared: _Floats = np.maximum(end - start, 0.0).prod(axis=2)
    return shared


def _ratio(part: _Floats, whole: _Floats) -> _Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
