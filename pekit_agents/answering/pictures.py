"""Pictures as they travel to a remote model."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["JPEG", "MAX_SIDE", "to_jpeg"]

#: The media type of :func:`to_jpeg`.
JPEG = "image/jpeg"
#: Providers shrink larger pictures themselves, after refusing the largest.
MAX_SIDE = 2048


def to_jpeg(image: RGBImage, max_side: int = MAX_SIDE) -> bytes:
    """Return a picture as the content of a JPEG file, shrunk where it is larger than useful.

    Colour is kept at full resolution, so that thin boxes keep the colour the words name.

    Args:
        image: An upright RGB picture; it is not changed.
        max_side: The longer side in pixels at most.
    """
    picture = image.copy()
    picture.thumbnail((max_side, max_side))
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=92, subsampling=0)
    return buffer.getvalue()
