"""Photos made worse, in the ways in which photos turn out badly: pure pixel code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["CONDITIONS"]

_SIDE = 800  # pixels of the longer side: what the strengths below refer to
_MOVED = 60  # pixels
_SMALL = 48  # pixels of the longer side, scaled up again
_RADIUS = 13.0  # pixels
_NOISE = 60.0  # grey levels, standard deviation


def _resized(image: RGBImage) -> RGBImage:
    scale = _SIDE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BICUBIC)


def _moved(image: RGBImage) -> RGBImage:
    """Return the photo as taken by a camera that moved sideways."""
    shifts = range(0, _MOVED + 1, 2)
    wide = np.pad(np.asarray(image, np.uint16), [(0, 0), (_MOVED // 2,) * 2, (0, 0)], mode="wrap")
    total = sum(wide[:, shift : shift + image.width] for shift in shifts)
    return Image.fromarray((total / np.float32(len(shifts))).astype(np.uint8))


def _small(image: RGBImage) -> RGBImage:
    scale = _SMALL / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BOX).resize(image.size, Image.Resampling.BICUBIC)


def _noisy(image: RGBImage) -> RGBImage:
    """Return the photo with the noise of a sensor in the dark; always the same noise."""
    noise = np.random.default_rng(0).normal(0, _NOISE, (image.height, image.width, 1))
    pixels = np.asarray(image, np.float32) + noise
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _out_of_focus(image: RGBImage) -> RGBImage:
    return image.filter(ImageFilter.GaussianBlur(_RADIUS))


def _lit(factor: float) -> Callable[[RGBImage], RGBImage]:
    return lambda image: ImageEnhance.Brightness(image).enhance(factor)


def _after_resizing(make: Callable[[RGBImage], RGBImage]) -> Callable[[RGBImage], RGBImage]:
    return lambda image: make(_resized(image))


#: Each condition and what makes it of a photo; several ways may lead to one condition.
CONDITIONS: dict[str, tuple[Callable[[RGBImage], RGBImage], ...]] = {
    "blurred": tuple(map(_after_resizing, (_moved, _out_of_focus, _small))),
    "dark": tuple(map(_after_resizing, (_lit(0.1), _lit(0.25)))),
    "overexposed": (_after_resizing(_lit(3.0)),),
    "noisy": (_after_resizing(_noisy),),
}
