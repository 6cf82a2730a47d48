"""Centring and whitening of features: pure array code, and an encoder that does it.

Patch features of most encoders lie in a narrow cone and vary most along a few directions that say
little of which thing is seen. With the mean of many photos taken off and the spread made equal in
all directions, instances of one kind come apart. No labels are needed, only varied photos.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from pekit_agents.protocols import Encoder
    from pekit_agents.types import FloatArray, RGBImage

__all__ = ["Blockwise", "WhitenedEncoder", "Whitening", "blocks_of", "spread", "whitening"]

_SHRINKAGE = 0.1  # of the mean variance, added to every direction


@runtime_checkable
class Blockwise(Protocol):
    """An encoder whose features are those of several layers side by side.

    Attributes:
        blocks: B, how many of equal length; each is whitened by itself.
    """

    @property
    def blocks(self) -> int:
        """How many layers."""
        ...


def blocks_of(encoder: Encoder) -> int:
    """Return of how many layers an encoder's features are: 1 where it does not say."""
    return encoder.blocks if isinstance(encoder, Blockwise) else 1


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

    @property
    def version(self) -> str:
        """A name that other statistics do not have."""
        digest = hashlib.sha256(self.mean.tobytes() + self.matrix.tobytes())
        return f"whiten-{digest.hexdigest()[:12]}"

    def normalize(self, vectors: FloatArray) -> FloatArray:
        """Return unit vectors, (K, D) float32: each block centred, whitened and of one length."""
        count, width = self.mean.shape
        blocks = vectors.reshape(len(vectors), count, width)
        white = np.einsum("kbd,bde->kbe", blocks - self.mean, self.matrix)
        norms = np.linalg.norm(white, axis=2, keepdims=True) * count**0.5
        unit: FloatArray = (white / np.maximum(norms, 1e-12)).astype(np.float32)
        return unit.reshape(len(vectors), count * width)


class WhitenedEncoder:
    """An encoder whose pooled features are centred and whitened; its patch grids are the same.

    Args:
        encoder: Gives the patch features.
        statistics: Of its features.
    """

    def __init__(self, encoder: Encoder, statistics: Whitening) -> None:
        self._encoder, self._statistics = encoder, statistics
        self._id = f"{encoder.id}/{statistics.version}"

    @property
    def id(self) -> str:
        """The encoder's id and the version of the statistics."""
        return self._id

    @property
    def dim(self) -> int:
        """The length of a vector."""
        return self._encoder.dim

    @property
    def blocks(self) -> int:
        """Of how many layers the features are."""
        return len(self._statistics.mean)

    def encode(self, images: Sequence[RGBImage]) -> list[FloatArray]:
        """Return a (rows, columns, D) float32 patch grid for each image."""
        return self._encoder.encode(images)

    def normalize(self, vectors: FloatArray) -> FloatArray:
        """Return unit vectors, (K, D) float32: each block centred, whitened and of one length."""
        return self._statistics.normalize(vectors)
