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

from pekit_agents.errors import InvalidInput, MemoryStoreError
from pekit_agents.files import atomic_write, private_folder
from pekit_agents.memory.place.locking import locked
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

_ABOUT, _LOCK = ".about", ".lock"
_ALBUM = ".album"  # the handles of the pictures that the user sent last, for every process
_RETURNED = ".returned"  # those that tools returned last, and a name of the batch
_PARTS = ".*part*"  # what is being written, or was when its writer died
_STALE_S = 3600.0


class DirectoryImageStore:
    """Keeps pictures in ``root/<hash of the user id>/``; the least recently used go first.

    Several processes may share a folder: a picture appears whole or not at all. Folders and
    files are readable by their owner only; nothing is encrypted. Every method raises
    ``MemoryStoreError`` when the disk fails.

    Args:
        root: The folder of all users' pictures; made at the first ``put``.
        max_bytes_per_user: What is kept for one user beside what was sent, and what tools returned,
            last; a larger picture is refused.
        max_images_per_user: How many pictures are kept for one user beside the same.
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
        with self._writing(folder):
            # Before the picture: a process that dies in between leaves no picture without it.
            if about:
                note = folder / f"{handle}{_ABOUT}"
                _write(note, "\n".join(sorted(_lines(note) | set(about))).encode())
            _write(folder / handle, image)
            self._evict(folder, handle)
        return handle

    def put_album(
        self, user_id: str, images: Sequence[bytes], *, batch: str | None = None
    ) -> list[str | InvalidInput]:
        """Keep pictures that came together; see :class:`AlbumStore`."""
        folder = self._folder(user_id)
        with self._writing(folder):
            note, lines = folder / _ALBUM, set(map(handle_of, images))
            if batch is not None:
                note, name = folder / _RETURNED, hashlib.sha256(batch.encode()).hexdigest()
                known = _lines(note)
                lines |= known if name in known else {name}
            _write(note, "\n".join(sorted(lines)).encode())
        return each_put(images, lambda image: self.put(user_id, image))

    def get(self, user_id: str, handle: str) -> bytes:
        """Return a picture; see :meth:`ImageStore.get`."""
        folder = self._folder(user_id)
        if not is_handle(handle):
            raise unknown_image(handle)
        path = folder / handle
        try:
            image = path.read_bytes()
        except FileNotFoundError:
            raise unknown_image(handle) from None
        except OSError as exc:
            raise _store_error(exc, folder, "read") from exc
        with contextlib.suppress(OSError):  # a disk that may only be read has no order of use
            os.utime(path)
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
            with _translated(folder):
                _remove(folder / handle)

    def about(self, user_id: str) -> set[str]:
        """Return the ids of the objects that pictures of a user are about."""
        folder = self._folder(user_id)
        with _translated(folder, "read"):
            return {each for note in folder.glob(f"*{_ABOUT}") for each in _lines(note)}

    def delete_about(self, user_id: str, object_id: str) -> None:
        """Let go of the pictures about an object, and of what dead writers left half-written."""
        folder = self._folder(user_id)
        if not folder.exists():
            return
        with self._writing(folder) as alone:
            for note in list(folder.glob(f"*{_ABOUT}")):
                if object_id in _lines(note):
                    _remove(note.with_suffix(""))
            _remove_parts(folder, every=alone)

    def clear(self, user_id: str) -> None:
        """Let go of everything of one user."""
        folder = self._folder(user_id)
        if folder.exists():
            with self._writing(folder):
                # In one step: half-cleared, a picture could lie there without the note on it.
                folder.rename(_cleared(folder))
        with _translated(folder):
            _finish_clearing(folder)

    @contextlib.contextmanager
    def _writing(self, folder: Path) -> Iterator[bool]:
        """Keep other writers of a user's folder out, those of other processes too.

        A picture and what it is about are two files; who forgets an object sees both or neither.

        Yields:
            Whether it is certain that nobody else is writing.
        """
        with self._lock, _translated(folder):
            _finish_clearing(folder)
            private_folder(folder)
            (folder / _LOCK).touch(mode=0o600)
            with locked(folder / _LOCK) as alone:
                folder.chmod(0o700)  # it is another one where it was cleared meanwhile
                yield alone

    def _folder(self, user_id: str) -> Path:
        name = hashlib.sha256(check_user(user_id).encode("utf-8", "surrogatepass")).hexdigest()
        return self._root / name

    def _evict(self, folder: Path, newest: str) -> None:
        """Remove what is over the limits beside what came together, and what dead writers left."""
        album = _lines(folder / _ALBUM) | _lines(folder / _RETURNED)
        images = sorted(each for each in _images(folder) if each[2].name not in album)
        size, count = sum(item[1] for item in images), len(images)
        for _, length, path in images:
            if size <= self._max_bytes and count <= self._max_images:
                break
            if path.name != newest:
                _remove(path)
                size, count = size - length, count - 1
        _remove_parts(folder, every=False)


def _cleared(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.cleared")


def _finish_clearing(folder: Path) -> None:
    """Remove what a ``clear`` took away, also one whose process died."""
    while _cleared(folder).exists():
        with contextlib.suppress(FileNotFoundError):  # somebody else removes it, too
            shutil.rmtree(_cleared(folder))


def _remove_parts(folder: Path, *, every: bool) -> None:
    """Remove what is half-written: all of it, or else what no living writer can be writing."""
    for path in folder.glob(_PARTS):
        with contextlib.suppress(FileNotFoundError):
            # A date in the future is as little of now as an old one.
            if every or abs(time.time() - path.stat().st_mtime) > _STALE_S:
                path.unlink()


@contextlib.contextmanager
def _translated(folder: Path, doing: str = "written") -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise _store_error(exc, folder, doing) from exc


def _store_error(exc: OSError, folder: Path, doing: str) -> MemoryStoreError:
    return MemoryStoreError(
        f"The pictures in {folder} could not be {doing}: {exc.strerror or exc}. Check that the "
        "disk has room and that the folder may be used, then try again."
    )


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
