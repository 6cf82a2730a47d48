"""Frames with times: what a clip is to everything that searches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["Frame"]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame of a clip.

    Attributes:
        time: Seconds from the beginning of the clip, or of the recording of a camera; each frame
            has a later one than the frame before.
        image: The upright RGB frame with square pixels, reduced where the clip's is larger than a
            search needs.
        size_wh: Width and height of the upright frame as it is in the clip, with square pixels:
            boxes in a timeline are in these.
    """

    time: float
    image: RGBImage
    size_wh: tuple[int, int]
