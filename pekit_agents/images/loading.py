"""The only door for pictures: a path, bytes, a PIL image or an array becomes upright RGB.

Behind this door a picture has no orientation flag, palette, transparency, depth or metadata
(GPS included) left to think of. Transparency is laid over white, 16-bit values are scaled to
8 bits, an animation shows its first frame. Colour profiles are dropped without conversion.
URLs are never opened and nothing but raster formats is decoded. A picture of more than 50
megapixels is reduced, by a whole number, while it is read.
"""

from __future__ import annotations

import contextlib
import functools
import os
import struct
import threading
import weakref
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, JpegImagePlugin, TiffImagePlugin

from pekit_agents.errors import FormatNotInstalled, ImageError, MissingDependency
from pekit_agents.images.blocks import check_blocks, check_decoder, is_reduced, without_large_texts
from pekit_agents.images.limits import (
    DEFAULT_LIMITS,
    WORKING_PIXELS,
    ImageLimits,
    check_size,
    reduction,
)
from pekit_agents.images.pixels import array_to_rgb, check_shape, lies_on_its_side, upright_rgb
from pekit_agents.images.reading import describe_source, read_image

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from pekit_agents.types import RGBImage

__all__ = [
    "ImageLimits",
    "ImageSource",
    "LoadedPhoto",
    "describe_source",
    "load_image",
    "load_photo",
    "raster_formats",
    "read_image",
]


@dataclass(frozen=True, slots=True, eq=False)
class LoadedPhoto:
    """A photo that came through the door.

    Attributes:
        image: The upright photo, mode ``RGB``, of at most 50 megapixels.
        size_wh: Width and height of the upright photo as it was sent, in pixels: those of
            ``image``, unless that was reduced.
    """

    image: RGBImage
    size_wh: tuple[int, int]


ImageSource: TypeAlias = (
    str
    | os.PathLike[str]
    | bytes
    | bytearray
    | memoryview
    | Image.Image
    | NDArray[Any]
    | LoadedPhoto
)

# JPEG and HEIC have doors of their own below.
_RASTER_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "PPM")
_JPEG_END = b"\xff\xd9"
_FILLINGS = (b"\x5a" * 64, b"\x26" * 64)  # some bits that a decoder takes for pixels
_HEIF_BRANDS = frozenset(b"heic heix hevc hevx heim heis hevm hevs mif1 msf1 heif".split())
_AVIF_BRANDS = frozenset(b"avif avis".split())

