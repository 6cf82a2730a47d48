"""What one photo was found to hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pekit_agents.prompting.instruction import annotate
from pekit_agents.types import Doubt

if TYPE_CHECKING:
    from pekit_agents.types import FloatArray, Match, Proposal, RGBImage

__all__ = ["Finding"]


@dataclass(frozen=True, eq=False)
class Finding:
    """The personal objects in one photo, and everything that was considered.

    Attributes:
        image: The upright RGB photo; all boxes are in its pixels.
        matches: What is named, the strongest first; empty when nothing personal is there.
        possible: What may be a personal object and is too improbable to be named.
        proposals: Every region that was compared with the memory.
        vectors: (K, D) float32 unit vectors of the K proposals, as they were compared.
        denied: What was possible until an LVLM said that it is another thing, see
            :meth:`PeKit.second_opinion`.
    """

    image: RGBImage
    matches: tuple[Match, ...]
    proposals: tuple[Proposal, ...]
    possible: tuple[Match, ...] = ()
    vectors: FloatArray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    denied: tuple[Match, ...] = ()

    @cached_property
    def annotated(self) -> RGBImage:
        """The photo with each match boxed and named, "Biscuit?" where it is only possible.

        The photo itself where nothing was found.
        """
        return annotate(self.image, self.everything) if self.everything else self.image

    @property
    def everything(self) -> tuple[Match, ...]:
        """What is named, and after it what is possible."""
        return (*self.matches, *self.possible)

    def to_review(self, *, unsure_below: float = 0.8) -> tuple[Doubt, ...]:
        """Return the matches that somebody should look at, the strongest first.

        Args:
            unsure_below: Named matches with a smaller probability are doubtful; in [0, 1].
        """
        doubts = []
        for match in self.matches:
            if match.ambiguous:
                doubts.append(Doubt(match, "ambiguous"))
            elif match.probability is not None and match.probability < unsure_below:
                doubts.append(Doubt(match, "unsure"))
        return (*doubts, *(Doubt(match, "possible") for match in self.possible))

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON-ready values, without the picture."""
        return {
            "size_wh": list(self.image.size),
            "matches": [match.to_dict() for match in self.matches],
            "possible": [match.to_dict() for match in self.possible],
            **({"denied": [match.to_dict() for match in self.denied]} if self.denied else {}),
            "proposals": len(self.proposals),
        }
