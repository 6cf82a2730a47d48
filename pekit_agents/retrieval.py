"""Personalized object retrieval (paper 3.3): from a photo to the sightings in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pekit_agents.embedding import embed_proposals
from pekit_agents.matching import match, object_scores
from pekit_agents.types import Match

if TYPE_CHECKING:
    from pekit_agents.matching import MatchSettings
    from pekit_agents.memory import Snapshot
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import SearchMode
    from pekit_agents.types import Box, FloatArray, Proposal, RGBImage

__all__ = ["embed_photo", "match_settings", "sightings"]


def embed_photo(
    photo: RGBImage, profile: Profile, snapshot: Snapshot, mode: SearchMode
) -> tuple[list[Proposal], FloatArray]:
    """Return a photo's K proposals and their (K, D) float32 unit vectors (Eq. 4)."""
    categories = list(dict.fromkeys(obj.category for obj in snapshot.objects))
    proposals = profile.proposer.propose(photo, categories, mode)
    return proposals, embed_proposals(photo, proposals, profile.encoder)


def match_settings(profile: Profile, threshold: float | None) -> MatchSettings:
    """Return the profile's settings, or those with a caller's tau, which is taken as it is.

    Raises:
        InvalidInput: The threshold is not in [-1, 1].
    """
    if threshold is None:
        return profile.matching
    return replace(profile.matching, threshold=threshold, region_margin=0.0)


def sightings(
    boxes: Sequence[Box], vectors: FloatArray, snapshot: Snapshot, settings: MatchSettings
) -> list[Match]:
    """Return the sightings among the regions of one photo, the surest first.

    Args:
        boxes: K boxes, xyxy in pixels of the photo.
        vectors: (K, D) float32 unit vectors of the regions.
        snapshot: What is remembered.
        settings: Threshold and suppression.
    """
    scores = object_scores(
        vectors, snapshot.vectors, snapshot.starts, max_weight=settings.max_weight
    )
    if not (scores > settings.threshold).any():
        return []  # most photos of a library; spares them the geometry
    return [
        Match(snapshot.objects[s.object], boxes[s.proposal], s.score)
        for s in match(boxes, scores, settings)
    ]
