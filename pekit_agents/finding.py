"""What one photo was found to hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pekit_agents.prompting import annotate
from pekit_agents.types import Doubt

if TYPE_CHECKING:
    from pekit_agents.types import FloatArray, Match, Proposal, RGBImage

__all__ = ["Finding"]


@dataclass(frozen=True, eq=False)
class Finding:
    """The personal objects in one photo, and everything that was considered.

    Attributes:
        image: The upright RGB photo; all boxes are in its pixels.
        matches: The sightings, the surest first; empty when nothing personal is there.
        proposals: Every region that was compared with the memory.
        near: What would be sightings as well if the threshold was a little lower.
        vectors: (K, D) float32 unit vectors of the K proposals, as they were compared.
    """

    image: RGBImage
    matches: tuple[Match, ...]
    proposals: tuple[Proposal, ...]
    near: tuple[Match, ...] = ()
    vectors: FloatArray = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @cached_property
    def annotated(self) -> RGBImage:
        """The photo with each sighting boxed and named; the photo itself without matches."""
        return annotate(self.image, self.matches) if self.matches else self.image

    def to_review(self, *, unsure_below: float = 0.8) -> tuple[Doubt, ...]:
        """Return the sightings that somebody should look at, the surest first.

        Args:
            unsure_below: Sightings with a smaller probability are doubtful; in [0, 1].
        """
        doubts = []
        for match in self.matches:
            if match.ambiguous:
                doubts.append(Doubt(match, "ambiguous"))
            elif match.probability is not None and match.probability < unsure_below:
                doubts.append(Doubt(match, "unsure"))
        return (*doubts, *(Doubt(match, "near") for match in self.near))

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON-ready values, without the picture."""
        return {
            "size_wh": list(self.image.size),
            "matches": [match.to_dict() for match in self.matches],
            "proposals": len(self.proposals),
        }
