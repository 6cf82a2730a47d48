"""Photos that a model names by path: ``PhotoFolders`` reads those below allowed folders alone.

What a model writes is hostile until it is checked: the path is resolved, links and all, before it
is compared with the folders, and what is below one but no photo is refused as well.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pekit_agents.errors import InvalidInput
from pekit_agents.server.service import PHOTO_SUFFIXES
from pekit_agents.tools.chosen_pictures import LATEST, is_none, some_pictures
from pekit_agents.tools.image_store import handles_named

if TYPE_CHECKING:
    from pekit_agents.images.limits import ImageLimits

__all__ = ["PhotoFolders", "folder_of", "is_path"]

_LOCAL = ("", "localhost")
#: O_NONBLOCK: opening a pipe would wait for its writer. Windows has neither.
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_CAREFULLY |= getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class PhotoFolders:
    """Folders whose photos may be named by path, with everything below them.

    Args:
        folders: The folders; those that are not there are left out.
        private: What nothing is read from, wherever it lies: the server's own files.
    """

    def __init__(self, folders: Iterable[str | Path], private: Iterable[Path] = ()) -> None:
        resolved = (Path(folder).expanduser().absolute() for folder in folders)
        self._folders = [each.resolve() for each in resolved if each.is_dir()]
        self._private = [each.resolve() for each in private]

    def __bool__(self) -> bool:
        """Whether there is any folder."""
        return bool(self._folders)

    def __str__(self) -> str:
        """The folders in words."""
        return " or ".join(map(str, self._folders))

    def read(self, given: str, limits: ImageLimits) -> bytes | None:
        """Return the content of a photo's file; None where there is none below the folders.

        Nothing tells what is there outside of them.

        Args:
            given: A path, also one within a folder, or a ``file:`` URL.
            limits: What a photo may weigh.

        Raises:
            InvalidInput: It is too large.
        """
        for path in self._meant(given):
            content = self._content(path, limits)
            if content is not None:
                return content
        return None

    def _meant(self, given: str) -> Iterable[Path]:
        text = given.strip().strip("\"'")
        if "\0" in text:
            return
        if text.casefold().startswith("file:"):
            url = urlsplit(text)
            if url.netloc.casefold() not in _LOCAL:
                return
            text = _path_of(url.path)
        try:
            path = Path(text).expanduser()
        except RuntimeError:  # a user of that name has no home here
            return
        yield from [path] if path.is_absolute() else [each / path for each in self._folders]

    def _content(self, path: Path, limits: ImageLimits) -> bytes | None:
        try:
            real = path.resolve(strict=True)
            if not self._allows(real):
                return None
            opened = os.open(real, os.O_RDONLY | _CAREFULLY)
        except (OSError, ValueError, RuntimeError):  # not there, too long, or links in a circle
            return None
        try:
            about = os.fstat(opened)
            if not stat.S_ISREG(about.st_mode):
                return None
            if about.st_size > limits.max_bytes:
                raise InvalidInput(
                    f"expected a photo of at most {limits.max_bytes} bytes, found "
                    f"{about.st_size}; use a smaller one"
                )
            with os.fdopen(opened, "rb", closefd=False) as file:
                return file.read(limits.max_bytes + 1)
        finally:
            os.close(opened)

    def _allows(self, real: Path) -> bool:
        return (
            real.suffix.casefold() in PHOTO_SUFFIXES
            and any(real.is_relative_to(folder) for folder in self._folders)
            and not any(real.is_relative_to(folder) for folder in self._private)
        )


def is_path(given: str) -> bool:
    """Return whether what stands for a picture is neither a handle nor a word for one."""
    if is_none(given) or handles_named(given):
        return False
    return some_pictures([given], [LATEST]) != [LATEST]


def folder_of(uri: str) -> Path | None:
    """Return the folder of a ``file:`` URI of this machine; None for any other."""
    url = urlsplit(uri)
    if url.scheme != "file" or url.netloc.casefold() not in _LOCAL:
        return None
    return Path(_path_of(url.path))


def _path_of(path: str) -> str:
    """Return the path of a ``file:`` URL as this system writes it, with a drive on Windows."""
    text = unquote(path)
    drive = os.name == "nt" and text[2:3] == ":"
    return text[1:] if drive else text
