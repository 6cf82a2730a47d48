"""Photos that an adapter has to cope with: plain, small, tall, wide, and with a thing in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from pekit_agents.testing.fakes import solid_scene

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["fingerprint", "noise", "odd_photos", "several_photos"]


def odd_photos() -> dict[str, RGBImage]:
    """Return RGB photos by what is odd about them; drawn anew at each call, always the same."""
    return {
        "one thing": solid_scene({"red": (40, 30, 120, 90)}),
        "two things": solid_scene({"red": (5, 5, 75, 75), "blue": (100, 30, 150, 110)}),
        "plain grey": solid_scene({}),
        "noise": noise(123, 77),
        "small": noise(24, 18),
        "tall": noise(40, 300),
        "wide": noise(300, 40),
        "a strip": noise(4000, 16),
        "a pole": noise(16, 4000),
    }


def several_photos() -> list[RGBImage]:
    """Return some of the odd photos: as many as there may be users at a time in a test."""
    photos = odd_photos()
    return [photos[what] for what in ("one thing", "two things", "noise")]


def fingerprint(photo: RGBImage) -> tuple[str, tuple[int, int], bytes]:
    """Return what is equal of two pictures that look the same."""
    return photo.mode, photo.size, photo.tobytes()


def noise(width: int, height: int) -> RGBImage:
    """Return a photo of random pixels, the same for the same size."""
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)
