"""What a picture may weigh: the limits, and the checks that refuse what breaks one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from pekit_agents.errors import ImageError, InvalidInput

__all__ = [
    "DEFAULT_LIMITS",
    "WORKING_PIXELS",
    "ImageLimits",
    "check_bytes",
    "check_size",
    "reduction",
]

#: No picture is worked on with more pixels: a larger one is reduced while it is read. Photos of
#: ordinary phones (48 megapixels and less) are worked on as they are.
WORKING_PIXELS = 50_000_000

_IN_PYTHON = {
    "max_bytes": "raise ImageLimits.max_bytes (PeKit.open takes limits=)",
    "max_pixels": "raise ImageLimits.max_pixels and max_side (PeKit.open takes limits=)",
    "min_side": "lower ImageLimits.min_side",
}


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What a picture may weigh; checked before anything is decoded.

    A JPEG of one scan that has more than 50 megapixels is reduced while it is decoded, which takes
    about 2 bytes of RAM for each pixel. Everything else is decoded whole, one picture of that size
    at a time in a process, and then reduced: that takes 4 to 6 bytes for each pixel of a
    progressive JPEG or a PNG, 1.1 GB at the default, 7 to 9 of a TIFF or an AVIF, 1.9 GB, and 16
    of a WebP. ``python -m benchmarks pictures`` measures it. HEIC was not measured.

    Attributes:
        max_bytes: Size of the file.
        max_pixels: Width times height. The largest sensors of phones have 200 megapixels.
        max_side: Longer side in pixels.
        min_side: Shorter side in pixels.
        remedies: What the reader of an error can do to have more, by the limit's name; what has
            no entry is not spoken of. Words for programmers by default.

    Raises:
        InvalidInput: A limit is below 1, or ``min_side`` is above ``max_side``.
    """

    max_bytes: int = 50 * 2**20
    max_pixels: int = 200_000_000
    max_side: int = 20_000
    min_side: int = 16
    remedies: Mapping[str, str] = field(
        default_factory=lambda: _IN_PYTHON, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            if each.compare and (value := getattr(self, each.name)) < 1:
                raise InvalidInput(
                    f"ImageLimits.{each.name}: expected at least 1, got {value}; "
                    "leave it out to keep the default."
                )
        if self.min_side > self.max_side:
            raise InvalidInput(
                f"ImageLimits: expected min_side <= max_side, got {self.min_side} > "
                f"{self.max_side}; no picture could pass."
            )


#: The limits where nobody sets others.
DEFAULT_LIMITS = ImageLimits()


def check_bytes(size: int, name: str, limits: ImageLimits) -> None:
    """Refuse a file that is empty or too large.

    Raises:
        ImageError: It is.
    """
    if size == 0:
        raise ImageError(f"{name}: expected an image, got 0 bytes; was it saved completely?")
    if size > limits.max_bytes:
        cure = _cure("save a smaller copy", "max_bytes", limits)
        raise ImageError(
            f"{name}: expected at most {_millions(limits.max_bytes)} MB, got {_millions(size)} MB; "
            f"{cure}."
        )


def check_size(size: tuple[int, int], name: str, limits: ImageLimits) -> None:
    """Refuse a picture with too few or too many pixels.

    Args:
        size: Width and height in pixels.
        name: What to call the picture in messages.
        limits: What it may have.

    Raises:
        ImageError: It has too few or too many.
    """
    width, height = size
    if min(size) < limits.min_side:
        rule = f"at least {limits.min_side} px a side"
        cure = _cure("use a larger picture", "min_side", limits)
    elif max(size) > limits.max_side or width * height > limits.max_pixels:
        rule = f"at most {_millions(limits.max_pixels)} megapixels and {limits.max_side} px a side"
        cure = _cure("save a smaller copy", "max_pixels", limits)
    else:
        return
    raise ImageError(
        f"{name}: expected {rule}, got {width}x{height} "
        f"({_millions(width * height)} megapixels); {cure}."
    )


def _millions(number: int) -> str:
    """Return a number of pixels or bytes in millions; a small one is not rounded to nothing."""
    millions = number / 1e6
    return f"{millions:.1f}" if millions >= 0.1 else f"{millions:.2g}"


def reduction(size: tuple[int, int]) -> int:
    """Return by which whole number a picture's sides are divided before it is worked on."""
    width, height = size
    factor = 1
    while -(-width // factor) * -(-height // factor) > WORKING_PIXELS:
        factor += 1
    return factor


def _cure(anyhow: str, limit: str, limits: ImageLimits) -> str:
    more = limits.remedies.get(limit)
    return f"{anyhow}, or {more}" if more else anyhow
