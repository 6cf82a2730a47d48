"""Pixels of every mode, dtype and orientation become upright 8-bit RGB; no files, no limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from pekit_agents.errors import ImageError
from pekit_agents.images.limits import reduction

__all__ = ["array_to_rgb", "check_shape", "lies_on_its_side", "to_rgb", "upright_rgb"]

_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
_DEEP_TOP = 65535
#: Grey of 2 and 4 bits is spread over 8 bits when it is read, its transparent value is not.
_SPREAD = {"L;2": 85, "L;4": 17}
_ROUNDING = 1e-6
_BAND = 256  # rows that are converted at a time where a picture is reduced

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class _Stored:
    """How a file's values are to be understood where Pillow does not do it.

    Attributes:
        top: The value of full light, or of none, in a deep integer mode.
        negative: Whether 0 is white in a deep mode.
        key: The value or colour that is transparent, as the loaded picture has it; None for none.
        opaque: Whether alpha is no transparency.
    """

    top: int = _DEEP_TOP
    negative: bool = False
    key: Any = None
    opaque: bool = False

    @classmethod
    def of(cls, picture: Image.Image) -> _Stored:
        """Read it from a picture that is not loaded yet; of others less can be told."""
        tags, key = getattr(picture, "tag_v2", {}), picture.info.get("transparency")
        deep = picture.mode in _DEEP_MODES
        bits = (*tags.get(ExifTags.Base.BitsPerSample, ()), 16)[0]
        top = 2**bits - 1 if deep and bits < 16 else _DEEP_TOP
        negative = deep and tags.get(ExifTags.Base.PhotometricInterpretation) == 0
        tiles = getattr(picture, "tile", ())
        raw = tiles[0][3] if tiles and picture.format == "PNG" else None
        if raw == "RGB;16B" and isinstance(key, tuple):
            key = tuple(value >> 8 for value in key)
        elif raw in _SPREAD and isinstance(key, int):
            key *= _SPREAD[raw]
        return cls(top, negative, key)


_AS_IT_IS = _Stored()


def upright_rgb(picture: Image.Image, name: str) -> Image.Image:
    """Load a picture and convert it to a new RGB image, turned as its EXIF flag says.

    The sides of one that is larger than what is worked on are divided by a whole number.

    Args:
        picture: A picture of any mode.
        name: What to call it in messages.

    Raises:
        ImageError: Its values are outside the range of its mode.
        Exception: Whatever Pillow's decoders raise for damaged data.
    """
    _check_kind(picture, name)
    stored = _Stored.of(picture)
    picture.load()
    if picture.format == "BMP" and picture.mode == "RGBA":
        # Many programs write 32 bits and leave the last 8 empty.
        stored = replace(stored, opaque=not picture.getchannel("A").getbbox())
    turn = _UPRIGHT.get(_orientation(picture))
    rgb = _in_bands(
        picture.size,
        reduction(picture.size),
        lambda top, bottom: to_rgb(
            picture if (top, bottom) == (0, picture.height) else _band(picture, top, bottom),
            name,
            stored,
        ),
    )
    upright = rgb if turn is None else rgb.transpose(turn)
    upright.info = {}  # the flag is spent; the rest (GPS, profiles) is private or stale
    return upright


def _check_kind(picture: Image.Image, name: str) -> None:
    """Refuse a TIFF that Pillow decodes to other pixels than it has."""
    tags: Any = getattr(picture, "tag_v2", {})
    bits = max(tags.get(ExifTags.Base.BitsPerSample, (1,)))
    planes = tags.get(ExifTags.Base.PlanarConfiguration, 1) == 2
    kind = ""
    if planes and bits > 8 and tags.get(ExifTags.Base.Compression, 1) == 1:
        kind = f"{bits} bits in separate planes"
    # 32 bits are mode I, whose values are looked at.
    elif 2 in tags.get(ExifTags.Base.SampleFormat, ()) and bits < 32:
        kind = "signed values"
    if kind:
        raise ImageError(
            f"{name}: expected a photo, got a TIFF with pixels of a rare kind ({kind}); convert "
            "it to JPEG or PNG first."
        )


def lies_on_its_side(picture: Image.Image) -> bool:
    """Return whether turning a loaded picture upright swaps its width and height."""
    return _orientation(picture) >= 5


def _in_bands(
    size_wh: tuple[int, int], factor: int, rgb_of: Callable[[int, int], Image.Image]
) -> Image.Image:
    """Return a picture reduced by a whole number; RAM for the whole in RGB is never needed.

    Args:
        size_wh: The picture's size.
        factor: By how much.
        rgb_of: Gives the rows from one up to another as RGB.
    """
    width, height = size_wh
    if factor == 1:
        return rgb_of(0, height)
    reduced = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    step = max(1, _BAND // factor) * factor
    for top in range(0, height, step):
        band = rgb_of(top, min(height, top + step))
        reduced.paste(band.reduce(factor), (0, top // factor))
    return reduced


def _band(picture: Image.Image, top: int, bottom: int) -> Image.Image:
    return picture.crop((0, top, picture.width, bottom))


def _orientation(picture: Image.Image) -> int:
    """Read after ``load``: Pillow turns TIFFs by itself and then clears the tag."""
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001  # broken metadata must not cost a good picture
        return 1


def to_rgb(picture: Image.Image, name: str, stored: _Stored = _AS_IT_IS) -> Image.Image:
    """Convert a picture of any mode to a new RGB image that shares no memory with it.

    Args:
        picture: A loaded picture. Transparency is laid over white; ``I`` is read as 16 bits
            and ``F`` as [0, 1].
        name: What to call it in messages.
        stored: How its values are to be understood.

    Raises:
        ImageError: Its values are outside the range of its mode.
    """
    if picture.mode in _DEEP_MODES:
        return _deep_to_rgb(picture, name, stored)
    if stored.opaque or not picture.has_transparency_data:
        return picture.convert("RGB")
    if picture.mode == "P" or stored.key != picture.info.get("transparency"):
        picture = picture.copy()  # Pillow writes the transparency into the source's palette
        if stored.key is not None:
            picture.info["transparency"] = stored.key
    if picture.mode == "La":
        picture = picture.convert("LA")
    rgba = picture.convert("RGBA")
    paper = Image.new("RGB", rgba.size, "white")
    paper.paste(rgba, mask=rgba)
    return paper


def _deep_to_rgb(picture: Image.Image, name: str, stored: _Stored) -> Image.Image:
    values = _deep_to_array(picture, name)
    shown = values
    if stored.top != _DEEP_TOP:
        shown = (values.astype(np.uint32) * _DEEP_TOP // stored.top).astype(np.uint16)
    if stored.negative:
        shown = (1 if shown.dtype.kind == "f" else _DEEP_TOP) - shown
    rgb = array_to_rgb(shown, name)
    if isinstance(stored.key, int):
        rgb.paste("white", mask=Image.fromarray(values == stored.key))
    return rgb


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


def array_to_rgb(array: NDArray[Any], name: str, factor: int = 1) -> Image.Image:
    """Convert an array to a new RGB image.

    Args:
        array: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of uint8, bool, uint16 (scaled by
            1/257) or floats in [0, 1].
        name: What to call it in messages.
        factor: By what both sides are divided, rounded up.

    Raises:
        ImageError: Its dtype or its values are none of these.
    """
    return _in_bands(
        (array.shape[1], array.shape[0]),
        factor,
        lambda top, bottom: _rows_to_rgb(array[top:bottom], name),
    )


def _rows_to_rgb(array: NDArray[Any], name: str) -> Image.Image:
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
