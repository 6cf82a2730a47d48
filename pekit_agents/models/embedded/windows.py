"""A photo seen through windows, its rectangles: what stands out in each, and what resembles.

Patch features of a window are computed once, its saliency where somebody asks for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pekit_agents.boxes import close_up
from pekit_agents.models.embedded.guidance import (
    likeness_of,
    pick_places,
    scored_boxes,
    worth_a_look,
)
from pekit_agents.models.embedded.saliency import salient_regions
from pekit_agents.types import Box

if TYPE_CHECKING:
    from pekit_agents.models.embedded.guidance import ScoredBoxes
    from pekit_agents.models.embedded.model import FocusFeatures, FocusModel
    from pekit_agents.protocols import Guide
    from pekit_agents.types import Proposal, RGBImage

__all__ = ["PhotoWindows"]

# Log-odds below being named: what a close-up shows may be something remembered.
_POSSIBLE = 2.2
_WIDE = 2.0  # side of the close-up of a guide's place: it may have seen a part only


class PhotoWindows:
    """The windows of one photo that were looked at.

    Args:
        model: The embedded model.
        image: The photo.
        guide: Says how much pooled features resemble what is remembered; None where nothing does.

    Attributes:
        whole: The window that is all of the photo.
        guided: Whether there is a guide.
    """

    def __init__(self, model: FocusModel, image: RGBImage, guide: Guide | None = None) -> None:
        self._model, self._image, self._guide = model, image, guide
        self._seen: dict[Box, FocusFeatures] = {}
        self._scored: dict[Box, ScoredBoxes] = {}
        self.whole = Box(0, 0, *image.size)
        self.guided = guide is not None

    def salient(self, windows: Sequence[Box]) -> list[Proposal]:
        """Return the salient regions of each window, in pixels of the photo."""
        return [
            region
            for window, features in zip(windows, self._features(windows), strict=True)
            for region in salient_regions(features.saliency, window)
        ]

    def salient_around(self, places: Sequence[tuple[Box, Box]]) -> list[Proposal]:
        """Return the salient regions of close-ups whose place may be something remembered.

        Args:
            places: Each place with the window in which it is seen close up.
        """
        self._features([window for _, window in places])  # together
        return self.salient([window for place, window in places if self.is_possible(place, window)])

    def resembling(self, windows: Sequence[Box], *, limit: int) -> list[Box]:
        """Return the places in some windows that most resemble what is remembered, best first.

        Empty without a guide.
        """
        if self._guide is None:
            return []
        for window, features in zip(windows, self._features(windows), strict=True):
            if window not in self._scored:
                self._scored[window] = scored_boxes(features.patches, window, self._guide)
        return pick_places([self._scored[window] for window in windows], limit=limit)

    def likeness(self, box: Box, window: Box) -> float:
        """Return how much a box resembles what is remembered, as it is seen in a window.

        Infinitely much without a guide.
        """
        if self._guide is None:
            return math.inf
        (features,) = self._features([window])
        return likeness_of(features.patches, window, box, self._guide)

    def is_worth_a_look(self, box: Box, window: Box) -> bool:
        """Return whether a box resembles what is remembered enough for a close-up."""
        return worth_a_look(self.likeness(box, window))

    def is_possible(self, box: Box, window: Box) -> bool:
        """Return whether a box that is seen close up may be something that is remembered."""
        return self.likeness(box, window) > -_POSSIBLE

    def close_up(self, box: Box) -> Box:
        """Return the window in which something that stands out is seen close up."""
        return close_up(box, *self._image.size)

    def around(self, place: Box) -> Box:
        """Return the window in which a place that the guide named is seen close up."""
        return close_up(place, *self._image.size, factor=_WIDE)

    def _features(self, windows: Sequence[Box]) -> list[FocusFeatures]:
        new = [window for window in dict.fromkeys(windows) if window not in self._seen]
        crops = [self._pixels(window) for window in new]
        self._seen.update(zip(new, self._model.features(crops), strict=True))
        return [self._seen[window] for window in windows]

    def _pixels(self, window: Box) -> RGBImage:
        return self._image if window == self.whole else self._image.crop(window.pixels)
