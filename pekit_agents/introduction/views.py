"""Personalized object introduction (paper 3.2 and 3.6): from reference photos to views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pekit_agents.boxes import resized_proposal
from pekit_agents.embedding.pooling import embed_reference
from pekit_agents.errors import ImageError, InvalidInput, NoObjectFound
from pekit_agents.images.limits import DEFAULT_LIMITS, ImageLimits
from pekit_agents.images.loading import load_photo
from pekit_agents.introduction.crops import make_crop
from pekit_agents.introduction.quality import sharpness
from pekit_agents.introduction.view_extraction import Reference, find_object, fitted
from pekit_agents.wording.messages import NOTHING_STORED, clause

if TYPE_CHECKING:
    from pekit_agents.images.loading import ImageSource
    from pekit_agents.introduction.view_extraction import ReferencePhotos
    from pekit_agents.profiles import Profile
    from pekit_agents.types import View

__all__ = ["MAX_VIEWS", "Progress", "extract_view", "extract_views", "gather_views"]

#: The most views that one object holds.
MAX_VIEWS = 64
#: Called after each reference photo with (photos done, photos in all).
Progress = Callable[[int, int], None]


def extract_view(
    image: ImageSource | Reference,
    category: str,
    profile: Profile,
    *,
    keep_crop: bool = False,
    limits: ImageLimits = DEFAULT_LIMITS,
) -> View:
    """Return the view of an object in one photo (Eq. 1 and 2), with a crop if one is kept.

    Args:
        image: The photo.
        category: What the object is (k_p).
        profile: The vision tools.
        keep_crop: Whether the view comes with a crop of the photo.
        limits: What the photo may weigh.

    Raises:
        ImageError: The photo cannot be read.
        InvalidInput: The caller's box or mask does not fit it.
        NoObjectFound: It shows no object.
    """
    reference = image if isinstance(image, Reference) else Reference(image)
    loaded = load_photo(reference.image, limits=limits)
    photo = loaded.image
    region = find_object(photo, fitted(reference, loaded), category, profile.extractor)
    view = embed_reference(photo, region, profile.encoder, augment=profile.augment)
    return replace(
        view,
        proposal=resized_proposal(view.proposal, photo.size, loaded.size_wh),
        crop=make_crop(photo, region) if keep_crop else None,
        details=None if profile.describer is None else profile.describer.describe(photo, region),
        sharpness=sharpness(photo, region.box),
    )


def extract_views(
    images: ReferencePhotos,
    category: str,
    profile: Profile,
    *,
    already: int = 0,
    keep_crops: bool = False,
    limits: ImageLimits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> list[View]:
    """Return one view for each photo, or raise and name the photo that gives none.

    Args:
        images: One photo or a list of them.
        category: What the object is (k_p).
        profile: The vision tools.
        already: How many views the object holds.
        keep_crops: Whether each view comes with a crop of its photo.
        limits: What a photo may weigh.
        progress: Called after each photo.

    Raises:
        InvalidInput: There are no photos or too many, or a box or mask does not fit.
        ImageError: A photo cannot be read.
        NoObjectFound: A photo shows no object.
    """
    photos: list[Any] = list(images) if isinstance(images, (list, tuple)) else [images]
    done = 0

    def look(photo: ImageSource | Reference, _: int) -> list[View]:
        nonlocal done
        view = extract_view(photo, category, profile, keep_crop=keep_crops, limits=limits)
        done += 1
        if progress is not None:
            progress(done, len(photos))
        return [view]

    return [view for views in gather_views(photos, look, already=already) for view in views]


def gather_views(
    items: Sequence[Any],
    look: Callable[[Any, int], list[View]],
    *,
    already: int = 0,
    kinds: Sequence[str] | None = None,
) -> list[list[View]]:
    """Return the views that each of some references gives, or raise and name the one that does not.

    Args:
        items: What the object is introduced with.
        look: Returns the views of an item: one or more, at most as many as its second argument.
        already: How many views the object holds.
        kinds: What each item is, in a word; None where all are photos.

    Raises:
        InvalidInput: There are no items or too many, or one cannot be used as it is.
        ImageError: One cannot be read.
        NoObjectFound: One shows no object.
    """
    if already >= MAX_VIEWS:
        raise InvalidInput(
            f"expected an object with fewer than {MAX_VIEWS} photos, which is the most it may "
            f"hold, found {already}{NOTHING_STORED}",
            in_python="; remove some views first",
        )
    room, total = MAX_VIEWS - already, len(items)
    if not 1 <= total <= room:
        raise InvalidInput(_wrong_number(total, room))
    gathered = list[list["View"]]()
    for index, item in enumerate(items, start=1):
        try:
            views = look(item, room - (total - index))  # one at least is for each that follows
        except (ImageError, NoObjectFound, InvalidInput) as exc:
            kind = kinds[index - 1] if kinds else "photo"
            place = f"{kind} {index} of {total}: " if total > 1 else ""
            told = type(exc)(f"{place}{clause(exc)}{NOTHING_STORED}")
            told.message = f"{place}{clause(exc.message)}{NOTHING_STORED}"
            raise told from exc
        gathered.append(views)
        room -= len(views)
    return gathered


def _wrong_number(found: int, room: int) -> str:
    if room < 1:
        return f"expected an object with room for a view, found the {MAX_VIEWS} that one may hold"
    expected = "1 photo" if room == 1 else f"1 to {room} photos"
    return f"expected {expected} (an object holds at most {MAX_VIEWS} views), found {found}"