# Of the others the beginning may be that of something else, or the file may be of a rare kind.
_TOLD_BY_BEGINNING = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
_OTHER_KINDS = (
    (b"ii*\0", "a TIFF with pixels of a rare kind"),
    (b"mm\0*", "a TIFF with pixels of a rare kind"),
    (b"%pdf", "a PDF document"),
    (b"%!ps", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"<svg", "an SVG drawing"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"pk\x03\x04", "a ZIP archive or an office document"),
    (b"\0\0\0\x0cjp  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"\0\0\0\x0cjxl ", "a JPEG XL picture"),
    (b"ftyp", "a video or another media container"),
)

#: What was let in, by its id: the limits that a caller set once are not asked again.
_LET_IN: MutableMapping[int, Image.Image] = weakref.WeakValueDictionary()
_large = threading.Lock()  # held by who decodes a picture that is larger than what is worked on


def _forked() -> None:
    global _large  # noqa: PLW0603  # in a child nobody is left to release it
    _large = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def load_image(
    source: ImageSource, *, limits: ImageLimits = DEFAULT_LIMITS, name: str = ""
) -> Image.Image:
    """Read a picture into memory as upright RGB that shares nothing with its source.

    Args:
        source: A path; the bytes of an image file; a PIL image of any mode; or an array
            (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of uint8, bool, uint16 or floats in
            [0, 1]. PIL modes ``I`` (read as 16 bits) and ``F`` ([0, 1]) follow the same rules.
        limits: What the picture may weigh. A picture that this function has returned passes
            whatever the limits are.
        name: What to call it in messages; empty for what the source says.

    Returns:
        A PIL image, mode ``RGB``, decoded, turned as its EXIF orientation says, without
        metadata. One of more than 50 megapixels comes reduced; :func:`load_photo` says from what.

    Raises:
        ImageError: It is missing, not a picture, damaged, or breaks a limit.
        MissingDependency: It is a HEIC picture and ``pi-heif`` is not installed.
    """
    return load_photo(source, limits=limits, name=name).image


def load_photo(
    source: ImageSource, *, limits: ImageLimits = DEFAULT_LIMITS, name: str = ""
) -> LoadedPhoto:
    """Read a picture as :func:`load_image` does, and say how large it was.

    Args:
        source: As for :func:`load_image`. What this function has returned is returned as it is.
        limits: What the picture may weigh.
        name: What to call it in messages; empty for what the source says.

    Raises:
        ImageError: It is missing, not a picture, damaged, or breaks a limit.
        MissingDependency: It is a HEIC picture and ``pi-heif`` is not installed.
    """
    if isinstance(source, LoadedPhoto):
        return source
    photo = _loaded(source, name or describe_source(source), limits)
    _LET_IN[id(photo.image)] = photo.image
    return photo


def _loaded(source: ImageSource, name: str, limits: ImageLimits) -> LoadedPhoto:
    if isinstance(source, np.ndarray):
        check_shape(source, name)
        size = (source.shape[1], source.shape[0])
        check_size(size, name, limits)
        return LoadedPhoto(array_to_rgb(source, name, reduction(size)), size)
    if isinstance(source, Image.Image):
        if _LET_IN.get(id(source)) is source:
            return LoadedPhoto(upright_rgb(source, name), source.size)
        return _decode(source, name, limits)
    data = read_image(source, limits=limits, name=name)
    try:
        return _read(data, name, limits)
    except ImageError as exc:
        # What is raised for a picture that breaks a limit has no cause.
        whole = _ended(data, name, limits) if isinstance(exc.__cause__, OSError) else None
        if whole is None:
            raise
        return whole


def _read(data: bytes, name: str, limits: ImageLimits) -> LoadedPhoto:
    with _open(data, name) as picture:
        return _decode(picture, name, limits, own=True)


def _ended(data: bytes, name: str, limits: ImageLimits) -> LoadedPhoto | None:
    """Return a JPEG that lacks nothing but its end mark; None for one that is cut, and for others.

    A decoder fills up what is missing, and says nothing. Of a whole picture it reads no bit more,
    whatever stands between the picture and the mark.
    """
    if not data.startswith(b"\xff\xd8"):
        return None
    pixels = data.removesuffix(b"\xff")
    as_sent = _read(pixels + _JPEG_END, name, limits)
    for filling in _FILLINGS:
        filled = _read(pixels + filling + _JPEG_END, name, limits)
        if filled.image.tobytes() != as_sent.image.tobytes():
            return None
    return as_sent


def _open(data: bytes, name: str) -> Image.Image:
    """Identify the format; reads headers only."""
    check_blocks(data, name)
    try:
        if _is_heif(data):
            return _open_heif(data, name)
        picture = _open_raster(without_large_texts(data))
        if isinstance(picture, TiffImagePlugin.TiffImageFile):
            _turn_to_full(picture)
    except MissingDependency:
        raise
    except Exception as exc:
        raise _damaged(name) from exc
    if picture is None:
        if _begins_like_a_photo(data):
            raise _damaged(name)
        raise ImageError(
            f"{name}: expected a photo ({', '.join(raster_formats())} or HEIC), got "
            f"{_guess_kind(data)}; convert it to JPEG or PNG first."
        )
    return picture


def _open_raster(data: bytes) -> Image.Image | None:
    """Open what Pillow can read, whatever its size: Pillow's own limit cannot be set per call."""
    for kind in raster_formats():
        factory, accept = Image.OPEN[kind]
        if accept is not None and accept(data[:16]) is not True:
            continue
        if kind == "JPEG":  # not the second picture of an MPO, and no search for one
            factory = JpegImagePlugin.JpegImageFile
        with contextlib.suppress(SyntaxError, IndexError, TypeError, struct.error):
            return factory(BytesIO(data), "")
    return None


def _begins_like_a_photo(data: bytes) -> bool:
    accepts = (Image.OPEN[kind][1] for kind in _TOLD_BY_BEGINNING if kind in raster_formats())
    return any(accept is not None and accept(data[:16]) is True for accept in accepts)


def _turn_to_full(picture: TiffImagePlugin.TiffImageFile) -> None:
    """Turn to the first page that is no thumbnail of another; a thumbnail alone is the picture."""
    try:
        while is_reduced(picture.tag_v2):
            picture.seek(picture.tell() + 1)
    except EOFError:
        picture.seek(0)


@functools.cache
def raster_formats() -> tuple[str, ...]:
    """Return the formats that are read here, by Pillow's names; HEIC is not among them."""
    Image.init()
    return tuple(name for name in _RASTER_FORMATS if name in Image.OPEN)


def _is_heif(data: bytes) -> bool:
    if data[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(data[:4], "big"), 256)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}
    return bool(brands & _HEIF_BRANDS) and not brands & _AVIF_BRANDS


