"""What kept features depend on: the photo's content, and the sources that turn it into them."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import pekit_agents
from pekit_agents.errors import ImageError

__all__ = ["content_hash", "processing_version"]

#: The sources that shape features: when one changes, features are made anew.
_PROCESSING = (
    "boxes.py",
    "embedding/augmentation.py",
    "embedding/local_features.py",
    "embedding/pooling.py",
    "evaluation/features/compute.py",
    "evaluation/features/features.py",
    "evaluation/features/records.py",
    "images/loading.py",
    "images/pixels.py",
    "introduction/view_extraction.py",
)


@lru_cache
def processing_version() -> str:
    """Return a hash of the sources that turn photos into features."""
    package = Path(pekit_agents.__file__).parent
    files = [package / name for name in _PROCESSING]
    files += sorted((package / "models").rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def content_hash(photo: Path) -> str:
    """Return the SHA-256 of a file's content.

    Raises:
        ImageError: The file cannot be read.
    """
    try:
        status = photo.stat()
        return _hash(photo, status.st_mtime_ns, status.st_size)
    except OSError as exc:
        raise ImageError(f"expected a photo at {photo}, but it cannot be read: {exc}") from exc


@lru_cache(16384)
def _hash(photo: Path, _changed: int, _size: int) -> str:
    return hashlib.sha256(photo.read_bytes()).hexdigest()
