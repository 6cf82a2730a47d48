"""Paths of photos and clips on the server's machine: who may name them, and where they may lead.

REST and MCP ask here alone. A path from a request or a model is hostile until it is checked: it is
resolved, links and all, before it is compared with the folders.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit

from pekit_agents.errors import ImageError, InvalidInput
from pekit_agents.images.albums import list_photos
from pekit_agents.server.hosts import is_loopback
from pekit_agents.server.service import PHOTO_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pekit_agents.images.limits import ImageLimits
    from pekit_agents.server.settings import ServerSettings

__all__ = ["FolderPhoto", "PhotoFolders", "folder_of", "folders_of", "may_name_paths"]

#: What may be a clip by its name; what it is by its content is looked at when it is kept.
CLIP_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".m2ts", ".ts"}
    | {".3gp", ".wmv", ".flv", ".ogv"}
)
_LOCAL = ("", "localhost")
#: O_NONBLOCK: opening a pipe would wait for its writer. Windows has neither.
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_CAREFULLY |= getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True, slots=True)
class FolderPhoto:
    """A photo in a folder that was named.

    Attributes:
        name: Its path within the folder that was named.
        photo_id: What a library calls it: its whole path.
    """

    name: str
    photo_id: str
    _path: Path
    _folders: PhotoFolders

    def checked(self) -> Path:
        """Return where it lies in truth.

        Raises:
            ImageError: That is outside of the folders that may be named, or nowhere.
        """
        try:
            path = self._path.resolve(strict=True)
        except (OSError, RuntimeError) as exc:
            raise ImageError(f"{self.name}: expected a photo, found that it is gone") from exc
        if not self._folders.hold(path):
            raise ImageError(
                f"{self.name}: expected a photo in the folder, found a link that leads out of it"
            )
        return path


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

    @contextmanager
    def opened_clip(self, given: str) -> Iterator[BinaryIO | None]:
        """Yield the file of a clip; None where there is none below the folders.

        Args:
            given: As for :meth:`read`.
        """
        tried = (self._open(path, CLIP_SUFFIXES) for path in self._meant(given))
        file = next(filter(None, tried), None)
        try:
            yield file
        finally:
            if file is not None:
                file.close()

    def photos_in(self, given: str) -> list[FolderPhoto] | None:
        """Return the photos in a folder and in those in it; None where it is none of these folders.

        Nothing tells what is there outside of them.

        Args:
            given: The path of a folder, also one within one of these folders.
        """
        for path in self._meant(given):
            try:
                place = path.resolve(strict=True)
                if not self.hold(place) or not place.is_dir():
                    continue
            except (OSError, ValueError, RuntimeError):  # not there, too long, or links in a circle
                continue
            return [
                FolderPhoto(photo.relative_to(place).as_posix(), str(photo), photo, self)
                for photo in list_photos(place).photos
                if not self._is_private(_real(photo))
            ]
        return None

    def hold(self, real: Path) -> bool:
        """Return whether a resolved path leads below these folders, and to nothing private."""
        below = any(real.is_relative_to(folder) for folder in self._folders)
        return below and not self._is_private(real)

    def _is_private(self, path: Path) -> bool:
        return any(path.is_relative_to(folder) for folder in self._private)

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
        file = self._open(path, PHOTO_SUFFIXES)
        if file is None:
            return None
        with file:
            size = os.fstat(file.fileno()).st_size
            if size > limits.max_bytes:
                raise InvalidInput(
                    f"expected a photo of at most {limits.max_bytes} bytes, found {size}; use a "
                    "smaller one"
                )
            return file.read(limits.max_bytes + 1)

    def _open(self, path: Path, suffixes: Collection[str]) -> BinaryIO | None:
        """Open a file below the folders; None where there is none of these names."""
        try:
            real = path.resolve(strict=True)
            if real.suffix.casefold() not in suffixes or not self.hold(real):
                return None
            opened = os.open(real, os.O_RDONLY | _CAREFULLY)
        except (OSError, ValueError, RuntimeError):  # not there, too long, or links in a circle
            return None
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            os.close(opened)
            return None
        return os.fdopen(opened, "rb")


def may_name_paths(settings: ServerSettings, user_id: str, *, local: bool = False) -> bool:
    """Return whether a user may name photos of the server's machine by path.

    Over a network only the user whose machine it is may, and only where the server listens to this
    machine alone.

    Args:
        settings: How the server was started: with which folders, for whom, and at which address.
        user_id: Who names one.
        local: Whether the client itself runs on this machine, as the same user.
    """
    own = user_id == settings.user and is_loopback(settings.host)
    return bool(settings.photos) and (local or own)


def folders_of(
    settings: ServerSettings, user_id: str, *, local: bool = False, roots: Sequence[Path] = ()
) -> PhotoFolders:
    """Return the folders whose photos a user may name by path; it looks for them on the disk.

    Args:
        settings: As :func:`may_name_paths` takes them.
        user_id: Who names one.
        local: Whether the client itself runs on this machine, as the same user.
        roots: The folders of such a client.
    """
    own = settings.photos if may_name_paths(settings, user_id, local=local) else ()
    return PhotoFolders([*own, *roots], settings.private)


def _real(path: Path) -> Path:
    """Return where a path leads; the path itself where that is nowhere, as links in a circle do."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path


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
