"""The looks at one photo, from the cache as far as what is remembered has no say in them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.embedding.local_features import as_details, cut_patches
from pekit_agents.evaluation.features.compute import load

if TYPE_CHECKING:
    from pathlib import Path

    from pekit_agents.evaluation.features.features import Features
    from pekit_agents.protocols import Encoder, Guide
    from pekit_agents.types import Box, Details, FloatArray, Proposal

__all__ = ["CachedRegions"]


class CachedRegions:
    """The looks at one photo, from a cache as far as what is remembered has no say in them.

    Args:
        photo: The file.
        features: Gives the features.
        encoder: Normalises them.

    Attributes:
        seconds: How long they took; None when any of them was read from disk.
    """

    def __init__(self, photo: Path, features: Features, encoder: Encoder) -> None:
        self.seconds: float | None = 0.0
        self._photo, self._features, self._encoder = photo, features, encoder
        self._words: tuple[str, ...] = ()
        self._boxes: tuple[Box, ...] = ()
        self._pooled = np.zeros((0, encoder.dim), np.float32)
        self._made: list[Proposal] | None = None

    def propose(self, categories: Sequence[str], guide: Guide | None) -> Sequence[Box]:
        """Return the boxes of the photo's K regions, xyxy in its pixels."""
        self._words = tuple(categories)
        if guide is None:
            found = self._features.regions(self._photo, self._words)
        else:
            self._made, found = self._features.guided(self._photo, self._words, guide)
        self._boxes, self._pooled, self.seconds = found.boxes, found.pooled, found.seconds
        return found.boxes

    def embed(self) -> FloatArray:
        """Return the vectors of these regions, (K, D) float32 of unit length (Eq. 4)."""
        return self._encoder.normalize(self._pooled) if self._boxes else self._pooled

    def details(self, region: int) -> Details | None:
        """Return what a region looks like; None where the profile does not say so by patches."""
        if not self._features.describes:
            return None
        start = time.perf_counter()
        if self._made is not None:
            encoder = self._features.profile.encoder
            patches = cut_patches(load(self._photo), self._made[region], encoder)
            found = as_details(patches, self._encoder)
        else:
            box = self._boxes[region]
            found = self._features.details(self._photo, self._words, box, self._encoder)
        if self.seconds is not None:
            self.seconds += time.perf_counter() - start
        return found
