"""Handing known vectors to a kit through its public methods.

What an evaluation remembers was computed before. A :class:`Replay` makes small pictures that
stand for vectors and details, and tools that see in such a picture what it stands for. So
references enter a memory by ``remember``, like a user's, and cost no forward pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from pekit_agents.errors import InvalidInput
from pekit_agents.profiles import Profile
from pekit_agents.types import Box, Proposal

if TYPE_CHECKING:
    from pekit_agents.matching import MatchSettings
    from pekit_agents.protocols import SearchMode
    from pekit_agents.strangers import Strangers
    from pekit_agents.types import Details, FloatArray, RGBImage

__all__ = ["Replay"]

_SIDE = 16


class Replay:
    """Extractor, proposer and encoder in one, for pictures that stand for vectors.

    Args:
        id: Whose vectors these are.
        dim: D, their length.
    """

    def __init__(self, id: str, dim: int) -> None:
        self.id = id
        self.dim = dim
        self._vectors: list[FloatArray] = []
        self._details: list[Details | None] = []

    def profile(
        self, matching: MatchSettings, strangers: Strangers | None, *, describes: bool
    ) -> Profile:
        """Return a profile of these tools.

        Args:
            matching: Its settings.
            strangers: What calibrates them for what is remembered.
            describes: Whether every picture has details.
        """
        return Profile(
            "replay",
            self,
            self,
            self,
            matching,
            augment=False,
            strangers=strangers,
            describer=self if describes else None,
        )

    def picture(self, vector: FloatArray, details: Details | None = None) -> RGBImage:
        """Return a picture that stands for a vector, (D,) float32 of unit length, and details."""
        index = len(self._vectors)
        self._vectors.append(vector)
        self._details.append(details)
        colour = (index >> 16, index >> 8 & 255, index & 255)
        return Image.new("RGB", (_SIDE, _SIDE), colour)

    def extract(self, image: RGBImage, category: str) -> list[Proposal]:
        """Return the whole picture."""
        del category
        return [Proposal(Box(0, 0, *image.size), 1.0)]

    def propose(
        self, image: RGBImage, categories: Sequence[str], mode: SearchMode
    ) -> list[Proposal]:
        """Return the whole picture."""
        del categories, mode
        return [Proposal(Box(0, 0, *image.size), 1.0)]

    def encode(self, images: Sequence[RGBImage]) -> list[FloatArray]:
        """Return a (1, 1, D) grid for each picture: the vector it stands for."""
        return [self._vectors[_index(image)][None, None] for image in images]

    def normalize(self, vectors: FloatArray) -> FloatArray:
        """Return the vectors as they are: they were normalised before."""
        return vectors

    def describe(self, image: RGBImage, proposal: Proposal) -> Details:
        """Return the details that the picture stands for.

        Raises:
            InvalidInput: It stands for a vector alone.
        """
        del proposal
        found = self._details[_index(image)]
        if found is None:
            raise InvalidInput("expected a picture that stands for details, found one without")
        return found


def _index(image: RGBImage) -> int:
    red, green, blue = np.asarray(image)[0, 0].tolist()
    return int(red << 16 | green << 8 | blue)
