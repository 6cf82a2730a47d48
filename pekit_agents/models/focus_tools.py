"""The embedded model's three vision tools: extractor, proposer and encoder.

They share one :class:`FocusModel`; what it computed for one of them the others get for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.boxes import close_up, iou_matrix
from pekit_agents.models.focus import DIM, FocusModel
from pekit_agents.models.focus_graph import BLOCKS, SOURCE_SHA256
from pekit_agents.models.saliency import salient_regions
from pekit_agents.types import Box

if TYPE_CHECKING:
    from pathlib import Path

    from pekit_agents.protocols import SearchMode
    from pekit_agents.types import FloatArray, Proposal, RGBImage

__all__ = ["STATISTICS_FILE", "FocusEncoder", "FocusExtractor", "FocusProposer"]

STATISTICS_FILE = "focus_statistics.npz"

_QUARTER = 0.6  # side of the four overlapping crops that a scene is searched in
_MAX_ZOOMS = 10
_SAME_PLACE = 0.5  # IoU above which two regions need one close-up
_SIMPLE = 0.1  # of the photo: one region at least this large needs no second look
_MAX_SECOND_ZOOMS = 5
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

    One look costs one forward pass. A scene costs 5 and one more for each close-up (at most 15):
    the whole photo, its four overlapping quarters, a crop around each place where something stood
    out, and a second crop where the first one showed that the object lies otherwise; so an object
    ends up framed alike, whatever led to it. ``"auto"`` takes one look when a single large thing
    stands out, else a scene.
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
        whole = Box(0, 0, *image.size)
        found = _regions(self._model, image, [whole])
        if mode == "fast" or (mode == "auto" and _is_simple(found, whole)):
            return found
        found += _regions(self._model, image, _quarters(whole))
        places = [region.box for region in _distinct(found)]
        closer = _regions(self._model, image, [close_up(box, *image.size) for box in places])
        moved = [region.box for region in _moved(closer, places)]
        centred = _regions(self._model, image, [close_up(box, *image.size) for box in moved])
        return found + closer + centred


class FocusEncoder:
    """Patch features of two blocks, each centred and whitened after pooling.

    Centring and whitening are what make the features tell instances of one kind apart, and the
    early and the late block make different mistakes: together they raise far fewer false alarms
    than either. The statistics were made by :mod:`pekit_agents.models.focus_statistics` and are
    part of the id.

    Args:
        model: The embedded model.
        statistics: A file made by that module; None takes the one that ships.
    """

    def __init__(self, model: FocusModel, *, statistics: Path | None = None) -> None:
        self._model = model
        shipped = resources.files("pekit_agents.models").joinpath(STATISTICS_FILE)
        with (statistics or shipped).open("rb") as file, np.load(file) as made:
            self._mean: FloatArray = made["mean"].astype(np.float32)
            self._whiten: FloatArray = made["whiten"].astype(np.float32)
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
        return [features.patches for features in self._model.features(images)]

    def class_tokens(self, images: Sequence[RGBImage]) -> FloatArray:
        """Return the class token of each whole image at blocks 3 and 9, (N, 768) float32."""
        return np.stack([features.token for features in self._model.features(images)])

    def normalize(self, vectors: FloatArray) -> FloatArray:
        """Return unit vectors, (K, 768) float32: each block centred, whitened and of one length."""
        blocks = vectors.reshape(len(vectors), len(BLOCKS), -1)  # (K, B, 384)
        white = np.einsum("kbd,bde->kbe", blocks - self._mean, self._whiten)
        norms = np.linalg.norm(white, axis=2, keepdims=True) * len(BLOCKS) ** 0.5
        unit: FloatArray = (white / np.maximum(norms, 1e-12)).astype(np.float32)
        return unit.reshape(len(vectors), -1)


def _regions(model: FocusModel, image: RGBImage, windows: Sequence[Box]) -> list[Proposal]:
    """Return the salient regions of each window, in pixels of the photo."""
    whole = Box(0, 0, *image.size)
    crops = [image if window == whole else image.crop(window.pixels) for window in windows]
    return [
        region
        for window, features in zip(windows, model.features(crops), strict=True)
        for region in salient_regions(features.saliency, window)
    ]


def _is_simple(regions: Sequence[Proposal], whole: Box) -> bool:
    return len(regions) == 1 and regions[0].box.area >= _SIMPLE * whole.area


def _quarters(whole: Box) -> list[Box]:
    width, height = round(whole.width * _QUARTER), round(whole.height * _QUARTER)
    corners = [
        (x, y) for y in (0, int(whole.height) - height) for x in (0, int(whole.width) - width)
    ]
    return [Box(x, y, x + width, y + height) for x, y in corners]


def _distinct(regions: Sequence[Proposal]) -> list[Proposal]:
    """Return the most salient regions, one for each place, at most as many as are zoomed at."""
    ranked = sorted(regions, key=lambda region: -region.score)
    xyxy = np.array([region.box.xyxy for region in ranked], np.float64).reshape(-1, 4)
    overlap = iou_matrix(xyxy, xyxy)
    kept: list[int] = []
    for index in range(len(ranked)):
        if not (overlap[index, kept] > _SAME_PLACE).any():
            kept.append(index)
    return [ranked[index] for index in kept[:_MAX_ZOOMS]]


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
    return kept[:_MAX_SECOND_ZOOMS]
