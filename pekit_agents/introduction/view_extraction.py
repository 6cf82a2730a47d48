"""View extraction (paper 3.2, Eq. 1): which part of a reference photo is the object.

The extractor finds it by category. A caller who knows better gives a box or a mask.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from PIL import Image

from pekit_agents.boxes import as_box, resized
from pekit_agents.embedding.pooling import coverage
from pekit_agents.errors import InvalidInput, NoObjectFound
from pekit_agents.types import Box, Mask, Proposal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pekit_agents.images.loading import ImageSource, LoadedPhoto
    from pekit_agents.protocols import ViewExtractor
    from pekit_agents.types import RGBImage

__all__ = ["Reference", "ReferencePhotos", "around", "find_object", "fitted"]

_MARGIN = 0.2  # of the box's longer side, seen around a box that the caller gives
_LEAST_FILL = 0.2  # a region that fills less of the caller's box is not what was meant
_RASTER = 64  # cells a side of the mask inside a caller's box


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A reference photo whose object the caller points out.

    Attributes:
        image: The photo.
        box: Where the object is: a :class:`Box` or four numbers, xyxy in pixels of the upright
            photo. The extractor then only outlines it inside.
        mask: (H, W) bool, True on the object, of the upright photo's size.
    """

    image: ImageSource
    box: Box | Sequence[float] | None = None
    mask: Any = None


#: One photo that introduces an object, or a list of them; see :class:`Reference`.
ReferencePhotos: TypeAlias = "ImageSource | Reference | Sequence[ImageSource | Reference]"


def find_object(
    image: RGBImage, reference: Reference, category: str, extractor: ViewExtractor
) -> Proposal:
    """Return the object's region S_p in a reference photo.

    Args:
        image: The photo, loaded.
        reference: What the caller said about it.
        category: What the object is (k_p).
        extractor: Finds it when the caller did not point it out.

    Raises:
        InvalidInput: The box or mask does not fit the photo, or both are given.
        NoObjectFound: The extractor found nothing, or the mask is empty.
    """
    if reference.box is not None and reference.mask is not None:
        raise InvalidInput("expected a box or a mask, found both; give one of them")
    if reference.mask is not None:
        return _from_mask(image, reference.mask)
    if reference.box is not None:
        return _from_box(image, as_box(reference.box, *image.size), category, extractor)
    regions = extractor.extract(image, category)
    if not regions:
        raise NoObjectFound(
            f"expected a {category} in the photo, found no object that stands out; "
            "use a photo that shows it larger, or point it out with a box"
        )
    return regions[0]


def fitted(reference: Reference, photo: LoadedPhoto) -> Reference:
    """Return what a caller says about a photo, in pixels of the photo as it was loaded.

    Args:
        reference: In pixels of the photo as it was given.
        photo: The photo, loaded.

    Raises:
        InvalidInput: The box or mask does not fit the photo.
    """
    given, size = photo.size_wh, photo.image.size
    if given == size:
        return reference
    box, mask = reference.box, reference.mask
    if box is not None:
        box = resized(as_box(box, *given), given, size)
    if mask is not None:
        values = Image.fromarray(_checked(mask, given).astype(np.uint8) * np.uint8(255))
        mask = np.asarray(values.resize(size, Image.Resampling.BOX)) > 0
    return replace(reference, box=box, mask=mask)


def _checked(mask: object, size_wh: tuple[int, int]) -> NDArray[np.bool_]:
    values = np.asarray(mask)
    expected = (size_wh[1], size_wh[0])
    if values.dtype != np.bool_ or values.shape != expected:
        raise InvalidInput(
            f"expected a mask of shape {expected} and dtype bool, "
            f"found {values.shape} and {values.dtype}; masks refer to the upright photo"
        )
    return values


def _from_mask(image: RGBImage, mask: object) -> Proposal:
    values = _checked(mask, image.size)
    if not values.any():
        raise NoObjectFound("expected a mask that marks the object, found it empty")
    rows, columns = np.flatnonzero(values.any(axis=1)), np.flatnonzero(values.any(axis=0))
    box = Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    frame = Box(0, 0, *image.size)
    return Proposal(box, 1.0, Mask(values.astype(np.float32), frame), around(box, image))


def _from_box(image: RGBImage, box: Box, category: str, extractor: ViewExtractor) -> Proposal:
    """Outline the object inside a caller's box; the whole box when nothing fills it."""
    window = around(box, image)
    crop = image.crop(window.pixels)
    for region in extractor.extract(crop, category):
        local = Box(box.x0 - window.x0, box.y0 - window.y0, box.x1 - window.x0, box.y1 - window.y0)
        inside = coverage(region, local, (_RASTER, _RASTER))
        if inside.mean() >= _LEAST_FILL:
            return Proposal(box, region.score, Mask(inside, box), window)
    return Proposal(box, 1.0, None, window)


def around(box: Box, image: RGBImage) -> Box:
    """Return the box with a margin, in whole pixels inside the photo."""
    margin = _MARGIN * max(box.width, box.height)
    return Box(
        max(0, int(box.x0 - margin)),
        max(0, int(box.y0 - margin)),
        min(image.width, int(np.ceil(box.x1 + margin))),
        min(image.height, int(np.ceil(box.y1 + margin))),
    )
