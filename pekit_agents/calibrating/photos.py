"""A folder of varied photos, and which of them show the same thing."""

from __future__ import annotations

from pathlib import Path

__all__ = ["shown_in"]

_PHOTOS = {".jpg", ".jpeg", ".png", ".webp"}
# A folder of this name holds photos that each show another thing.
_BACKGROUND = "background"


def shown_in(folder: Path) -> list[tuple[Path, str]]:
    """Return the photos in a folder, searched deep, each with the name of what it shows.

    Those in a folder of their own show one thing; each of the others shows another.

    Args:
        folder: Hidden files and folders in it do not count.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.suffix.lower() not in _PHOTOS or any(p.startswith(".") for p in inside.parts):
            continue
        alone = path.parent == folder or path.parent.name == _BACKGROUND
        found.append((path, str(path if alone else path.parent)))
    return found
