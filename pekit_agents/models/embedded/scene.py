"""Whether a photo is a scene, or one look at it tells all that is to be known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pekit_agents.models.embedded.guidance import likeness_of
from pekit_agents.models.embedded.saliency import salient_regions
from pekit_agents.models.embedded.windows import around_places, crops, resembling_in
from pekit_agents.types import Box

if TYPE_CHECKING:
    from pekit_agents.models.embedded.model import FocusModel
    from pekit_agents.protocols import Guide
    from pekit_agents.types import Proposal, RGBImage

__all__ = ["is_scene"]

_SIMPLE = 0.1  # of the photo: one region at least this large needs no second look
_MAYBE = 2.2  # log-odds below being named: what is possible, and worth a scene


def is_scene(
    model: FocusModel, image: RGBImage, found: Sequence[Proposal], guide: Guide | None
) -> bool:
    """Return whether a photo is to be searched close up.

    It is not when a single large thing stands out that at most one edge of the photo cuts off.
    With a guide such a thing that would not be named may hide what is looked for: a close-up of
    the likeliest place decides.

    Args:
        model: The embedded model.
        image: The photo.
        found: What stands out in the whole of it.
        guide: Says how much pooled features resemble what is remembered; None where nothing does.
    """
    whole = Box(0, 0, *image.size)
    alone = _stands_alone(found, whole)
    if guide is None or not alone:
        return not alone
    (main,) = found
    (features,) = model.features([image])
    if likeness_of(features.patches, whole, main.box, guide) > 0:
        return False
    likeliest = resembling_in(model, image, [whole], guide, limit=1)
    return _likeness_in(model, image, around_places(image, likeliest), guide) > -_MAYBE


def _likeness_in(model: FocusModel, image: RGBImage, zooms: Sequence[Box], guide: Guide) -> float:
    """Return how much anything in some close-ups resembles what is remembered."""
    looked = zip(zooms, model.features(crops(image, zooms)), strict=True)
    return max(
        (
            likeness_of(features.patches, zoom, region.box, guide)
            for zoom, features in looked
            for region in salient_regions(features.saliency, zoom)
        ),
        default=-math.inf,
    )


def _stands_alone(regions: Sequence[Proposal], whole: Box) -> bool:
    """Return whether one large thing stands out; what two edges cut off is a background."""
    if len(regions) != 1 or regions[0].box.area < _SIMPLE * whole.area:
        return False
    box = regions[0].box
    gaps = (box.x0, box.y0, whole.width - box.x1, whole.height - box.y1)
    return sum(gap < 1 for gap in gaps) <= 1  # less than a pixel
