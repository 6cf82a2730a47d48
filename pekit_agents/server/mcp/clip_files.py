"""Clips that a model names by path, below the folders whose photos may be named so."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pekit_agents.server.mcp.photo_folders import PhotoFolders, is_path
from pekit_agents.tools.clip_store import clips_named

__all__ = ["ClipFiles", "names_clip_file"]

#: What may be a clip by its name; what it is by its content is looked at when it is kept.
_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".m2ts", ".ts"}
    | {".3gp", ".wmv", ".flv", ".ogv"}
)
#: O_NONBLOCK: opening a pipe would wait for its writer. Windows has neither.
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_CAREFULLY |= getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class ClipFiles(PhotoFolders):
    """The clips in the folders of photos.

    Args:
        folders: The folders, and what nothing is read from.
    """

    def __init__(self, folders: PhotoFolders) -> None:
        super().__init__(folders._folders, folders._private)

    @contextmanager
    def opened(self, given: str) -> Iterator[BinaryIO | None]:
        """Yield a clip's file; None where there is none below the folders.

        Args:
            given: A path, also one within a folder, or a ``file:`` URL.
        """
        file = next(filter(None, map(self._opened, self._meant(given))), None)
        try:
            yield file
        finally:
            if file is not None:
                file.close()

    def _opened(self, path: Path) -> BinaryIO | None:
        try:
            real = path.resolve(strict=True)
            if not self._allows(real):
                return None
            opened = os.open(real, os.O_RDONLY | _CAREFULLY)
        except (OSError, ValueError, RuntimeError):  # not there, too long, or links in a circle
            return None
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            os.close(opened)
            return None
        return os.fdopen(opened, "rb")

    def _allows(self, real: Path) -> bool:
        return (
            real.suffix.casefold() in _SUFFIXES
            and any(real.is_relative_to(folder) for folder in self._folders)
            and not any(real.is_relative_to(folder) for folder in self._private)
        )


def names_clip_file(given: str) -> bool:
    """Return whether what stands for a clip is neither a handle nor a word for one."""
    return not clips_named(given) and is_path(given)
