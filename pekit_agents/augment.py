"""Synthetic views of a reference photo: what the object may look like in photos to come.

Geometry and light are varied a little; the mask goes along. What an operation uncovers is filled
with the blurred photo, so that no black border adds an edge of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from pekit_agents.types import Box, Mask

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["synthetic_views"]

_SIDE = 512  # enough for any encoder's input, and quick to blur
_SHRINK = 0.65
_TURN_DEGREES = 15.0
_DARKER = 0.7
_PALER = 0.5


def synthetic_views(image: RGBImage, mask: Mask) -> list[tuple[RGBImage, Mask]]:
    """Return the photo and five variations of it, each with the object's mask.

    Args:
        image: A photo, or a crop of one.
        mask: The object's mask; its frame must be the whole image.

    Returns:
        Six pairs: as it is, mirrored, smaller, turned, darker, paler. All have one size, at
        most 512 px a side.
    """
    scale = min(1.0, _SIDE / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    photo = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    alpha = Image.fromarray((mask.values * 255).astype(np.uint8)).resize(size)
    plain = _as_mask(alpha)
    return [
        (photo, plain),
        (ImageOps.mirror(photo), _as_mask(ImageOps.mirror(alpha))),
        _shrunk(photo, alpha),
        _turned(photo, alpha),
        (ImageEnhance.Brightness(photo).enhance(_DARKER), plain),
        (ImageEnhance.Color(photo).enhance(_PALER), plain),
    ]


def _shrunk(photo: RGBImage, alpha: Image.Image) -> tuple[RGBImage, Mask]:
    size = (max(1, round(photo.width * _SHRINK)), max(1, round(photo.height * _SHRINK)))
    corner = ((photo.width - size[0]) // 2, (photo.height - size[1]) // 2)
    canvas = _blurred(photo)
    canvas.paste(photo.resize(size, Image.Resampling.BICUBIC), corner)
    moved = Image.new("L", photo.size)
    moved.paste(alpha.resize(size), corner)
    return canvas, _as_mask(moved)


def _turned(photo: RGBImage, alpha: Image.Image) -> tuple[RGBImage, Mask]:
    inside = Image.new("L", photo.size, 255).rotate(_TURN_DEGREES)
    turned = photo.rotate(_TURN_DEGREES, Image.Resampling.BICUBIC)
    return Image.composite(turned, _blurred(photo), inside), _as_mask(alpha.rotate(_TURN_DEGREES))


def _blurred(photo: RGBImage) -> RGBImage:
    return photo.filter(ImageFilter.GaussianBlur(max(photo.size) / 12))


def _as_mask(alpha: Image.Image) -> Mask:
    values = np.asarray(alpha, np.float32) / np.float32(255)
    return Mask(values, Box(0, 0, *alpha.size))
