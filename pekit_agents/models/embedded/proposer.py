"""The embedded profile's proposals: what stands out in a photo, and in a scene close up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.boxes import iou_matrix, nms
from pekit_agents.models.embedded.scene import is_scene, lies_in, settled_in
from pekit_agents.models.embedded.windows import PhotoWindows
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

    A scene is looked at as a whole, in its four overlapping quarters and in a close-up of each
    place: of the two that stand out most and, where there is a guide, of those that resemble what
    is remembered (at most 8); then centred on what was seen there (at most 8), so that an object
    ends up framed alike, whatever led to it. A guide leaves out all that resembles nothing, and
    with ``"auto"`` all that lies in something large that it would name.

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
        photo = PhotoWindows(self._model, image, guide)
        found = photo.salient([photo.whole])
        if mode == "fast" or (mode == "auto" and not is_scene(photo, found, places=_MAX_PLACES)):
            return found
        quarters = _quarters(photo.whole)
        settled = settled_in(photo, found) if mode == "auto" else []
        alike = photo.resembling([photo.whole, *quarters], limit=_MAX_PLACES)
        alike = [place for place in alike if not lies_in(place, settled)]
        if photo.guided:  # saliency of a quarter that can show nothing new is not computed
            quarters = [each for each in quarters if _may_show_more(photo, each, settled, alike)]
        found += photo.salient(quarters)
        salient = [box for box in _most_salient(photo, found) if not lies_in(box, settled)]
        places = [
            *((box, photo.close_up(box)) for box in salient),
            *((place, photo.around(place)) for place in alike),
        ]
        closer = photo.salient_around(places)
        moved = [each.box for each in _moved(photo, closer, [place for place, _ in places])]
        return found + closer + photo.salient_around([(box, photo.close_up(box)) for box in moved])


def _may_show_more(
    photo: PhotoWindows, quarter: Box, settled: Sequence[Box], alike: Sequence[Box]
) -> bool:
    """Return whether anything in a quarter resembles what is remembered and is not settled."""
    if settled and not any(lies_in(place, [quarter]) for place in alike):
        return False
    return bool(photo.resembling([quarter], limit=1))


def _most_salient(photo: PhotoWindows, regions: Sequence[Proposal]) -> list[Box]:
    """Return the places that stand out most, and of these what is worth a closer look."""
    xyxy = np.array([region.box.xyxy for region in regions], np.float64).reshape(-1, 4)
    distinct = nms(xyxy, [region.score for region in regions], _SAME_PLACE)
    most = [regions[index] for index in distinct[:_MAX_SALIENT]]
    worth = [each for each in most if photo.is_worth_a_look(each.box, each.window or photo.whole)]
    return [each.box for each in worth]


def _quarters(whole: Box) -> list[Box]:
    width, height = round(whole.width * _QUARTER), round(whole.height * _QUARTER)
    corners = [
        (x, y) for y in (0, int(whole.height) - height) for x in (0, int(whole.width) - width)
    ]
    return [Box(x, y, x + width, y + height) for x, y in corners]


def _moved(
    photo: PhotoWindows, regions: Sequence[Proposal], places: Sequence[Box]
) -> list[Proposal]:
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
            if photo.is_possible(region.box, region.window or photo.whole):
                kept.append(region)
    return kept[:_MAX_PLACES]
