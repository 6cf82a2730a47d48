"""A clip for the demo and the documentation: a camera in a hand turns past three tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from PIL import Image

from pekit_agents.demo.scenes import SCENES, compose

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["clip_frames"]

_ORDER = (1, 0, 2)  # of the tables, from left to right
_MARGIN = 12  # pixels for the hand to shake in
_SHAKES = (0.7, 1.9)  # cycles a second, across and down


def clip_frames(*, seconds: float = 10.0, every: float = 0.1) -> Iterator[tuple[float, RGBImage]]:
    """Yield (seconds, frame): the scenes of the demo, one beside the other, and a camera.

    Args:
        seconds: How long it turns.
        every: Seconds from one frame to the next.

    Raises:
        MissingDependency: The scikit-image package is not installed, whose photos these are.
    """
    tables = [compose(SCENES[number])[0] for number in _ORDER]
    width, height = tables[0].size
    world = Image.new("RGB", (width * len(tables), height))
    for place, table in enumerate(tables):
        world.paste(table, (place * width, 0))
    way = world.width - width
    for number in range(math.floor(seconds / every) + 1):
        time = round(number * every, 6)
        along = (1 - math.cos(math.pi * time / seconds)) / 2
        across, down = (_MARGIN * math.sin(2 * math.pi * rate * time) for rate in _SHAKES)
        left = min(max(0, round(_MARGIN + along * (way - 2 * _MARGIN) + across)), way)
        top = round(_MARGIN + down)
        window = (left, top, left + width, top + height - 2 * _MARGIN)
        yield time, world.crop(window)
