"""``outline_path``: where a soft mask ends, as the path of an SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pekit_agents.types import FloatArray, Proposal

__all__ = ["outline_path"]

_INSIDE = 0.5  # of a soft mask
_MOST_CELLS = 96  # a side: finer than a line that is drawn on a phone
#: Which edges of a square a line crosses, by which of its corners (top left, top right, bottom
#: right, bottom left as 1, 2, 4 and 8) lie inside. Edges: 0 top, 1 right, 2 bottom, 3 left.
_LINES: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((3, 0),),
    2: ((0, 1),),
    3: ((3, 1),),
    4: ((1, 2),),
    5: ((3, 2), (1, 0)),
    6: ((0, 2),),
    7: ((3, 2),),
    8: ((2, 3),),
    9: ((2, 0),),
    10: ((0, 3), (2, 1)),
    11: ((2, 1),),
    12: ((1, 3),),
    13: ((1, 0),),
    14: ((0, 3),),
}


def outline_path(proposal: Proposal) -> str:
    """Return where an object's mask ends, as the ``d`` of an SVG path in pixels of the photo.

    Marching squares over the mask's cells. The box where there is no mask, or nothing inside it.

    Args:
        proposal: The region of the object.
    """
    mask, box = proposal.mask, proposal.box
    if mask is None or not (mask.values >= _INSIDE).any():
        return f"M{box.x0:.1f} {box.y0:.1f}H{box.x1:.1f}V{box.y1:.1f}H{box.x0:.1f}Z"
    values = _coarse(mask.values)
    rows, columns = values.shape
    frame = mask.frame
    # Values are of cells' middles; a rim of nothing closes what reaches the edge.
    step_x, step_y = frame.width / columns, frame.height / rows
    padded = np.pad(values, 1)
    parts = []
    for line in _lines(padded):
        points = [
            (
                min(max(frame.x0 + (x - 0.5) * step_x, frame.x0), frame.x1),
                min(max(frame.y0 + (y - 0.5) * step_y, frame.y0), frame.y1),
            )
            for x, y in line
        ]
        parts.append(_rounded(points))
    return "".join(parts)


def _rounded(points: list[tuple[float, float]]) -> str:
    """Return a closed path through the middles of a line's pieces, with its corners rounded off."""
    middles = [
        ((x + next_x) / 2, (y + next_y) / 2)
        for (x, y), (next_x, next_y) in zip(points, points[1:] + points[:1], strict=True)
    ]
    start_x, start_y = middles[-1]
    curves = "".join(
        f"Q{x:.1f} {y:.1f} {to_x:.1f} {to_y:.1f}"
        for (x, y), (to_x, to_y) in zip(points, middles, strict=True)
    )
    return f"M{start_x:.1f} {start_y:.1f}{curves}Z"


def _coarse(values: FloatArray) -> FloatArray:
    """Return the means of blocks of cells where there are more than a line needs."""
    block = -(-max(values.shape) // _MOST_CELLS)
    if block == 1:
        return values
    rows, columns = (-(-side // block) * block for side in values.shape)
    filled = np.pad(values, ((0, rows - values.shape[0]), (0, columns - values.shape[1])), "edge")
    blocks = filled.reshape(rows // block, block, columns // block, block)
    means: FloatArray = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def _lines(values: FloatArray) -> list[list[tuple[float, float]]]:
    """Return closed lines around what is inside, as points (column, row)."""
    inside = values >= _INSIDE
    kinds = inside[:-1, :-1] + 2 * inside[:-1, 1:] + 4 * inside[1:, 1:] + 8 * inside[1:, :-1]
    following: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    for row, column in np.argwhere((kinds > 0) & (kinds < 15)).tolist():
        for begin, end in _LINES[int(kinds[row, column])]:
            following[_edge(row, column, begin)] = _edge(row, column, end)
    lines = []
    while following:
        edge, after = following.popitem()
        line = [_crossing(values, edge)]
        while after in following:
            line.append(_crossing(values, after))
            after = following.pop(after)
        lines.append(line)
    return lines


def _edge(row: int, column: int, side: int) -> tuple[int, int, int]:
    """Return an edge's name: the same for both squares that share it."""
    if side == 0:
        return row, column, 0
    if side == 2:
        return row + 1, column, 0
    return (row, column + 1, 1) if side == 1 else (row, column, 1)


def _crossing(values: FloatArray, edge: tuple[int, int, int]) -> tuple[float, float]:
    """Return where an edge meets the line, as (column, row)."""
    row, column, down = edge
    first = float(values[row, column])
    second = float(values[row + 1, column] if down else values[row, column + 1])
    share = (_INSIDE - first) / (second - first)
    return (column, row + share) if down else (column + share, row)
