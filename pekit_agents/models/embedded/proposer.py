"""The embedded profile's proposals: what stands out in a photo, and in a scene close up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.boxes import close_up, iou_matrix, nms
from pekit_agents.models.embedded.scene import is_scene
from pekit_agents.models.embedded.windows import around_places, resembling_in, salient_in
from pekit_agents.types import Box

if TYPE_CHECKING:
    from pekit_agents.models.embedded.model import FocusModel
    from pekit_agents.protocols import Guide, SearchMode
    from pekit_agents.types import Proposal, RGBImage

__all__ = ["FocusProposer"]

_QUARTER = 0.6  # side of the four overlapping crops that a scene is searched in
_MAX_SALIENT = 2  # places where something stands out that are seen close up
_MAX_PLACES = 8  # other places, and those that came of all these
_SAME_PLACE = 0.5  # IoU above which two regions need one close-up
_SAME_FRAMING = 0.8  # IoU above which a second close-up would show the same again


class FocusProposer:
    """Proposals by saliency, in the whole photo and, for a scene, close up.

    One look costs one forward pass. A scene costs 5 (the whole photo and its four overlapping
    quarters) and one for each close-up: of the two places that stand out most, of places that
    resemble what is remembered, where there is a guide (at most 8), and centred on what was seen
    there (at most 8); so an object ends up framed alike, whatever led to it.

    ``"auto"`` takes one look unless the photo is a scene, see
    :func:`~pekit_agents.models.embedded.scene.is_scene`.
    """

    def __init__(self, model: FocusModel) -> None:
        self._model = model

    def propose(
        self,
        image: RGBImage,
        categories: Sequence[str],  # noqa: ARG002 - saliency knows no words
        mode: SearchMode = "auto",
    ) -> list[Proposal]:
        """Return the salient regions of a photo; the categories are not read."""
        return self._propose(image, mode, None)

    def propose_guided(
        self,
        image: RGBImage,
        categories: Sequence[str],  # noqa: ARG002 - saliency knows no words
        mode: SearchMode,
        guide: Guide,
    ) -> list[Proposal]:
        """Return the salient regions of a photo, close up where something may be remembered."""
        return self._propose(image, mode, guide)

    def _propose(self, image: RGBImage, mode: SearchMode, guide: Guide | None) -> list[Proposal]:
        model, whole = self._model, Box(0, 0, *image.size)
        found = salient_in(model, image, [whole])
        if mode == "fast" or (mode == "auto" and not is_scene(model, image, found, guide)):
            return found
        windows = [whole, *_quarters(whole)]
        found += salient_in(model, image, windows[1:])
        places = _most_salient(found)
        zooms = [close_up(box, *image.size) for box in places]
        if guide is not None:
            alike = resembling_in(model, image, windows, guide, limit=_MAX_PLACES)
            places += alike
            zooms += around_places(image, alike)
        closer = salient_in(model, image, zooms)
        moved = [region.box for region in _moved(closer, places)]
        centred = salient_in(model, image, [close_up(box, *image.size) for box in moved])
        return found + closer + centred


def _most_salient(regions: Sequence[Proposal]) -> list[Box]:
    xyxy = np.array([region.box.xyxy for region in regions], np.float64).reshape(-1, 4)
    distinct = nms(xyxy, [region.score for region in regions], _SAME_PLACE)
    return [regions[index].box for index in distinct[:_MAX_SALIENT]]


def _quarters(whole: Box) -> list[Box]:
    width, height = round(whole.width * _QUARTER), round(whole.height * _QUARTER)
    corners = [
        (x, y) for y in (0, int(whole.height) - height) for x in (0, int(whole.width) - width)
    ]
    return [Box(x, y, x + width, y + height) for x, y in corners]


def _moved(regions: Sequence[Proposal], places: Sequence[Box]) -> list[Proposal]:
    """Return each close-up's main region where it is not framed like any place before."""
    main: dict[Box | None, Proposal] = {}
    for region in regions:
        main.setdefault(region.window, region)
    framed = list(places)
    kept: list[Proposal] = []
    for region in main.values():
        xyxy = np.array([box.xyxy for box in framed], np.float64).reshape(-1, 4)
        if (iou_matrix(np.array([region.box.xyxy]), xyxy) < _SAME_FRAMING).all():
            framed.append(region.box)
            kept.append(region)
    return kept[:_MAX_PLACES]
