"""What one photo was found to hold."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pekit_agents.boxes import resized, resized_proposal
from pekit_agents.prompting.instruction import annotate, build_prompt
from pekit_agents.types import Doubt

if TYPE_CHECKING:
    from pekit_agents.types import FloatArray, Match, Prompt, Proposal, RGBImage

__all__ = ["Finding"]


@dataclass(frozen=True, eq=False)
class Finding:
    """The personal objects in one photo, and everything that was considered.

    Attributes:
        image: The upright RGB photo; one of more than 50 megapixels is reduced.
        matches: What is named, the strongest first; empty when nothing personal is there.
        possible: What may be a personal object and is too improbable to be named.
        proposals: Every region that was compared with the memory.
        vectors: (K, D) float32 unit vectors of the K proposals, as they were compared.
        denied: What was possible until an LVLM said that it is another thing, see
            :meth:`PeKit.second_opinion`.
        size_wh: Width and height of the upright photo as it was given, in pixels: all boxes are
            in these. Those of ``image`` unless that was reduced, see :meth:`in_image`.
    """

    image: RGBImage
    matches: tuple[Match, ...]
    proposals: tuple[Proposal, ...]
    possible: tuple[Match, ...] = ()
    vectors: FloatArray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    denied: tuple[Match, ...] = ()
    size_wh: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        if self.size_wh == (0, 0):
            object.__setattr__(self, "size_wh", self.image.size)

    def in_image(self) -> Finding:
        """Return the finding with everything in pixels of ``image``, to draw on it or crop it."""
        return self.at_size(self.image.size)

    @cached_property
    def annotated(self) -> RGBImage:
        """The photo with each match boxed and named, "Biscuit?" where it is only possible.

        The photo itself where nothing was found.
        """
        return annotate(self.image, self.in_image().everything) if self.everything else self.image

    def prompt(self, question: str | None = None) -> Prompt:
        """Return the annotated picture, the text and the matches it speaks of (paper 3.4).

        Args:
            question: What is asked; None or blank asks for a caption.
        """
        made = build_prompt(self.image, self.in_image().everything, question)
        back = [_resized(match, self.image.size, self.size_wh) for match in made.matches]
        return replace(made, matches=tuple(back))

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
            "size_wh": list(self.size_wh),
            "matches": [match.to_dict() for match in self.matches],
            "possible": [match.to_dict() for match in self.possible],
            **({"denied": [match.to_dict() for match in self.denied]} if self.denied else {}),
            "proposals": len(self.proposals),
        }

    def at_size(self, size_wh: tuple[int, int]) -> Finding:
        """Return the finding with everything in pixels of the photo at another size."""
        if size_wh == self.size_wh:
            return self

        def there(matches: tuple[Match, ...]) -> tuple[Match, ...]:
            return tuple(_resized(match, self.size_wh, size_wh) for match in matches)

        return replace(
            self,
            matches=there(self.matches),
            possible=there(self.possible),
            denied=there(self.denied),
            proposals=tuple(resized_proposal(p, self.size_wh, size_wh) for p in self.proposals),
            size_wh=size_wh,
        )


def _resized(match: Match, from_wh: tuple[int, int], to_wh: tuple[int, int]) -> Match:
    return match if from_wh == to_wh else replace(match, box=resized(match.box, from_wh, to_wh))
