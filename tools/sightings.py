"""Sightings: ``sighted`` gives the place of one, ``placed`` that of an object in photos."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pekit_agents.boxes import iou_matrix, resized
from pekit_agents.errors import ImageError, InvalidInput
from pekit_agents.images.loading import LoadedPhoto
from pekit_agents.introduction.view_extraction import Reference
from pekit_agents.introduction.views import MAX_VIEWS
from pekit_agents.owner_text import NAME_LIMIT, quote
from pekit_agents.video.clips import Clip

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.profiles import Profile
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.types import Match, PersonalObject

__all__ = ["names", "placed", "require_named", "require_one", "sighted", "view_id"]


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


def names(finding: Finding, object_id: str, sighting: int = 0) -> bool:
    """Return whether a sighting, or 0 for any, is or may be an object."""
    told = (each for each in finding.everything if sighting in (0, each.region))
    return any(object_id in {obj.object_id for obj in match.candidates} for match in told)


def placed(
    kit: PeKit,
    obj: PersonalObject,
    photos: Mapping[str, Any],
    ids: Mapping[str, str],
    sighting: int,
    find: Callable[[str], Finding],
) -> dict[str, Any]:
    """Return photos of an object with its place in them, where that is known.

    Args:
        kit: The user's.
        obj: The object.
        photos: The photos, by handle; clips among them stay as they are.
        ids: The ids of their views, by handle; what is held stays as it is.
        sighting: The number of its sighting in the only photo; 0 for what is found in each.
        find: Searches the picture of a handle.

    Raises:
        InvalidInput: What stands out in a photo is known to be something else, or a sighting is
            not of a single photo or is not there.
    """
    if sighting:
        (handle,) = require_one([*ids])
        if isinstance(photos.get(handle), Clip):
            raise InvalidInput("sighting: expected 0 for a clip, as only photos have sightings")
        return {handle: sighted(find(handle), sighting)}
    held = {view.view_id for view in kit.views(obj.object_id)}
    if len(held) + len(photos) > MAX_VIEWS:  # which adding them tells
        return dict(photos)

    def place(handle: str, photo: Any) -> Any:
        if isinstance(photo, Clip):
            return photo
        try:
            return _meant_in(find(handle), obj, kit.profile)
        except ImageError:  # told with its place among the photos by who adds them
            return photo

    return {
        handle: photo if ids[handle] in held else place(handle, photo)
        for handle, photo in photos.items()
    }


def _meant_in(finding: Finding, obj: PersonalObject, profile: Profile) -> Reference:
    """Return a photo, with the place of an object where a single region is or may be it."""
    naming = [each.region for each in finding.everything if _may_be(each, obj)]
    if len(naming) == 1:
        return sighted(finding, naming[0])
    photo = LoadedPhoto(finding.image, finding.size_wh)
    others = [each for each in finding.matches if not _may_be(each, obj)]
    taken = profile.extractor.extract(photo.image, obj.category)[:1] if others else []
    if taken:
        place = resized(taken[0].box, photo.image.size, photo.size_wh)
        shared = iou_matrix([place.xyxy], [each.box.xyxy for each in others])[0]
        if shared.max() > profile.matching.overlap:
            name = quote(obj.name, NAME_LIMIT)
            raise InvalidInput(
                f"expected a photo in which {name} stands out, found that something else does that "
                f"is known: {', '.join(map(_numbered, finding.everything))}; if one of these is "
                f"{name}, give its sighting; otherwise use a photo that shows {name} alone"
            )
    return Reference(photo)


def _may_be(match: Match, obj: PersonalObject) -> bool:
    return obj.object_id in {each.object_id for each in match.candidates}


def _numbered(match: Match) -> str:
    names = " or ".join(quote(each.name, NAME_LIMIT) for each in match.candidates)
    return f"sighting {match.region} ({f'may be {names}' if match.possible else names})"


def require_named(finding: Finding, object_id: str, sighting: int) -> None:
    """Refuse a number that means another match than it did when the model read it."""
    if not names(finding, object_id, sighting):
        raise InvalidInput(
            f"expected the number of a sighting that names this object, found {sighting}; "
            "search the photo again for the numbers of its sightings"
        )


def view_id(object_id: str, handle: str, sighting: int) -> str:
    """Return the id of an object's view of a photo: always the same, so that none comes twice."""
    told = f"{object_id} {handle} {sighting}"
    return hashlib.sha256(told.encode()).hexdigest()[:12]
