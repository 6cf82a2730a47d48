"""Centring and whitening of features: pure array code.

Patch features of most encoders lie in a narrow cone and vary most along a few directions that say
little of which thing is seen. With the mean of many photos taken off and the spread made equal in
all directions, instances of one kind come apart. No labels are needed, only varied photos.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pekit_agents.types import FloatArray

__all__ = ["Whitening", "spread", "whitening"]

_SHRINKAGE = 0.1  # of the mean variance, added to every direction


def whitening(patches: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean and the whitening matrix of patch features.

    Args:
        patches: (M, D) float32.

    Returns:
        The mean, (D,) float32, and the symmetric (ZCA) matrix, (D, D) float32: with covariance
        U diag(l) U^T it is U diag((l + 0.1 mean(l))^-1/2) U^T.
    """
    mean = patches.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov((patches - mean).T))
    values = np.maximum(values, 0)
    scale = (values + _SHRINKAGE * values.mean()) ** -0.5
    return mean.astype(np.float32), ((vectors * scale) @ vectors.T).astype(np.float32)


def spread(grid: FloatArray, count: int) -> FloatArray:
    """Return ``count`` features of a (rows, columns, D) grid, evenly over it: (count, D)."""
    patches = grid.reshape(-1, grid.shape[-1])
    places = np.linspace(0, len(patches) - 1, min(count, len(patches))).astype(int)
    chosen: FloatArray = patches[places]
    return chosen


@dataclass(frozen=True, slots=True, eq=False)
class Whitening:
    """The statistics of an encoder's patch features, block by block.

    Attributes:
        mean: (B, D / B) float32.
        matrix: (B, D / B, D / B) float32.
    """

    mean: FloatArray
    matrix: FloatArray

    @classmethod
    def of(cls, patches: FloatArray, blocks: int = 1) -> Whitening:
        """Return the statistics of (M, D) patch features of B blocks."""
        parts = np.split(patches, blocks, axis=1)
        mean, matrix = (np.stack(part) for part in zip(*map(whitening, parts), strict=True))
        return cls(mean, matrix)

    def normalize(self, vectors: FloatArray) -> FloatArray:
        """Return unit vectors, (K, D) float32: each block centred, whitened and of one length."""
        count, width = self.mean.shape
        blocks = vectors.reshape(len(vectors), count, width)
        white = np.empty_like(blocks)
        for block in range(count):  # a product each, which is quick where einsum is not
            white[:, block] = (blocks[:, block] - self.mean[block]) @ self.matrix[block]
        norms = np.linalg.norm(white, axis=2, keepdims=True) * count**0.5
        unit: FloatArray = (white / np.maximum(norms, 1e-12)).astype(np.float32)
        return unit.reshape(len(vectors), count * width)
