"""The only door for pictures: a path, bytes, a PIL image or an array becomes upright RGB.

Behind this door a picture has no orientation flag, palette, transparency, depth or metadata
(GPS included) left to think of. Transparency is laid over white, 16-bit values are scaled to
8 bits, an animation shows its first frame. Colour profiles are dropped without conversion.
URLs are never opened and nothing but raster formats is decoded.
"""

from __future__ import annotations

import functools
import os
import re
import stat
from dataclasses import dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from pekit_agents.errors import ImageError, InvalidInput, MissingDependency
from pekit_agents.images.pixels import array_to_rgb, check_shape, upright_rgb
from pekit_agents.wording import clause

__all__ = ["ImageLimits", "ImageSource", "describe_source", "load_image"]

ImageSource: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | Image.Image | NDArray[Any]
)

# MPO (two-lens JPEG) comes in through JPEG; HEIC has a door of its own below.
_RASTER_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "PPM")
_HEIF_BRANDS = frozenset(b"heic heix hevc hevx heim heis hevm hevs mif1 msf1 heif".split())
_AVIF_BRANDS = frozenset(b"avif avis".split())
# Longer than a Windows drive letter, so "C:/photo.jpg" stays a path.
_URL = re.compile(r"\s*(?:[a-z][a-z0-9+.-]+:/|data:)", re.IGNORECASE)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_OTHER_KINDS = (
    (b"%pdf", "a PDF document"),
    (b"%!ps", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"<svg", "an SVG drawing"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"pk\x03\x04", "a ZIP archive or an office document"),
    (b"ftyp", "a video or another media container"),
)


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What a picture may weigh; checked before anything is decoded.

    Attributes:
        max_bytes: Size of the file.
        max_pixels: Width times height; a 48-megapixel phone photo passes.
        max_side: Longer side in pixels.
        min_side: Shorter side in pixels.

    Raises:
        InvalidInput: A limit is below 1, or ``min_side`` is above ``max_side``.
    """

    max_bytes: int = 50 * 2**20
    max_pixels: int = 50_000_000
    max_side: int = 20_000
    min_side: int = 16

    def __post_init__(self) -> None:
        for field in fields(self):
            if (value := getattr(self, field.name)) < 1:
                raise InvalidInput(
                    f"ImageLimits.{field.name}: expected at least 1, got {value}; "
                    "leave it out to keep the default."
                )
        if self.min_side > self.max_side:
            raise InvalidInput(
                f"ImageLimits: expected min_side <= max_side, got {self.min_side} > "
                f"{self.max_side}; no picture could pass."
            )


_DEFAULT_LIMITS = ImageLimits()


def load_image(source: ImageSource, *, limits: ImageLimits = _DEFAULT_LIMITS) -> Image.Image:
    """Read a picture into memory as upright RGB that shares nothing with its source.

    Args:
        source: A path; the bytes of an image file; a PIL image of any mode; or an array
            (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of uint8, bool, uint16 or floats in
            [0, 1]. PIL modes ``I`` (read as 16 bits) and ``F`` ([0, 1]) follow the same rules.
        limits: What the picture may weigh.

    Returns:
        A PIL image, mode ``RGB``, decoded, turned as its EXIF orientation says, without
        metadata.

    Raises:
        ImageError: It is missing, not a picture, damaged, or breaks a limit.
        MissingDependency: It is a HEIC picture and ``pi-heif`` is not installed.
    """
    name = describe_source(source)
    if isinstance(source, np.ndarray):
        check_shape(source, name)
        _check_size((source.shape[1], source.shape[0]), name, limits)
        return array_to_rgb(source, name)
    if isinstance(source, Image.Image):
        return _decode(source, name, limits)
    with _open(_read(source, name, limits), name) as picture:
        return _decode(picture, name, limits)


def describe_source(source: object) -> str:
    """Return a short name of a source for messages: ``photo.jpg``, ``<bytes, 12 kB>``."""
    if isinstance(source, str | os.PathLike):
        path = os.fsdecode(source)
        base = "data URL" if path.startswith("data:") else Path(path).name or path or "path"
        base = _UNSEEN.sub("?", base)
        return base if len(base) <= 80 else f"{base[:40]}…{base[-30:]}"
    if isinstance(source, Image.Image):
        return f"<PIL image {source.width}x{source.height}>"
    if isinstance(source, np.ndarray):
        return f"<array {source.shape} {source.dtype}>"
    if isinstance(source, bytes | bytearray | memoryview):
        size = memoryview(source).nbytes
        return f"<bytes, {size} B>" if size < 1000 else f"<bytes, {size / 1000:.0f} kB>"
    return f"<{type(source).__name__}>"


def _read(source: object, name: str, limits: ImageLimits) -> bytes:
    if isinstance(source, bytes | bytearray | memoryview):
        _check_bytes(memoryview(source).nbytes, name, limits)
        return bytes(source)
    if not isinstance(source, str | os.PathLike):
        raise ImageError(
            f"{name}: expected a path, bytes, a PIL image or a numpy array, got "
            f"{type(source).__name__}; for an open file pass the bytes of its read()."
        )
    if isinstance(source, str) and (_URL.match(source) or not source):
        found = "a URL; URLs are never opened" if source else "an empty string"
        raise ImageError(
            f"{name}: expected a file path, got {found}. Pass the path of a local file, or bytes."
        )
    return _read_file(Path(os.fsdecode(source)), name, limits)


def _read_file(path: Path, name: str, limits: ImageLimits) -> bytes:
    try:
        # Looked at before it is opened: opening a device can already act on it.
        _check_file(path.stat(), name, limits)
        with open(path, "rb", opener=_open_unblocked) as file:
            _check_file(os.fstat(file.fileno()), name, limits)
            data = file.read(limits.max_bytes + 1)
    except FileNotFoundError as exc:
        raise ImageError(
            f"{name}: expected an image file, found nothing at "
            f"{_UNSEEN.sub('?', str(path))!r:.300}; check the path."
        ) from exc
    except (OSError, ValueError) as exc:
        if isinstance(exc, ImageError):
            raise
        reason = getattr(exc, "strerror", None) or exc
        raise ImageError(f"{name}: the file cannot be read ({reason}); check the path.") from exc
    _check_bytes(len(data), name, limits)
    return data


def _open_unblocked(path: str, flags: int) -> int:
    # Between the look and the opening a file may have become a FIFO, which would block.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check_file(info: os.stat_result, name: str, limits: ImageLimits) -> None:
    if not stat.S_ISREG(info.st_mode):
        kind = "a folder" if stat.S_ISDIR(info.st_mode) else "a device, pipe or socket"
        raise ImageError(f"{name}: expected an image file, got {kind}; pass the file's own path.")
    if info.st_size > limits.max_bytes:
        _check_bytes(info.st_size, name, limits)


def _check_bytes(size: int, name: str, limits: ImageLimits) -> None:
    if size == 0:
        raise ImageError(f"{name}: expected an image, got 0 bytes; was it saved completely?")
    if size > limits.max_bytes:
        raise ImageError(
            f"{name}: expected at most {limits.max_bytes / 1e6:.1f} MB, got {size / 1e6:.1f} MB; "
            "save a smaller copy, or raise ImageLimits.max_bytes."
        )


def _check_size(size: tuple[int, int], name: str, limits: ImageLimits) -> None:
    width, height = size
    if min(size) < limits.min_side:
        rule = f"at least {limits.min_side} px a side"
        cure = "use a larger picture, or lower ImageLimits.min_side"
    elif max(size) > limits.max_side or width * height > limits.max_pixels:
        rule = f"at most {limits.max_pixels / 1e6:.1f} megapixels and {limits.max_side} px a side"
        cure = "save a smaller copy, or raise ImageLimits.max_pixels and max_side"
    else:
        return
    raise ImageError(
        f"{name}: expected {rule}, got {width}x{height} "
        f"({width * height / 1e6:.1f} megapixels); {cure}."
    )


def _open(data: bytes, name: str) -> Image.Image:
    """Identify the format; reads headers only."""
    try:
        if _is_heif(data):
            return _open_heif(data, name)
        return Image.open(BytesIO(data), formats=_raster_formats())
    except UnidentifiedImageError as exc:
        raise ImageError(
            f"{name}: expected a photo ({', '.join(_raster_formats())} or HEIC), got "
            f"{_guess_kind(data)}; convert it to JPEG or PNG first."
        ) from exc
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise ImageError(
            f"{name}: expected a picture within Pillow's own limit "
            f"(PIL.Image.MAX_IMAGE_PIXELS), got a larger one ({clause(exc)}); save a smaller copy."
        ) from exc
    except MissingDependency:
        raise
    except Exception as exc:
        raise _damaged(name, exc) from exc


@functools.cache
def _raster_formats() -> tuple[str, ...]:
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
        raise MissingDependency(
            f"{name}: this is a HEIC picture, and pi-heif, which reads them, is not "
            'installed: pip install "pekit-agents[heic]", or convert it to JPEG.'
        ) from exc
    # Built directly: registering it as a Pillow plugin would change every other user of PIL.
    heif: Any = pi_heif
    picture: Image.Image = heif.HeifImageFile(BytesIO(data))
    return picture


def _guess_kind(data: bytes) -> str:
    head = data[:512].lower()
    return next((kind for sign, kind in _OTHER_KINDS if sign in head), "something else")


def _damaged(name: str, exc: Exception) -> ImageError:
    return ImageError(
        f"{name}: expected a whole, undamaged picture, but decoding failed "
        f"({type(exc).__name__}: {clause(exc):.200}); save or download it again."
    )


def _decode(picture: Image.Image, name: str, limits: ImageLimits) -> Image.Image:
    try:
        _check_size(picture.size, name, limits)
        _check_tiles(picture, name, limits)
        rgb = upright_rgb(picture, name)
    except ImageError:
        raise
    except Exception as exc:
        raise _damaged(name, exc) from exc
    _check_size(rgb.size, name, limits)  # some decoders learn the size late
    return rgb


def _check_tiles(picture: Image.Image, name: str, limits: ImageLimits) -> None:
    """A small TIFF may declare giant tiles, which libtiff allocates in full."""
    tags: Any = getattr(picture, "tag_v2", {})
    width, height = tags.get(ExifTags.Base.TileWidth, 1), tags.get(ExifTags.Base.TileLength, 1)
    if width * height > limits.max_pixels:
        raise ImageError(
            f"{name}: expected tiles of at most {limits.max_pixels / 1e6:.1f} megapixels, got "
            f"{width}x{height}; save the picture again as JPEG or PNG."
        )
