"""Banks of photos of unknown things: pooled features of their regions, no pixels.

They are kept as pooled, so that one file serves every set of statistics of an encoder.
:mod:`pekit_agents.make_bank` makes the one that the embedded profile ships.
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

__all__ = ["SHIPPED", "Bank", "pool_strangers", "read_bank", "write_bank"]

#: The file that ships with the embedded profile.
SHIPPED = resources.files("pekit_agents.models") / "focus_bank.npz"


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """The regions of photos of unknown things, before any statistics.

    Attributes:
        features: (R, D) float32, pooled and not normalised.
        photos: (R,) int64: which photo each is of, grouped.
        things: (R,) int64: what its photo shows.
    """

    features: FloatArray
    photos: NDArray[np.int64]
    things: NDArray[np.int64]

    def seen_by(self, encoder: Encoder, *, margin: float = 0.0, least: float = -1.0) -> Strangers:
        """Return the strangers, with the statistics of an encoder.

        Args:
            encoder: Normalises the features; they were pooled from its own.
            margin: How much more a new stranger scores.
            least: What the location of a memory is at least.
        """
        vectors = encoder.normalize(self.features)
        return Strangers(vectors, self.photos, self.things, margin, least)


def pool_strangers(
    photos: Iterable[tuple[Path, str]], proposer: Proposer, encoder: Encoder
) -> Bank:
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
    return Bank(np.concatenate(features), which, things)


def write_bank(path: Path, bank: Bank) -> None:
    """Write a bank; its features become float16."""
    features = bank.features.astype(np.float16)
    np.savez_compressed(path, features=features, photos=bank.photos, things=bank.things)


def read_bank(file: resources.abc.Traversable | Path) -> Bank:
    """Return the bank in a file."""
    with file.open("rb") as opened, np.load(opened) as made:
        return Bank(made["features"].astype(np.float32), made["photos"], made["things"])
