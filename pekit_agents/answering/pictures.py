"""What leaves for a remote model: a picture as it is, or the JPEG that is sent in its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import ExifTags, Image

from pekit_agents.images.limits import DEFAULT_LIMITS, ImageLimits
from pekit_agents.images.loading import load_image

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = [
    "JPEG",
    "MAX_SIDE",
    "SHOWN_SIDE",
    "SentLimits",
    "as_sent",
    "sent_among",
    "to_jpeg",
    "whole_as_sent",
]

#: The media type of :func:`to_jpeg`.
JPEG = "image/jpeg"
#: Providers shrink larger pictures themselves, after refusing the largest.
MAX_SIDE = 2048
#: The same among others in a conversation: Claude scales larger ones down to this.
SHOWN_SIDE = 1568

#: What every large provider takes, by Pillow's name: Gemini takes no GIF. MPO, which cameras
#: write as .jpg, is none.
_TAKEN = {"JPEG": JPEG, "PNG": "image/png", "WEBP": "image/webp"}
_PLAIN_MODES = frozenset({"1", "L", "P", "RGB"})
_PNG_DEPTH_AT = 24  # bits a channel, in the header of every PNG
#: One picture as base64: 5 MB for Claude, and 3.75 MB before encoding on Bedrock is the same.
_ONE_BYTES = 5 * 2**20
#: All pictures of a request as base64: 20 MB for Gemini with its text, 32 MB for Claude.
_ALL_BYTES = 18 * 2**20
#: Claude takes 8000 px a side, and 2000 where a request has more than 20 pictures.
_ALONE_SIDE, _CROWD, _CROWD_SIDE = 8000, 20, 2000


@dataclass(frozen=True, slots=True)
class SentLimits:
    """What one picture of a request may have, by what providers publish.

    Attributes:
        base64_bytes: Its size as base64 text.
        side: Its longer side in pixels.
    """

    base64_bytes: int = _ONE_BYTES
    side: int = _ALONE_SIDE

    def takes(self, data: bytes, size_wh: tuple[int, int]) -> bool:
        """Return whether a file of this content and size in pixels is within the limits."""
        return (len(data) + 2) // 3 * 4 <= self.base64_bytes and max(size_wh) <= self.side


_ALONE = SentLimits()


def sent_among(count: int) -> SentLimits:
    """Return the limits of each picture where a request has ``count`` of them."""
    share = min(_ONE_BYTES, _ALL_BYTES // max(count, 1))
    return SentLimits(share, _CROWD_SIDE if count > _CROWD else _ALONE_SIDE)


def as_sent(
    data: bytes,
    limits: SentLimits = _ALONE,
    *,
    upright: RGBImage | None = None,
    readable: ImageLimits = DEFAULT_LIMITS,
) -> tuple[bytes, str]:
    """Return a picture as hosted models take it, and the MIME type of what is returned.

    A still JPEG, PNG or WebP within the limits is returned untouched. Everything else
    becomes a JPEG that is: other formats, animations, CMYK, 16 bits a channel, transparency (laid
    over white), and what an EXIF flag turns, which models do not look at.

    Args:
        data: The content of an image file.
        limits: What may be sent.
        upright: The picture as :func:`load_image` returns it, where it was read already.
        readable: What it may weigh to be read; a picture of any smallness can be sent.

    Raises:
        ImageError: It cannot be read.
        MissingDependency: It is a HEIC picture and ``pi-heif`` is not installed.
    """
    if upright is None:
        upright = load_image(
            data, limits=replace(readable, min_side=1)
        )  # or refuse what is damaged
    mime = _taken_as(data, limits)
    if mime is not None:
        return data, mime
    return to_jpeg(upright, min(SHOWN_SIDE, limits.side), limits), JPEG


def whole_as_sent(
    data: bytes, limits: SentLimits = _ALONE, *, readable: ImageLimits = DEFAULT_LIMITS
) -> tuple[bytes, str]:
    """Do as :func:`as_sent` for a picture that was read before: it is decoded only to change it."""
    mime = _taken_as(data, limits)
    return as_sent(data, limits, readable=readable) if mime is None else (data, mime)


def to_jpeg(image: RGBImage, max_side: int = MAX_SIDE, limits: SentLimits = _ALONE) -> bytes:
    """Return a picture as the content of a JPEG file, shrunk where it is larger than useful.

    Colour is kept at full resolution, so that thin boxes keep the colour the words name.

    Args:
        image: An upright RGB picture; it is not changed.
        max_side: The longer side in pixels at most.
        limits: What may be sent; a picture of noise is shrunk further until it may.
    """
    side = max_side
    while True:
        picture = image.copy()
        picture.thumbnail((side, side))
        buffer = BytesIO()
        picture.save(buffer, "JPEG", quality=92, subsampling=0)
        if limits.takes(buffer.getvalue(), picture.size) or side <= 1:
            return buffer.getvalue()
        side = max(picture.size) * 3 // 4


def _taken_as(data: bytes, limits: SentLimits) -> str | None:
    """Return the MIME type of a file that models read as it is meant; None for all others."""
    try:
        with Image.open(BytesIO(data), formats=tuple(_TAKEN)) as picture:
            mime = _TAKEN.get(picture.format or "")
            plain = (
                limits.takes(data, picture.size)
                and picture.mode in _PLAIN_MODES
                and not picture.has_transparency_data
                and not getattr(picture, "is_animated", False)
                and picture.getexif().get(ExifTags.Base.Orientation, 1) == 1
            )
    except Exception:  # noqa: BLE001  # what is odd about a file does not go out
        return None
    deep = mime == "image/png" and data[_PNG_DEPTH_AT] > 8
    return mime if plain and not deep else None
