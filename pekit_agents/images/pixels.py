"""Pixels of every mode, dtype and orientation become upright 8-bit RGB; no files, no limits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from pekit_agents.errors import ImageError

__all__ = ["array_to_rgb", "check_shape", "to_rgb", "upright_rgb"]

_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
_ROUNDING = 1e-6

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright_rgb(picture: Image.Image, name: str) -> Image.Image:
    """Load a picture and convert it to a new RGB image, turned as its EXIF flag says.

    Args:
        picture: A picture of any mode.
        name: What to call it in messages.

    Raises:
        ImageError: Its values are outside the range of its mode.
        Exception: Whatever Pillow's decoders raise for damaged data.
    """
    picture.load()
    turn = _UPRIGHT.get(_orientation(picture))
    rgb = to_rgb(picture, name)
    upright = rgb if turn is None else rgb.transpose(turn)
    upright.info = {}  # the flag is spent; the rest (GPS, profiles) is private or stale
    return upright


def _orientation(picture: Image.Image) -> int:
    """Read after ``load``: Pillow turns TIFFs by itself and then clears the tag."""
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001  # broken metadata must not cost a good picture
        return 1


def to_rgb(picture: Image.Image, name: str) -> Image.Image:
    """Convert a picture of any mode to a new RGB image that shares no memory with it.

    Args:
        picture: A loaded picture. Transparency is laid over white; ``I`` is read as 16 bits
            and ``F`` as [0, 1].
        name: What to call it in messages.

    Raises:
        ImageError: Its values are outside the range of its mode.
    """
    if picture.mode in _DEEP_MODES:
        return array_to_rgb(_deep_to_array(picture, name), name)
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    if picture.mode == "P":
        picture = picture.copy()  # Pillow writes the transparency into the source's palette
    if picture.mode == "La":
        picture = picture.convert("LA")
    rgba = picture.convert("RGBA")
    paper = Image.new("RGB", rgba.size, "white")
    paper.paste(rgba, mask=rgba)
    return paper


def _deep_to_array(picture: Image.Image, name: str) -> NDArray[Any]:
    values = np.asarray(picture)
    if picture.mode != "I":
        return values
    if values.min() < 0 or values.max() > 65535:
        raise ImageError(
            f"{name}: expected mode I within 0..65535, got {values.min()}..{values.max()}; "
            "scale the values first."
        )
    return values.astype(np.uint16)


def check_shape(array: NDArray[Any], name: str) -> None:
    """Refuse an array that is not one picture with its channels last.

    Raises:
        ImageError: It is not (H, W), (H, W, 1), (H, W, 3) or (H, W, 4).
    """
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4)):
        return
    hint = "move the channels last" if array.shape[:1] in ((1,), (3,), (4,)) else "pass one picture"
    raise ImageError(
        f"{name}: expected an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), got shape "
        f"{array.shape}; {hint}."
    )


def array_to_rgb(array: NDArray[Any], name: str) -> Image.Image:
    """Convert an array to a new RGB image.

    Args:
        array: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of uint8, bool, uint16 (scaled by
            1/257) or floats in [0, 1].
        name: What to call it in messages.

    Raises:
        ImageError: Its dtype or its values are none of these.
    """
    pixels = _to_uint8(array, name)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    # to_rgb always copies: the result never looks into the caller's memory.
    return to_rgb(Image.fromarray(np.ascontiguousarray(pixels)), name)


def _to_uint8(array: NDArray[Any], name: str) -> NDArray[np.uint8]:
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "u" and size == 1:
        return array
    if kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if kind == "u" and size == 2:
        return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if kind == "f":
        return _unit_to_uint8(array, name)
    raise ImageError(
        f"{name}: expected uint8, bool, uint16 or floats in [0, 1], got {array.dtype}",
        in_python="; if the values are within 0..255, pass array.astype(numpy.uint8).",
    )


def _unit_to_uint8(array: NDArray[Any], name: str) -> NDArray[np.uint8]:
    low, high = float(array.min()), float(array.max())
    if not (low >= -_ROUNDING and high <= 1 + _ROUNDING):  # written so that NaN fails too
        raise ImageError(
            f"{name}: expected floats in [0, 1], got {low:.4g}..{high:.4g}; divide by 255",
            in_python=", or pass uint8.",
        )
    return (np.clip(array.astype(np.float32), 0, 1) * 255 + 0.5).astype(np.uint8)
