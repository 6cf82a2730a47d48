"""Personalized object retrieval (paper 3.3): from a photo to the sightings in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.calibration import false_alarm_rate
from pekit_agents.embedding import embed_proposals
from pekit_agents.errors import InvalidInput
from pekit_agents.matching import match
from pekit_agents.types import Candidate, Match

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.calibration import Strictness
    from pekit_agents.matching import MatchSettings
    from pekit_agents.memory import Gallery
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import SearchMode
    from pekit_agents.types import Box, FloatArray, Proposal, RGBImage

__all__ = ["embed_photo", "match_settings", "region_test", "sightings"]


# A product of other shapes may round differently.
_ROUNDING = 1e-5
# Regions in one product of a quick test. With few columns BLAS copies a matrix that it could
# have read; a block that stays in the processor's cache costs the reading only.
_BLOCK = 256


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


def region_test(
    views: FloatArray, gallery: Gallery, settings: MatchSettings
) -> Callable[[FloatArray], NDArray[np.bool_]]:
    """Return a quick test for regions that may be sightings of some objects.

    An object scores at most as much as its best view.

    Args:
        views: (V, D) float32 unit vectors: all views of these objects.
        gallery: What is remembered.
        settings: Threshold and suppression.
    """
    # With more regions in a photo tau is the same or higher.
    lowest = settings.accept_above(objects=gallery.count, regions=1) - _ROUNDING
    columns = np.ascontiguousarray(views.T)

    def test(vectors: FloatArray) -> NDArray[np.bool_]:
        passed = np.zeros(len(vectors), bool)
        for begin in range(0, len(vectors), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            passed[block] = (vectors[block] @ columns).max(axis=1) > lowest
        return passed

    return test


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
    count = gallery.count
    # A rival may score a little less than tau.
    floor = settings.accept_above(objects=count, regions=len(boxes)) - settings.ambiguity
    objects, nearest = gallery.nearest(vectors, max_weight=settings.max_weight, floor=floor)
    chances = {"objects": count, "regions": len(boxes)}
    calibration = settings.calibration
    return [
        Match(
            objects[s.object],
            boxes[s.proposal],
            s.score,
            None if calibration is None else calibration.probability(s.score, **chances),
            () if s.rival < 0 else (Candidate(objects[s.rival], s.rival_score),),
        )
        for s in match(boxes, nearest, settings, objects=count)
    ]
