"""The embedded model's three vision tools: extractor, proposer and encoder.

They share one :class:`FocusModel`; what it computed for one of them the others get for nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.boxes import close_up, iou_matrix, nms
from pekit_agents.embedding.whitening import Whitening
from pekit_agents.models.embedded.graph import BLOCKS, SOURCE_SHA256
from pekit_agents.models.embedded.guidance import likeness_of, resembling
from pekit_agents.models.embedded.model import DIM, FocusModel
from pekit_agents.models.embedded.saliency import salient_regions
from pekit_agents.types import Box

if TYPE_CHECKING:
    from pathlib import Path

    from pekit_agents.protocols import Guide, SearchMode
    from pekit_agents.types import FloatArray, Proposal, RGBImage

__all__ = ["STATISTICS_FILE", "FocusEncoder", "FocusExtractor", "FocusProposer"]

STATISTICS_FILE = "focus_statistics.npz"

_QUARTER = 0.6  # side of the four overlapping crops that a scene is searched in
_MAX_SALIENT = 2  # places where something stands out that are seen close up
_MAX_PLACES = 8  # other places, and those that came of all these
_SAME_PLACE = 0.5  # IoU above which two regions need one close-up
_SIMPLE = 0.1  # of the photo: one region at least this large needs no second look
_MAYBE = 2.2  # log-odds below being named: what is possible, and worth a scene
_WIDE = 2.0  # side of the close-up of a guide's place: it may have seen a part only
_SAME_FRAMING = 0.8  # IoU above which a second close-up would show the same again


class FocusExtractor:
    """View extraction by saliency: the object is what stands out; the category is not read."""

    def __init__(self, model: FocusModel) -> None:
        self._model = model

    def extract(self, image: RGBImage, category: str) -> list[Proposal]:  # noqa: ARG002
        """Return the salient regions of a reference photo, the whole salient area first."""
        return _regions(self._model, image, [Box(0, 0, *image.size)])


class FocusProposer:
    """Proposals by saliency, in the whole photo and, for a scene, close up.

    One look costs one forward pass. A scene costs 5 (the whole photo and its four overlapping
    quarters) and one for each close-up: of the two places that stand out most, of places that
    resemble what is remembered, where there is a guide (at most 8), and centred on what was seen
    there (at most 8); so an object ends up framed alike, whatever led to it.

    ``"auto"`` takes one look when a single large thing stands out that at most one edge of the
    photo cuts off, else a scene. With a guide such a thing that would not be named may hide what is
    looked for: a close-up of the likeliest place decides.
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
        whole = Box(0, 0, *image.size)
        found = _regions(self._model, image, [whole])
        if mode == "fast" or (mode == "auto" and self._is_simple(image, found, guide)):
            return found
        windows = [whole, *_quarters(whole)]
        found += _regions(self._model, image, windows[1:])
        places = _most_salient(found)
        zooms = [close_up(box, *image.size) for box in places]
        if guide is not None:
            alike = self._resembling(image, windows, guide, limit=_MAX_PLACES)
            places += alike
            zooms += [close_up(box, *image.size, factor=_WIDE) for box in alike]
        closer = _regions(self._model, image, zooms)
        moved = [region.box for region in _moved(closer, places)]
        centred = _regions(self._model, image, [close_up(box, *image.size) for box in moved])
        return found + closer + centred

    def _is_simple(self, image: RGBImage, found: Sequence[Proposal], guide: Guide | None) -> bool:
        """Return whether one look tells all that is to be known of a photo."""
        whole = Box(0, 0, *image.size)
        alone = _stands_alone(found, whole)
        if guide is None or not alone:
            return alone
        (main,) = found
        (features,) = self._model.features([image])
        if likeness_of(features.patches, whole, main.box, guide) > 0:
            return True
        likeliest = self._resembling(image, [whole], guide, limit=1)
        zooms = [close_up(box, *image.size, factor=_WIDE) for box in likeliest]
        return self._likeness_in(image, zooms, guide) <= -_MAYBE

    def _likeness_in(self, image: RGBImage, zooms: Sequence[Box], guide: Guide) -> float:
        """Return how much anything in some close-ups resembles what is remembered."""
        looked = zip(zooms, self._model.features(_crops(image, zooms)), strict=True)
        return max(
            (
                likeness_of(features.patches, zoom, region.box, guide)
                for zoom, features in looked
                for region in salient_regions(features.saliency, zoom)
            ),
            default=-math.inf,
        )

    def _resembling(
        self, image: RGBImage, windows: Sequence[Box], guide: Guide, *, limit: int
    ) -> list[Box]:
        grids = [features.patches for features in self._model.features(_crops(image, windows))]
        return resembling(grids, windows, guide, limit=limit)


class FocusEncoder:
    """Patch features of two blocks, each centred and whitened after pooling.

    Centring and whitening are what make the features tell instances of one kind apart, and the
    early and the late block make different mistakes: together they raise far fewer false alarms
    than either. The statistics were made by :mod:`pekit_agents.models.embedded.statistics` and are
    part of the id.

    Args:
        model: The embedded model.
        statistics: A file made by that module; None takes the one that ships.

    Attributes:
        model: The embedded model.
    """

    def __init__(self, model: FocusModel, *, statistics: Path | None = None) -> None:
        self.model = model
        shipped = resources.files("pekit_agents.models.embedded").joinpath(STATISTICS_FILE)
        with (statistics or shipped).open("rb") as file, np.load(file) as made:
            mean, whiten = made["mean"].astype(np.float32), made["whiten"].astype(np.float32)
            self._statistics = Whitening(mean, whiten)
            version = str(made["version"])
        blocks = "+".join(map(str, BLOCKS))
        self._id = f"focus-vits14@{SOURCE_SHA256[:12]}/blocks{blocks}/{version}"

    @property
    def id(self) -> str:
        """Model, weights, layer and statistics."""
        return self._id

    @property
    def dim(self) -> int:
        """Length of a vector: 768."""
        return DIM

    def encode(self, images: Sequence[RGBImage]) -> list[FloatArray]:
        """Return a (rows, columns, 768) float32 patch grid for each image."""
        return [features.patches for features in self.model.features(images)]

    def class_tokens(self, images: Sequence[RGBImage]) -> FloatArray:
        """Return the class token of each whole image at blocks 3 and 9, (N, 768) float32."""
        return np.stack([features.token for features in self.model.features(images)])

    def normalize(self, vectors: FloatArray) -> FloatArray:
        """Return unit vectors, (K, 768) float32: each block centred, whitened and of one length."""
        return self._statistics.normalize(vectors)


def _regions(model: FocusModel, image: RGBImage, windows: Sequence[Box]) -> list[Proposal]:
    """Return the salient regions of each window, in pixels of the photo."""
    return [
        region
        for window, features in zip(windows, model.features(_crops(image, windows)), strict=True)
        for region in salient_regions(features.saliency, window)
    ]


def _crops(image: RGBImage, windows: Sequence[Box]) -> list[RGBImage]:
    whole = Box(0, 0, *image.size)
    return [image if window == whole else image.crop(window.pixels) for window in windows]


def _stands_alone(regions: Sequence[Proposal], whole: Box) -> bool:
    """Return whether one large thing stands out; what two edges cut off is a background."""
    if len(regions) != 1 or regions[0].box.area < _SIMPLE * whole.area:
        return False
    box = regions[0].box
    gaps = (box.x0, box.y0, whole.width - box.x1, whole.height - box.y1)
    return sum(gap < 1 for gap in gaps) <= 1  # less than a pixel


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
