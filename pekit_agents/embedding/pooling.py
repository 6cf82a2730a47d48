"""Regions to vectors: masked average pooling of patch features (paper Eq. 2 and 4).

A region is pooled in the window it was proposed in, so that a small object in a large photo
gets as many patches as its window allows. ``window=None`` pools over the whole photo, as the
paper does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.boxes import framed
from pekit_agents.embedding.augmentation import synthetic_views
from pekit_agents.types import Box, Mask, Proposal, View

if TYPE_CHECKING:
    from pekit_agents.protocols import Encoder
    from pekit_agents.types import FloatArray, RGBImage

_MASK_SHAPE = (256, 256)  # finer than any patch grid
_SAME_VIEW = 0.8  # of a window: a closer one that shows more of it shows nothing new

__all__ = [
    "coverage",
    "embed_proposals",
    "embed_reference",
    "mean_direction",
    "pool",
    "pool_proposals",
    "pool_reference",
]


def embed_proposals(image: RGBImage, proposals: Sequence[Proposal], encoder: Encoder) -> FloatArray:
    """Return the vectors e_o of a photo's proposals (Eq. 4).

    What :func:`pool_proposals` returns, as unit rows.
    """
    if not proposals:
        return np.zeros((0, encoder.dim), np.float32)
    return encoder.normalize(pool_proposals(image, proposals, encoder))


def pool_proposals(image: RGBImage, proposals: Sequence[Proposal], encoder: Encoder) -> FloatArray:
    """Return the pooled features of a photo's proposals, each in its window, not normalised.

    Args:
        image: The photo the proposals refer to.
        proposals: K regions of it.
        encoder: Gives the patch features.

    Returns:
        (K, D) float32, in the order of the proposals.
    """
    if not proposals:
        return np.zeros((0, encoder.dim), np.float32)
    whole = Box(0, 0, *image.size)
    windows = [proposal.window or whole for proposal in proposals]
    distinct = list(dict.fromkeys(windows))
    grids = dict(
        zip(distinct, encoder.encode([_crop(image, window) for window in distinct]), strict=True)
    )
    pooled = [
        pool(grids[window], window, proposal)
        for window, proposal in zip(windows, proposals, strict=True)
    ]
    return np.stack(pooled)


def embed_reference(
    image: RGBImage, proposal: Proposal, encoder: Encoder, *, augment: bool
) -> View:
    """Return the view of an object in a reference photo: its e_p (Eq. 2).

    With ``augment`` the vector is the mean direction over the region, a close-up of it, and the
    mirror images of both.

    Args:
        image: The reference photo.
        proposal: The object's region in it (S_p).
        encoder: Gives the patch features.
        augment: Whether to average over a close-up and synthetic views.
    """
    looks = pool_reference(image, proposal, encoder, augment=augment)
    return View(vector=mean_direction(looks, encoder), proposal=proposal)


def pool_reference(
    image: RGBImage, proposal: Proposal, encoder: Encoder, *, augment: bool
) -> FloatArray:
    """Return the pooled features that :func:`embed_reference` averages, not normalised.

    Returns:
        (L, D) float32: the region first, then what else was pooled.
    """
    window = proposal.window or Box(0, 0, *image.size)
    looks = _looks(image, proposal, window) if augment else [_outlined(image, proposal, window)]
    grids = encoder.encode([look for look, _ in looks])
    pooled = [
        pool(grid, look_mask.frame, Proposal(look_mask.frame, 1.0, look_mask))
        for grid, (_, look_mask) in zip(grids, looks, strict=True)
    ]
    return np.stack(pooled)


def _looks(image: RGBImage, proposal: Proposal, window: Box) -> list[tuple[RGBImage, Mask]]:
    looks = synthetic_views(*_outlined(image, proposal, window))
    closer = framed(proposal.box, *image.size)
    if closer.area <= _SAME_VIEW * window.area:
        looks += synthetic_views(*_outlined(image, proposal, closer))
    return looks


def _outlined(image: RGBImage, proposal: Proposal, window: Box) -> tuple[RGBImage, Mask]:
    """Return a window of a photo and the region in it, in pixels of the window."""
    crop = _crop(image, window)
    return crop, Mask(coverage(proposal, window, _MASK_SHAPE), Box(0, 0, *crop.size))


def mean_direction(looks: FloatArray, encoder: Encoder) -> FloatArray:
    """Return the one vector, (D,) float32 of unit length, for (L, D) pooled features."""
    mean = encoder.normalize(looks).mean(axis=0)
    unit: FloatArray = (mean / np.linalg.norm(mean)).astype(np.float32)
    return unit


def pool(grid: FloatArray, window: Box, proposal: Proposal) -> FloatArray:
    """Return the average of a window's patch features over a region: AvgPool of Eq. 2 and 4.

    Each patch weighs as much as the region covers of it.

    Args:
        grid: (rows, columns, D) float32 patch features that cover the window edge to edge.
        window: The rectangle of the photo that was encoded.
        proposal: The region, in pixels of the photo; it must overlap the window.

    Returns:
        (D,) float32, not normalised.
    """
    weights = coverage(proposal, window, grid.shape[:2])
    total = weights.sum()
    if total <= 0:  # an empty mask: fall back on the box, which is never empty
        return pool(grid, window, Proposal(proposal.box, proposal.score))
    return np.tensordot(weights / total, grid, axes=2).astype(np.float32)


def coverage(proposal: Proposal, window: Box, shape: tuple[int, int]) -> FloatArray:
    """Return how much of each cell of a raster over the window a region covers.

    The mask's cells are averaged over each target cell by their exact overlap, so neither
    raster has to be a multiple of the other.

    Args:
        proposal: The region; without a mask its whole box counts.
        window: The rectangle of the photo that the target raster covers.
        shape: (rows, columns) of the target raster.

    Returns:
        (rows, columns) float32 in [0, 1].
    """
    mask = proposal.mask or Mask(np.ones((1, 1), np.float32), proposal.box)
    frame = mask.frame
    down = _overlap(window.y0, window.y1, shape[0], frame.y0, frame.y1, mask.values.shape[0])
    across = _overlap(window.x0, window.x1, shape[1], frame.x0, frame.x1, mask.values.shape[1])
    return (down @ mask.values @ across.T).astype(np.float32)


def _overlap(
    start: float, stop: float, cells: int, from_start: float, from_stop: float, from_cells: int
) -> FloatArray:
    """Return (cells, from_cells): the share of each target cell that lies in each source cell."""
    edges = np.linspace(start, stop, cells + 1)[:, None]
    source = np.linspace(from_start, from_stop, from_cells + 1)[None]
    shared = np.minimum(edges[1:], source[:, 1:]) - np.maximum(edges[:-1], source[:, :-1])
    share: FloatArray = (np.maximum(shared, 0) / (edges[1:] - edges[:-1])).astype(np.float32)
    return share


def _crop(image: RGBImage, window: Box) -> RGBImage:
    """Return the window's pixels; the photo itself when the window is all of it."""
    return image if window == Box(0, 0, *image.size) else image.crop(window.pixels)
