"""From a saliency map to the regions that stand out in it.

Pure array code: the map covers a window of the photo edge to edge, the proposals come back in
the photo's own pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.types import Box, Mask, Proposal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.types import FloatArray

__all__ = ["connected_components", "salient_regions"]

_CELL = 7  # pixels of the map in one cell of the mask: two cells to a patch
_THRESHOLD = 0.65  # of the map's peak
_MIN_PEAK = 0.5  # a flatter map shows nothing that stands out
_MIN_CELLS = 6  # a patch and a half; less pools mostly background
_MIN_SHARE = 0.1  # of the largest component: smaller ones beside it are noise
_MAX_COVER = 0.9  # of the window: where everything is salient (a wall, a lawn) nothing stands out


def salient_regions(saliency: FloatArray, window: Box) -> list[Proposal]:
    """Return the regions that stand out in a window, the most salient first.

    The first is the whole salient area, which is the object when there is one. When the area
    falls apart into several pieces, each piece follows as a proposal of its own.

    Args:
        saliency: (7 * h, 7 * w) float32 in [0, 1], covering the window edge to edge.
        window: Which rectangle of the photo the map covers.

    Returns:
        Proposals in pixels of the photo with masks over the window; ``[]`` for a flat map,
        dark or bright.
    """
    peak = float(saliency.max())
    if peak < _MIN_PEAK:
        return []
    threshold = _THRESHOLD * peak
    cells = _cell_means(saliency)
    pieces = [
        piece for piece in connected_components(cells > threshold) if piece.sum() >= _MIN_CELLS
    ]
    if not pieces:
        return []
    largest = max(piece.sum() for piece in pieces)
    if largest > _MAX_COVER * cells.size:
        return []
    pieces = [piece for piece in pieces if piece.sum() >= _MIN_SHARE * largest]
    pieces.sort(key=lambda piece: -float(cells[piece].sum()))
    areas = [np.logical_or.reduce(pieces), *pieces] if len(pieces) > 1 else pieces
    return [_proposal(area, saliency, cells, threshold, window) for area in areas]


def connected_components(cells: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Return one (h, w) bool mask for each 4-connected component, in reading order."""
    labels = np.where(cells, np.arange(1, cells.size + 1).reshape(cells.shape), 0)
    while True:
        padded = np.pad(labels, 1)
        neighbours = np.maximum.reduce(
            [padded[1:-1, 1:-1], padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2],
             padded[1:-1, 2:]]
        )  # fmt: skip
        grown = np.where(cells, neighbours, 0)
        if np.array_equal(grown, labels):
            break
        labels = grown
    return [labels == label for label in np.unique(labels[cells])]


def _cell_means(saliency: FloatArray) -> FloatArray:
    height, width = saliency.shape
    blocks = saliency.reshape(height // _CELL, _CELL, width // _CELL, _CELL)
    means: FloatArray = blocks.mean(axis=(1, 3))
    return means


def _proposal(
    area: NDArray[np.bool_],
    saliency: FloatArray,
    cells: FloatArray,
    threshold: float,
    window: Box,
) -> Proposal:
    """Return the proposal of an area of cells; its box is read off the full-resolution map."""
    fine = np.kron(area, np.ones((_CELL, _CELL), bool)) & (saliency > threshold)
    rows, columns = np.flatnonzero(fine.any(axis=1)), np.flatnonzero(fine.any(axis=0))
    scale_x, scale_y = window.width / fine.shape[1], window.height / fine.shape[0]
    box = Box(
        window.x0 + float(columns[0]) * scale_x,
        window.y0 + float(rows[0]) * scale_y,
        window.x0 + float(columns[-1] + 1) * scale_x,
        window.y0 + float(rows[-1] + 1) * scale_y,
    )
    mask = Mask(area.astype(np.float32), window)
    return Proposal(box=box, score=float(cells[area].mean()), mask=mask, window=window)
