"""Photos that are far longer than high: what a network sees of them has a height, too."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["stretched"]

_LEAST = 4  # pixels: a patch of the smallest kind


def stretched(image: RGBImage, longest: int) -> RGBImage:
    """Return a photo that keeps 4 pixels of its shorter side when its longer one is reduced.

    A strip of 4000 x 16 pixels would have none left. The photo itself where it is not that long.

    Args:
        image: The photo.
        longest: How many pixels of its longer side are left, at most.
    """
    least = ceil(max(image.size) * _LEAST / longest)
    if min(image.size) >= least:
        return image
    width, height = (max(side, least) for side in image.size)
    return image.resize((width, height), Image.Resampling.BILINEAR)
