"""A photo seen through windows, its rectangles: what stands out in each, and what resembles.

The model keeps what it computed, so that a window costs one forward pass whoever asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pekit_agents.boxes import close_up
from pekit_agents.models.embedded.guidance import resembling
from pekit_agents.models.embedded.saliency import salient_regions
from pekit_agents.types import Box

if TYPE_CHECKING:
    from pekit_agents.models.embedded.model import FocusModel
    from pekit_agents.protocols import Guide
    from pekit_agents.types import Proposal, RGBImage

__all__ = ["around_places", "crops", "resembling_in", "salient_in"]

_WIDE = 2.0  # side of the close-up of a guide's place: it may have seen a part only


def crops(image: RGBImage, windows: Sequence[Box]) -> list[RGBImage]:
    """Return the pixels of each window; the photo itself where that is all of it."""
    whole = Box(0, 0, *image.size)
    return [image if window == whole else image.crop(window.pixels) for window in windows]


def salient_in(model: FocusModel, image: RGBImage, windows: Sequence[Box]) -> list[Proposal]:
    """Return the salient regions of each window, in pixels of the photo."""
    return [
        region
        for window, features in zip(windows, model.features(crops(image, windows)), strict=True)
        for region in salient_regions(features.saliency, window)
    ]


def resembling_in(
    model: FocusModel, image: RGBImage, windows: Sequence[Box], guide: Guide, *, limit: int
) -> list[Box]:
    """Return the places in some windows that most resemble what is remembered, the best first."""
    grids = [features.patches for features in model.features(crops(image, windows))]
    return resembling(grids, windows, guide, limit=limit)


def around_places(image: RGBImage, places: Sequence[Box]) -> list[Box]:
    """Return the windows in which places that a guide named are seen close up."""
    return [close_up(place, *image.size, factor=_WIDE) for place in places]
