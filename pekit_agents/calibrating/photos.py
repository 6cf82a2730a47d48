"""A folder of varied photos, and which of them show the same thing."""

from __future__ import annotations

from pathlib import Path

from pekit_agents.evaluation.datasets.files import folders_in, photos_in
from pekit_agents.evaluation.datasets.folder import BACKGROUND

__all__ = ["shown_in"]


def shown_in(folder: Path) -> list[tuple[Path, str]]:
    """Return the photos in a folder, searched deep, each with the name of what it shows.

    Those in a folder of their own show one thing. Those in the folder itself, or in one that is
    called ``background``, each show another.

    Args:
        folder: Hidden files and folders in it do not count; [] when it is not there.
    """
    found = [(path, str(path)) for path in photos_in(folder)]
    for inner in folders_in(folder):
        found += _shown_below(inner)
    return found


def _shown_below(folder: Path) -> list[tuple[Path, str]]:
    alone = folder.name == BACKGROUND
    found = [(path, str(path if alone else folder)) for path in photos_in(folder)]
    for inner in folders_in(folder):
        found += _shown_below(inner)
    return found
