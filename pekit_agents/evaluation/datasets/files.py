"""Which files of a folder count: visible photos in a fixed order, and JSON that can be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image

from pekit_agents.errors import ImageError, InvalidInput
from pekit_agents.images.albums import photo_suffixes
from pekit_agents.images.loading import load_photo
from pekit_agents.wording.messages import clause, counted

__all__ = ["check_readable", "folders_in", "photos_in", "read_json", "upright_size"]

_SIDEWAYS = frozenset({5, 6, 7, 8})  # EXIF orientations that swap width and height
_NAMED = 5  # bad photos listed in one message
_LFS = b"version https://git-lfs"


def photos_in(folder: Path) -> list[Path]:
    """Return the photos directly in a folder by name; hidden and other files do not count."""
    read = photo_suffixes()
    return [path for path in _entries(folder) if path.suffix.lower() in read and path.is_file()]


def folders_in(folder: Path) -> list[Path]:
    """Return the visible folders directly in a folder by name."""
    return [path for path in _entries(folder) if path.is_dir() and path.name != "__MACOSX"]


def read_json(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        InvalidInput: It cannot be read or is not JSON.
    """
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as exc:
        raise InvalidInput(
            f"{path}: expected a JSON file, cannot read it ({clause(exc):.200}); get it again, or "
            "correct it at that place."
        ) from exc


def upright_size(path: Path) -> tuple[int, int]:
    """Return the width and height of an upright photo in pixels, from its header where possible.

    Raises:
        ImageError: It cannot be read; the message holds the path.
    """
    if _is_lfs_pointer(path):
        raise ImageError(
            f"{path}: expected a photo, found a Git LFS pointer; type: git lfs install && git lfs "
            "pull"
        )
    try:
        return _size_in_header(path)
    except Exception:  # noqa: BLE001  # not Pillow's to read: the package's own door decides
        try:
            return load_photo(path).size_wh
        except ImageError as exc:
            raise ImageError(f"{path}: {exc}") from exc


def check_readable(paths: list[Path]) -> None:
    """Raise and name the photos that cannot be read; only their headers are looked at.

    Raises:
        ImageError: One or more cannot be read.
    """
    bad = []
    for path in paths:
        try:
            upright_size(path)
        except ImageError as exc:
            bad.append(str(exc))
    if bad:
        more = f"\n- and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
        listed = "\n".join(f"- {line}" for line in bad[:_NAMED])
        raise ImageError(
            f"expected {counted(len(paths), 'photo')}, cannot read {len(bad)} of "
            f"them; get them again or delete them:\n{listed}{more}"
        )


def _entries(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _size_in_header(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        width, height = picture.size
        if picture.format == "TIFF":
            raise ValueError("Pillow turns these while it decodes")
        turned = picture.getexif().get(ExifTags.Base.Orientation, 1) in _SIDEWAYS
    return (height, width) if turned else (width, height)


def _is_lfs_pointer(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_LFS)) == _LFS
    except OSError:
        return False
