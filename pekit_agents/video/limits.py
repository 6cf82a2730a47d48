"""What a clip may weigh: ``VideoLimits``, and the limits where nobody sets others."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pekit_agents.errors import InvalidInput

__all__ = ["DEFAULT_VIDEO_LIMITS", "VideoLimits"]


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """What a clip may weigh, and how long a camera is waited for.

    Attributes:
        max_pixels: Width times height of a coded frame. 8K has 33 megapixels, and 35 as cinemas
            show it; a decoder holds about twenty frames of that size.
        patience: Seconds to wait for an address to answer, and for each further frame of it.

    Raises:
        InvalidInput: One of them is not above 0.
    """

    max_pixels: int = 36_000_000
    patience: float = 10.0

    def __post_init__(self) -> None:
        if self.max_pixels < 1 or not 0 < self.patience < math.inf:
            raise InvalidInput(
                "VideoLimits: expected max_pixels and patience above 0, got "
                f"{self.max_pixels} and {self.patience}; leave them out to keep the defaults."
            )


#: The limits where nobody sets others.
DEFAULT_VIDEO_LIMITS = VideoLimits()
