"""Personalized object retrieval (paper 3.3): from a photo to the sightings in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pekit_agents.calibration import false_alarm_rate
from pekit_agents.embedding import embed_proposals
from pekit_agents.errors import InvalidInput
from pekit_agents.matching import match
from pekit_agents.types import Candidate, Match

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.matching import MatchSettings
    from pekit_agents.memory import Gallery
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import SearchMode
    from pekit_agents.types import Box, FloatArray, Proposal, RGBImage

__all__ = ["BORDER", "embed_photo", "match_settings", "search_regions", "sightings"]

#: A region that scores less than tau by no more than this was nearly accepted.
BORDER = 0.05


def embed_photo(
    photo: RGBImage, profile: Profile, gallery: Gallery, mode: SearchMode
) -> tuple[list[Proposal], FloatArray]:
    """Return a photo's K proposals and their (K, D) float32 unit vectors (Eq. 4)."""
    proposals = profile.proposer.propose(photo, list(gallery.categories), mode)
    return proposals, embed_proposals(photo, proposals, profile.encoder)


def match_settings(
    profile: Profile, threshold: float | None, strictness: Strictness | None = None
) -> MatchSettings:
    """Return the profile's settings, or those with a caller's tau or strictness.

    Raises:
        InvalidInput: The threshold is not in [-1, 1], the strictness is none, both are given,
            or the profile is not calibrated, so that only a threshold says how strict to be.
    """
    if threshold is not None:
        if strictness is not None:
            raise InvalidInput("expected a threshold or a strictness, found both; give one")
        return replace(profile.matching, threshold=threshold, calibration=None)
    if strictness is None:
        return profile.matching
    if profile.matching.calibration is None:
        raise InvalidInput(
            f"expected a profile with a calibration for strictness {strictness!r}, found "
            f"{profile.name!r}, which has none; give a threshold"
        )
    return replace(profile.matching, false_alarms=false_alarm_rate(strictness))


def sightings(
    boxes: Sequence[Box], vectors: FloatArray, gallery: Gallery, settings: MatchSettings
) -> list[Match]:
    """Return the sightings among the regions of one photo, the surest first.

    Args:
        boxes: K boxes, xyxy in pixels of the photo.
        vectors: (K, D) float32 unit vectors of the regions.
        gallery: What is remembered.
        settings: Threshold and suppression.
    """
    return search_regions(boxes, vectors, gallery, settings, border=0.0)[0]


def search_regions(
    boxes: Sequence[Box],
    vectors: FloatArray,
    gallery: Gallery,
    settings: MatchSettings,
    *,
    border: float = BORDER,
) -> tuple[list[Match], list[Match]]:
    """Return the sightings among the regions of one photo, and those nearly accepted.

    Args:
        boxes: K boxes, xyxy in pixels of the photo.
        vectors: (K, D) float32 unit vectors of the regions.
        gallery: What is remembered.
        settings: Threshold and suppression.
        border: How much less than tau is nearly accepted.

    Returns:
        The sightings, the surest first, and what would be sightings beside them if tau was lower
        by ``border``.
    """
    count = gallery.count
    tau = settings.accept_above(objects=count, regions=len(boxes))
    # A rival may score a little less than tau.
    floor = tau - max(settings.ambiguity, border)
    objects, nearest = gallery.nearest(vectors, max_weight=settings.max_weight, floor=floor)
    chances = {"objects": count, "regions": len(boxes)}
    calibration = settings.calibration
    lower = replace(settings, threshold=min(max(tau - border, -1.0), 1.0), calibration=None)
    # Sightings are chosen from the highest score down, so those above tau are what they would
    # be without the others.
    found = match(boxes, nearest, lower, objects=count)
    matches = [
        Match(
            objects[s.object],
            boxes[s.proposal],
            s.score,
            None if calibration is None else calibration.probability(s.score, **chances),
            () if s.rival < 0 else (Candidate(objects[s.rival], s.rival_score),),
            vectors[s.proposal],
            region=s.proposal + 1,
        )
        for s in found
    ]
    accepted = sum(s.score > tau for s in found)
    return matches[:accepted], matches[accepted:]
