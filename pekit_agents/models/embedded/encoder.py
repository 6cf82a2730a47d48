"""The embedded profile's encoder: patch features, centred and whitened after pooling."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.embedding.whitening import Whitening
from pekit_agents.models.embedded.graph import BLOCKS, SOURCE_SHA256
from pekit_agents.models.embedded.model import DIM, FocusModel

if TYPE_CHECKING:
    from pathlib import Path

    from pekit_agents.types import FloatArray, RGBImage

__all__ = ["STATISTICS_FILE", "FocusEncoder"]

STATISTICS_FILE = "focus_statistics.npz"


class FocusEncoder:
    """Patch features of two blocks, each centred and whitened after pooling.

    Centring and whitening are what make the features tell instances of one kind apart, and the
    early and the late block make different mistakes: together they raise far fewer false alarms
    than either. The statistics were made by :mod:`pekit_agents.models.embedded.statistics` and are
    part of the id.

    Args:
        model: The embedded model.
        statistics: A file made by that module; None takes the one that ships.

    Attributes:
        model: The embedded model.
    """

    def __init__(self, model: FocusModel, *, statistics: Path | None = None) -> None:
        self.model = model
        shipped = resources.files("pekit_agents.models.embedded").joinpath(STATISTICS_FILE)
        with (statistics or shipped).open("rb") as file, np.load(file) as made:
            mean, whiten = made["mean"].astype(np.float32), made["whiten"].astype(np.float32)
            self._statistics = Whitening(mean, whiten)
            version = str(made["version"])
        blocks = "+".join(map(str, BLOCKS))
        self._id = f"focus-vits14@{SOURCE_SHA256[:12]}/blocks{blocks}/{version}"

    @property
    def id(self) -> str:
        """Model, weights, layer and statistics."""
        return self._id

    @property
    def dim(self) -> int:
        """Length of a vector: 768."""
        return DIM

    def encode(self, images: Sequence[RGBImage]) -> list[FloatArray]:
        """Return a (rows, columns, 768) float32 patch grid for each image."""
        return [features.patches for features in self.model.features(images)]

    def class_tokens(self, images: Sequence[RGBImage]) -> FloatArray:
        """Return the class token of each whole image at blocks 3 and 9, (N, 768) float32."""
        return np.stack([features.token for features in self.model.features(images)])

    def normalize(self, vectors: FloatArray) -> FloatArray:
        """Return unit vectors, (K, 768) float32: each block centred, whitened and of one length."""
        return self._statistics.normalize(vectors)