def _open_heif(data: bytes, name: str) -> Image.Image:
    try:
        import pi_heif
    except ImportError as exc:
        raise FormatNotInstalled(
            f"{name}: expected a picture of a kind that is read here, got HEIC; convert it to JPEG",
            in_python=', or install pi-heif, which reads it: pip install "pekit-agents[heic]"',
        ) from exc
    # Built directly: registering it as a Pillow plugin would change every other user of PIL.
    heif: Any = pi_heif
    picture: Image.Image = heif.HeifImageFile(BytesIO(data))
    return picture


def _guess_kind(data: bytes) -> str:
    head = data[:512].lower()
    return next((kind for sign, kind in _OTHER_KINDS if sign in head), "something else")


def _damaged(name: str) -> ImageError:
    return ImageError(
        f"{name}: expected a whole, undamaged picture, but decoding failed; save or download it "
        "again."
    )


def _decode(
    picture: Image.Image, name: str, limits: ImageLimits, *, own: bool = False
) -> LoadedPhoto:
    """Decode a picture; the caller's stays of the size that it has."""
    try:
        check_size(picture.size, name, limits)
        check_decoder(picture, name)
        _check_tiles(picture, name, limits)
        with _large if reduction(picture.size) > 1 else contextlib.nullcontext():
            sent = _drafted(picture) if own else None
            rgb = upright_rgb(picture, name)
        # Some decoders learn the size late, and TIFFs are turned by them.
        width, height = sent or picture.size
        size = (height, width) if lies_on_its_side(picture) else (width, height)
    except ImageError:
        raise
    except Exception as exc:
        raise _damaged(name) from exc
    grown = rgb.width > size[0] or rgb.height > size[1]
    check_size(rgb.size if grown else size, name, limits)
    return LoadedPhoto(rgb, size)


def _drafted(picture: Image.Image) -> tuple[int, int] | None:
    """Let a large JPEG decode at 1/2, 1/4 or 1/8 of its size, and return the size it has."""
    factor, size = reduction(picture.size), picture.size
    if factor == 1 or not isinstance(picture, JpegImagePlugin.JpegImageFile):
        return None
    scale = next((each for each in (2, 4, 8) if each >= factor), 8)
    picture.draft(None, (size[0] // scale or 1, size[1] // scale or 1))
    return size


def _check_tiles(picture: Image.Image, name: str, limits: ImageLimits) -> None:
    """A small TIFF may declare giant tiles, which libtiff allocates in full."""
    tags: Any = getattr(picture, "tag_v2", {})
    width, height = tags.get(ExifTags.Base.TileWidth, 1), tags.get(ExifTags.Base.TileLength, 1)
    if width * height > (most := min(limits.max_pixels, WORKING_PIXELS)):
        raise ImageError(
            f"{name}: expected tiles of at most {most / 1e6:.1f} megapixels, got "
            f"{width}x{height}; save the picture again as JPEG or PNG."
        )
