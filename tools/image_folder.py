"""Pictures by handle in a folder, so that a conversation can go on after a restart."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from pekit_agents.errors import InvalidInput
from pekit_agents.files import atomic_write
from pekit_agents.tools.image_store import (
    check_image,
    check_limits,
    check_user,
    each_put,
    handle_of,
    is_handle,
    unknown_image,
)

__all__ = ["DirectoryImageStore"]

_ABOUT = ".about"
_ALBUM = ".album"  # the handles of the newest message's pictures, for every process
_PARTS = ".*part*"  # what is being written, or was when its writer died
_STALE_S = 3600.0


class DirectoryImageStore:
    """Keeps pictures in ``root/<hash of the user id>/``; the least recently used go first.

    Several processes may share a folder: a picture appears whole or not at all. Folders and
    files are readable by their owner only; nothing is encrypted.

    Args:
        root: The folder of all users' pictures; made at the first ``put``.
        max_bytes_per_user: What is kept for one user beside the newest message; a larger picture
            is refused.
        max_images_per_user: How many pictures are kept for one user beside the newest message.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        max_bytes_per_user: int = 256 * 2**20,
        max_images_per_user: int = 2000,
    ) -> None:
        check_limits(max_bytes_per_user=max_bytes_per_user, max_images_per_user=max_images_per_user)
        self._root = Path(root).expanduser().absolute()
        self._max_bytes, self._max_images = max_bytes_per_user, max_images_per_user
        self._lock = threading.Lock()

    def put(self, user_id: str, image: bytes, *, about: Collection[str] = ()) -> str:
        """Keep a picture; see :meth:`ImageStore.put`."""
        folder = self._folder(user_id)
        check_image(image, self._max_bytes)
        handle = handle_of(image)
        with self._lock:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Before the picture: a process that dies in between leaves no picture without it.
            if about:
                note = folder / f"{handle}{_ABOUT}"
                _write(note, "\n".join(sorted(_lines(note) | set(about))).encode())
            _write(folder / handle, image)
            self._evict(folder, handle)
        return handle

    def put_album(self, user_id: str, images: Sequence[bytes]) -> list[str | InvalidInput]:
        """Keep the pictures of one message together; see :class:`AlbumStore`."""
        folder = self._folder(user_id)
        with self._lock:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(folder / _ALBUM, "\n".join(map(handle_of, images)).encode())
        return each_put(images, lambda image: self.put(user_id, image))

    def get(self, user_id: str, handle: str) -> bytes:
        """Return a picture; see :meth:`ImageStore.get`."""
        folder = self._folder(user_id)
        if not is_handle(handle):
            raise unknown_image(handle)
        path = folder / handle
        try:
            image = path.read_bytes()
            os.utime(path)
        except FileNotFoundError:
            raise unknown_image(handle) from None
        if handle_of(image) != handle:  # damaged on disk
            raise unknown_image(handle)
        return image

    def path(self, user_id: str, handle: str) -> Path:
        """Return the file of a picture; as ``ImagePaths`` asks for it."""
        self.get(user_id, handle)  # it is there, it is whole, and it is in use
        return self._folder(user_id) / handle

    def delete(self, user_id: str, handle: str) -> None:
        """Let go of a picture."""
        folder = self._folder(user_id)
        if is_handle(handle):
            _remove(folder / handle)

    def delete_about(self, user_id: str, object_id: str) -> None:
        """Let go of the pictures about an object."""
        with self._lock:
            for note in list(self._folder(user_id).glob(f"*{_ABOUT}")):
                if object_id in _lines(note):
                    _remove(note.with_suffix(""))

    def clear(self, user_id: str) -> None:
        """Let go of everything of one user."""
        with self._lock, contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._folder(user_id))

    def _folder(self, user_id: str) -> Path:
        name = hashlib.sha256(check_user(user_id).encode("utf-8", "surrogatepass")).hexdigest()
        return self._root / name

    def _evict(self, folder: Path, newest: str) -> None:
        """Remove what is over the limits beside the newest message, and what dead writers left."""
        album = _lines(folder / _ALBUM)
        images = sorted(each for each in _images(folder) if each[2].name not in album)
        size, count = sum(item[1] for item in images), len(images)
        for _, length, path in images:
            if size <= self._max_bytes and count <= self._max_images:
                break
            if path.name != newest:
                _remove(path)
                size, count = size - length, count - 1
        for path in folder.glob(_PARTS):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _STALE_S:
                    path.unlink()


def _images(folder: Path) -> Iterator[tuple[int, int, Path]]:
    """Yield (last use in ns, bytes, path) of each picture."""
    for path in folder.iterdir():
        if is_handle(path.name):
            with contextlib.suppress(FileNotFoundError):
                stat = path.stat()
                yield stat.st_mtime_ns, stat.st_size, path


def _lines(note: Path) -> set[str]:
    try:
        return set(note.read_text("utf-8").split("\n"))
    except FileNotFoundError:
        return set()


def _write(path: Path, content: bytes) -> None:
    with atomic_write(path, shared=False) as file:
        file.write(content)


def _remove(image: Path) -> None:
    image.unlink(missing_ok=True)
    image.with_name(image.name + _ABOUT).unlink(missing_ok=True)
