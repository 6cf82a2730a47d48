"""The bytes of a picture: read from a file within limits, or refused by their number alone."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import numpy as np
from PIL import Image

from pekit_agents.errors import ImageError
from pekit_agents.images.limits import DEFAULT_LIMITS, ImageLimits, check_bytes

__all__ = ["describe_source", "read_image"]

# Longer than a Windows drive letter, so "C:/photo.jpg" stays a path.
_URL = re.compile(r"\s*(?:[a-z][a-z0-9+.-]+:/|data:)", re.IGNORECASE)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def read_image(source: object, *, limits: ImageLimits = DEFAULT_LIMITS) -> bytes:
    """Return the bytes of a picture's file; one that is too large is refused unread.

    Args:
        source: A path, or the bytes themselves.
        limits: What it may weigh.

    Raises:
        ImageError: It is missing, no file, empty or too large; the message has the file's name.
    """
    name = describe_source(source)
    if isinstance(source, bytes | bytearray | memoryview):
        check_bytes(memoryview(source).nbytes, name, limits)
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
    check_bytes(len(data), name, limits)
    return data


def _open_unblocked(path: str, flags: int) -> int:
    # Between the look and the opening a file may have become a FIFO, which would block.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check_file(info: os.stat_result, name: str, limits: ImageLimits) -> None:
    if not stat.S_ISREG(info.st_mode):
        kind = "a folder" if stat.S_ISDIR(info.st_mode) else "a device, pipe or socket"
        raise ImageError(f"{name}: expected an image file, got {kind}; pass the file's own path.")
    if info.st_size > limits.max_bytes:
        check_bytes(info.st_size, name, limits)
