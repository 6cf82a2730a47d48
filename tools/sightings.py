"""Sightings by their numbers: ``sighted`` gives the place of one, ``require_named`` checks one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pekit_agents.errors import InvalidInput
from pekit_agents.images.loading import LoadedPhoto
from pekit_agents.introduction.view_extraction import Reference

if TYPE_CHECKING:
    from pekit_agents.retrieval.finding import Finding

__all__ = ["require_named", "require_one", "sighted", "view_id"]


def require_one(handles: Sequence[str]) -> Sequence[str]:
    """Return the handles of photos if there is a single one, in which a sighting may be."""
    if len(handles) != 1:
        raise InvalidInput(
            f"sighting: expected a single photo to say where it is, found {len(handles)}"
        )
    return handles


def sighted(finding: Finding, sighting: int) -> Reference:
    """Return a photo with the place of one of its sightings.

    Raises:
        InvalidInput: The photo has no such sighting.
    """
    if not 1 <= sighting <= len(finding.proposals):
        raise InvalidInput(
            f"sighting: expected a number from 1 to {len(finding.proposals)}, found "
            f"{sighting}; search the photo again for the numbers of its sightings"
        )
    photo = LoadedPhoto(finding.image, finding.size_wh)
    return Reference(photo, finding.proposals[sighting - 1].box)


def require_named(finding: Finding, object_id: str, sighting: int) -> None:
    """Refuse a number that means another match than it did when the model read it."""
    named = {match.region: match.candidates for match in finding.everything}.get(sighting, ())
    if object_id not in {candidate.object_id for candidate in named}:
        raise InvalidInput(
            f"expected the number of a sighting that names this object, found {sighting}; "
            "search the photo again for the numbers of its sightings"
        )


def view_id(object_id: str, handle: str, sighting: int) -> str:
    """Return the id of an object's view of a photo: always the same, so that none comes twice."""
    told = f"{object_id} {handle} {sighting}"
    return hashlib.sha256(told.encode()).hexdigest()[:12]
