"""What can be seen of a photo: its regions, and any of them patch by patch.

The photo itself answers, or what was kept of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, get_args

from pekit_agents.embedding.pooling import embed_proposals
from pekit_agents.errors import InvalidInput
from pekit_agents.protocols import GuidedProposer, SearchMode

if TYPE_CHECKING:
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import Guide
    from pekit_agents.types import Box, Details, FloatArray, Proposal, RGBImage

__all__ = ["PhotoRegions", "QueryRegions", "require_mode"]


class QueryRegions(Protocol):
    """What can be seen of one photo: first its regions, then what they look like."""

    def propose(self, categories: Sequence[str], guide: Guide | None) -> Sequence[Box]:
        """Return the boxes of the photo's K regions, xyxy in its pixels.

        Args:
            categories: What is remembered, for tools that take a text prompt.
            guide: Says how much any part of the photo resembles what is remembered.
        """
        ...

    def embed(self) -> FloatArray:
        """Return the vectors of these regions, (K, D) float32 of unit length (Eq. 4)."""
        ...

    def details(self, region: int) -> Details | None:
        """Return what one of these regions looks like; None where nobody describes it."""
        ...


class PhotoRegions:
    """A photo as the tools of a profile see it.

    Args:
        photo: The upright photo.
        profile: The vision tools.
        mode: How hard to look.

    Attributes:
        proposals: The regions, once they were asked for.
    """

    def __init__(self, photo: RGBImage, profile: Profile, mode: SearchMode) -> None:
        self.proposals: list[Proposal] = []
        self._photo, self._profile, self._mode = photo, profile, mode

    def propose(self, categories: Sequence[str], guide: Guide | None) -> Sequence[Box]:
        """Return the boxes of the photo's K regions, xyxy in its pixels."""
        photo, proposer = self._photo, self._profile.proposer
        if guide is not None and isinstance(proposer, GuidedProposer):
            self.proposals = proposer.propose_guided(photo, categories, self._mode, guide)
        else:
            self.proposals = proposer.propose(photo, categories, self._mode)
        return [proposal.box for proposal in self.proposals]

    def embed(self) -> FloatArray:
        """Return the vectors of these regions, (K, D) float32 of unit length (Eq. 4)."""
        return embed_proposals(self._photo, self.proposals, self._profile.encoder)

    def details(self, region: int) -> Details | None:
        """Return what a region looks like; None where the profile does not describe regions."""
        describer = self._profile.describer
        if describer is None:
            return None
        return describer.describe(self._photo, self.proposals[region])


def require_mode(mode: str) -> None:
    """Refuse what is no mode, before any work.

    Raises:
        InvalidInput: It is none.
    """
    if mode not in get_args(SearchMode):
        raise InvalidInput(f"expected mode 'auto', 'scene' or 'fast', found {mode!r}")
