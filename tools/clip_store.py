"""Clips by handle, as pictures are kept by theirs, in files: a clip is too large for RAM.

A handle is ``clip_`` and 32 hex digits of the hash of the content, valid for one user only. It is
looked up and never opened: nothing that a model writes becomes a path or an address.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias, runtime_checkable

from pekit_agents.errors import (
    FormatNotInstalled,
    InvalidInput,
    MemoryStoreError,
    MissingDependency,
)
from pekit_agents.files import atomic_write, private_folder
from pekit_agents.memory.place.locking import locked
from pekit_agents.owner_text import NAME_LIMIT, quote
from pekit_agents.tools.image_store import check_limits, check_user
from pekit_agents.video.clips import looks_like_a_clip

__all__ = [
    "CLIP_BYTES",
    "CLIP_PREFIX",
    "ClipFolder",
    "ClipSource",
    "ClipStore",
    "UnknownClip",
    "clip_label",
    "clips_in",
    "clips_named",
    "is_clip_handle",
    "put_clip",
]

CLIP_PREFIX = "clip_"
#: What one clip may weigh: some minutes of a phone's, and four thirds of it as base64 in a message.
CLIP_BYTES = 256 * 2**20
#: A clip's content, its path, or its file.
ClipSource: TypeAlias = "bytes | str | os.PathLike[str] | BinaryIO"
_HANDLE = re.compile(r"clip_[0-9a-f]{32}")
_NAMED = re.compile(r"(?<![0-9a-z_/])clip_[0-9a-f]{32}(?![0-9a-z_])", re.IGNORECASE)
_LABEL = re.compile(r"\[clip (clip_[0-9a-f]{32})\]")
_LOCK = ".lock"
_CHUNK = 2**20
_HEAD = 512  # bytes, in which every format says what it is


class UnknownClip(InvalidInput):
    """No clip of this user has that handle (any more)."""


@runtime_checkable
class ClipStore(Protocol):
    """Where clips are kept: content-addressed, walled off per user, bounded.

    All methods may be called from several threads.

    Attributes:
        max_bytes: What one clip may weigh.
    """

    max_bytes: int

    def put(self, user_id: str, clip: ClipSource) -> str:
        """Keep a clip and return its handle; the same clip always gets the same one.

        Args:
            user_id: Whose clip.
            clip: The content of its file, the path of it, or the file, open and seekable. A path
                must never come from a model or a stranger: the file is read.

        Raises:
            InvalidInput: It is no clip, or larger than what is kept.
            FormatNotInstalled: The extra ``video`` is not installed.
        """
        ...

    def path(self, user_id: str, handle: str) -> Path:
        """Return the file of a clip.

        Raises:
            UnknownClip: This user has no such clip. Malformed handles, clips that were let go and
                other users' clips give the same message.
        """
        ...

    def delete(self, user_id: str, handle: str) -> None:
        """Let go of a clip; nothing happens when there is none."""
        ...

    def clear(self, user_id: str) -> None:
        """Let go of everything of one user."""
        ...


def clip_label(handle: str) -> str:
    """Return the text that tells a model a clip's handle: ``[clip clip_...]``."""
    return f"[clip {handle}]"


def clips_in(text: str) -> list[str]:
    """Return the handles in the labels of a text, in their order."""
    return _LABEL.findall(text)


def clips_named(text: str) -> list[str]:
    """Return the handles in a text that names clips, also without labels and in capitals."""
    return [handle.lower() for handle in _NAMED.findall(text)]


def is_clip_handle(text: object) -> bool:
    """Return whether a text has the form of a clip's handle."""
    return isinstance(text, str) and _HANDLE.fullmatch(text) is not None


def put_clip(clips: ClipStore, user_id: str, clip: bytes) -> str | InvalidInput:
    """Return the handle that a clip was put under, or why it was refused."""
    try:
        return clips.put(user_id, clip)
    except InvalidInput as exc:
        return exc


