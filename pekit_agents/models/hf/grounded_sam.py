"""Grounded-SAM: S_p = F_ext(I_p, k_p) by detection and outlining (paper 3.2, Eq. 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pekit_agents.models.hf.detection import BoxExtractor, DetectionSettings, Detector

if TYPE_CHECKING:
    from pekit_agents.types import Box, Mask, Proposal, RGBImage

__all__ = ["GroundedSam", "Segmenter"]

_OUTLINED = 5  # boxes that get a mask: nobody looks further down the list


class Segmenter(Protocol):
    """Outlines what lies in a box."""

    def outline(self, image: RGBImage, boxes: Sequence[Box]) -> list[Mask]:
        """Return a mask for each box, in pixels of the photo; all zero for nothing."""
        ...


class GroundedSam:
    """View extraction by an open-vocabulary detector and a segmenter.

    Args:
        detector: Finds boxes of the category.
        segmenter: Outlines the object in each.
        settings: Which boxes count.
    """

    def __init__(
        self, detector: Detector, segmenter: Segmenter, settings: DetectionSettings
    ) -> None:
        self._boxes = BoxExtractor(detector, settings)
        self._segmenter = segmenter

    def extract(self, image: RGBImage, category: str) -> list[Proposal]:
        """Return the objects of the category, the surest first; ``[]`` when there is none.

        At most five, each with its mask; without one, box as mask, where nothing is outlined.
        """
        found = self._boxes.extract(image, category)[:_OUTLINED]
        if not found:
            return []
        masks = self._segmenter.outline(image, [region.box for region in found])
        return [
            replace(region, mask=mask) if _marks(mask, region.box) else region
            for region, mask in zip(found, masks, strict=True)
        ]


def _marks(mask: Mask, box: Box) -> bool:
    """Whether a mask marks a cell whose centre lies in the box."""
    rows, columns = np.nonzero(mask.values)
    x = mask.frame.x0 + (columns + 0.5) * mask.frame.width / mask.values.shape[1]
    y = mask.frame.y0 + (rows + 0.5) * mask.frame.height / mask.values.shape[0]
    inside = (box.x0 <= x) & (x < box.x1) & (box.y0 <= y) & (y < box.y1)
    return bool(inside.any())
