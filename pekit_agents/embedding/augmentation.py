"""Synthetic views of a reference photo: what the object may look like in photos to come.

A photo and its mirror image. Smaller, turned, darker and paler ones found nothing more
(docs/lab-book-descriptor.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from pekit_agents.types import Box, Mask

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["synthetic_views"]

_SIDE = 512  # enough for any encoder's input, and quick to resize


def synthetic_views(image: RGBImage, mask: Mask) -> list[tuple[RGBImage, Mask]]:
    """Return the photo and its mirror image, each with the object's mask.

    The photo is the one that was given, so that an encoder that knows it does not run again.

    Args:
        image: A photo, or a crop of one.
        mask: The object's mask; its frame must be the whole image.

    Returns:
        Two pairs; the mirror image is at most 512 px a side.
    """
    scale = min(1.0, _SIDE / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    return [
        (image, mask),
        (ImageOps.mirror(small), Mask(mask.values[:, ::-1], Box(0, 0, *size))),
    ]
