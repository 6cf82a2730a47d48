"""The embedded profile's bank of unknown things: pooled features of regions, no pixels.

Kept as pooled, so that one file serves every set of statistics. The file that ships is made by
:mod:`pekit_agents.models.make_focus_strangers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.embedding import pool_proposals
from pekit_agents.images import load_image
from pekit_agents.strangers import Strangers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from pekit_agents.protocols import Encoder, Proposer
    from pekit_agents.types import FloatArray

__all__ = ["STRANGERS_FILE", "Pooled", "pool_strangers", "read_strangers", "write_strangers"]

STRANGERS_FILE = "focus_strangers.npz"

# By cross-validation over objects; the bank's photos shaped the statistics.
_MARGIN, _LEAST = 0.07, 0.19


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """The regions of photos of unknown things, before any statistics.

    Attributes:
        features: (R, 768) float32, pooled and not normalised.
        photos: (R,) int64: which photo each is of.
        things: (R,) int64: what its photo shows.
    """

    features: FloatArray
    photos: NDArray[np.int64]
    things: NDArray[np.int64]

    def seen_by(self, encoder: Encoder) -> Strangers:
        """Return the bank with the statistics of an encoder."""
        vectors = encoder.normalize(self.features)
        return Strangers(vectors, self.photos, self.things, _MARGIN, _LEAST)


def pool_strangers(
    photos: Iterable[tuple[Path, str]], proposer: Proposer, encoder: Encoder
) -> Pooled:
    """Return the regions of photos at a first look.

    Args:
        photos: Each with what it shows.
        proposer: Finds the regions.
        encoder: Gives the patch features.

    Raises:
        ImageError: A photo cannot be read.
    """
    numbers: dict[str, int] = {}
    features, owners = [], []
    for count, (path, thing) in enumerate(photos):
        image = load_image(path)
        pooled = pool_proposals(image, proposer.propose(image, [], "auto"), encoder)
        features.append(pooled)
        owners += [(count, numbers.setdefault(thing, len(numbers)))] * len(pooled)
    which, things = np.array(owners, np.int64).reshape(-1, 2).T
    return Pooled(np.concatenate(features), which, things)


def write_strangers(path: Path, pooled: Pooled) -> None:
    """Write the bank; its features become float16."""
    features = pooled.features.astype(np.float16)
    np.savez_compressed(path, features=features, photos=pooled.photos, things=pooled.things)


def read_strangers(encoder: Encoder) -> Strangers:
    """Return the bank that ships, with the statistics of an encoder."""
    shipped = resources.files("pekit_agents.models").joinpath(STRANGERS_FILE)
    with shipped.open("rb") as file, np.load(file) as made:
        features = made["features"].astype(np.float32)
        return Pooled(features, made["photos"], made["things"]).seen_by(encoder)