class ClipFolder:
    """Keeps clips in ``root/<hash of the user id>/``; the least recently used go first.

    Several processes may share a folder: a clip appears whole or not at all. Folders and files are
    readable by their owner only; nothing is encrypted. Every method raises ``MemoryStoreError``
    when the disk fails.

    Args:
        root: The folder of all users' clips, made at the first ``put``. None for one of this
            process alone, among the temporary files, which is deleted when the store goes.
        max_bytes: What one clip may weigh.
        max_bytes_per_user: What is kept for one user.
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        *,
        max_bytes: int = CLIP_BYTES,
        max_bytes_per_user: int = 4 * CLIP_BYTES,
    ) -> None:
        check_limits(max_bytes=max_bytes, max_bytes_per_user=max_bytes_per_user)
        self.max_bytes = min(max_bytes, max_bytes_per_user)
        self._max_bytes_per_user = max_bytes_per_user
        self._root = None if root is None else Path(root).expanduser().absolute()
        self._lock = threading.Lock()

    def put(self, user_id: str, clip: ClipSource) -> str:
        """Keep a clip; see :meth:`ClipStore.put`."""
        check_user(user_id)
        _require_video()
        with _opened(clip) as (source, size):
            self._check(source, size)
            digest = hashlib.sha256()
            folder = self._folder(user_id)
            with self._writing(folder):
                part = folder / "clip"  # a name for what is being written
                with atomic_write(part, shared=False) as file:
                    left = self.max_bytes
                    while data := source.read(_CHUNK):
                        left -= len(data)
                        if left < 0:  # it grew while it was read
                            raise self._too_large(self.max_bytes - left)
                        digest.update(data)
                        file.write(data)
                handle = CLIP_PREFIX + digest.hexdigest()[:32]
                part.replace(folder / handle)
                self._evict(folder, handle)
        return handle

    def path(self, user_id: str, handle: str) -> Path:
        """Return the file of a clip; see :meth:`ClipStore.path`."""
        path = self._folder(user_id) / str(handle)
        if not is_clip_handle(handle) or not path.is_file():
            raise _unknown(handle)
        with contextlib.suppress(OSError):  # a disk that may only be read has no order of use
            os.utime(path)
        return path

    def recent(self, user_id: str) -> list[str]:
        """Return the handles of a user's clips, what was kept or used last first."""
        folder = self._folder(user_id)
        kept = []
        with contextlib.suppress(FileNotFoundError), _translated(folder):
            for path in folder.iterdir() if folder.is_dir() else ():
                if is_clip_handle(path.name):
                    kept.append((path.stat().st_mtime_ns, path.name))
        return [handle for _, handle in sorted(kept, reverse=True)]

    def delete(self, user_id: str, handle: str) -> None:
        """Let go of a clip."""
        folder = self._folder(user_id)
        if is_clip_handle(handle):
            with _translated(folder):
                (folder / handle).unlink(missing_ok=True)

    def clear(self, user_id: str) -> None:
        """Let go of everything of one user."""
        folder = self._folder(user_id)
        if folder.exists():
            with self._writing(folder):
                shutil.rmtree(folder)

    def _check(self, source: BinaryIO, size: int) -> None:
        head = source.read(_HEAD)
        source.seek(0)
        if not looks_like_a_clip(head):
            raise InvalidInput(
                "expected a clip (MP4, MOV, MKV, WebM, AVI, ...), found "
                f"{'nothing' if not head else 'something else, such as a photo'}; pass a clip"
            )
        if size > self.max_bytes:
            raise self._too_large(size)

    def _too_large(self, size: int) -> InvalidInput:
        return InvalidInput(
            f"expected a clip of at most {self.max_bytes} bytes, found {size}; use a shorter clip "
            "or a smaller one",
            in_python=" or raise max_bytes of the ClipFolder",
        )

    def _folder(self, user_id: str) -> Path:
        name = hashlib.sha256(check_user(user_id).encode("utf-8", "surrogatepass")).hexdigest()
        with self._lock:
            if self._root is None:
                self._root = Path(tempfile.mkdtemp(prefix="pekit-clips-"))
                weakref.finalize(self, shutil.rmtree, self._root, ignore_errors=True)
            return self._root / name

    @contextlib.contextmanager
    def _writing(self, folder: Path) -> Iterator[None]:
        """Keep other writers of a user's folder out, those of other processes too."""
        with self._lock, _translated(folder):
            private_folder(folder)
            lock = folder.with_name(f"{folder.name}{_LOCK}")  # beside it: clearing removes it
            lock.touch(mode=0o600)
            with locked(lock):
                private_folder(folder)  # another one may have cleared it meanwhile
                yield

    def _evict(self, folder: Path, newest: str) -> None:
        """Remove what is over the limit, and what dead writers left."""
        kept = []
        for path in folder.iterdir():
            if is_clip_handle(path.name):
                about = path.stat()
                kept.append((about.st_mtime_ns, about.st_size, path))
            else:
                path.unlink(missing_ok=True)  # nobody else is writing
        size = sum(each[1] for each in kept)
        for _, length, path in sorted(kept):
            if size <= self._max_bytes_per_user:
                break
            if path.name != newest:
                path.unlink(missing_ok=True)
                size -= length


def _unknown(handle: object) -> UnknownClip:
    return UnknownClip(
        "expected the handle of a clip of this user (clip_ and 32 hex digits, as a label "
        f"[clip clip_...] shows it), found {quote(str(handle), NAME_LIMIT)}; it is no such handle, "
        "or the clip is no longer kept"
    )


def _require_video() -> None:
    try:
        import pekit_agents.video.pyav  # noqa: F401
    except MissingDependency as exc:
        raise FormatNotInstalled(exc.message) from exc


@contextlib.contextmanager
def _opened(clip: ClipSource) -> Iterator[tuple[BinaryIO, int]]:
    """Yield a clip as a file at its beginning, and how many bytes it has."""
    if isinstance(clip, bytes):
        yield BytesIO(clip), len(clip)
    elif isinstance(clip, str | os.PathLike):
        path = Path(os.fsdecode(clip)).expanduser()
        if not path.is_file():  # nobody may ever write into a pipe
            raise InvalidInput(f"expected a clip, found no file at {path}; check the path")
        try:
            with path.open("rb") as file:
                yield file, path.stat().st_size
        except PermissionError as exc:
            raise InvalidInput(
                f"expected a clip that may be read, found {path}: {exc.strerror}; check its "
                "permissions"
            ) from exc
    elif callable(getattr(clip, "seek", None)):
        size = clip.seek(0, os.SEEK_END)
        clip.seek(0)
        yield clip, size
    else:
        raise InvalidInput(
            f"expected the bytes of a clip, a path or a file, found {type(clip).__name__}; pass "
            "one of them"
        )


@contextlib.contextmanager
def _translated(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise MemoryStoreError(
            f"The clips in {folder} could not be written: {exc.strerror or exc}. Check that the "
            "disk has room and that the folder may be used, then try again."
        ) from exc
