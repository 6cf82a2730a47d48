"""Which pictures of a user came last: what "the latest photo" is where there is no conversation."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from pekit_agents.errors import MemoryStoreError
from pekit_agents.files import atomic_write

__all__ = ["RecentPictures"]

_MOST = 200  # of one user
_LOCK = ".lock"


class RecentPictures:
    """Handles of a user's pictures with the times at which they came, for every process.

    The pictures themselves are in an image store, which may let go of them. Safe to call from
    several threads.

    Args:
        folder: Where it is kept: a file for each user, named by a hash.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def handles(self, user_id: str) -> list[str]:
        """Return the handles of a user's pictures, the newest first."""
        return [handle for handle, _ in self._read(self._path(user_id))]

    def entries(self, user_id: str) -> list[tuple[str, float]]:
        """Return the handles of a user's pictures, the newest first, and when each came.

        Times are in seconds since the epoch.
        """
        return self._read(self._path(user_id))

    def newest_at(self, user_id: str) -> float:
        """Return when the newest came, in seconds since the epoch; 0 where none has come."""
        return max((at for _, at in self._read(self._path(user_id))), default=0.0)

    def add(self, user_id: str, handle: str, at: float | None = None) -> None:
        """Note that a picture came, now or at a time in seconds since the epoch.

        Raises:
            MemoryStoreError: It cannot be written.
        """
        came = time.time() if at is None else at
        self._change(user_id, (handle,), [(handle, came)])

    def discard(self, user_id: str, handles: Collection[str]) -> None:
        """Forget that pictures came.

        Raises:
            MemoryStoreError: It cannot be written.
        """
        self._change(user_id, handles, [])

    def clear(self, user_id: str) -> None:
        """Forget all of a user.

        Raises:
            MemoryStoreError: It cannot be removed.
        """
        with self._writing():
            self._path(user_id).unlink(missing_ok=True)

    def _change(self, user_id: str, out: Collection[str], added: list[tuple[str, float]]) -> None:
        path = self._path(user_id)
        with self._writing():
            kept = [each for each in self._read(path) if each[0] not in out]
            kept = sorted([*added, *kept], key=lambda each: -each[1])[:_MOST]
            with atomic_write(path, shared=False) as file:
                file.write(json.dumps(kept).encode())

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Keep other writers out, of any user: a lock of each one's own would outlive them."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._lock, FileLock(self._folder / _LOCK, mode=0o600):
                yield
        except OSError as exc:
            raise MemoryStoreError(
                f"expected a folder that can be written, found {self._folder}: {exc.strerror}"
            ) from exc

    def _path(self, user_id: str) -> Path:
        name = hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / f"{name}.json"

    def _read(self, path: Path) -> list[tuple[str, float]]:
        try:
            return [(str(handle), float(at)) for handle, at in json.loads(path.read_bytes())]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError):
            return []  # it says only which came last, and the next picture begins it anew
        except OSError as exc:
            raise MemoryStoreError(
                f"expected a file that can be read, found {path}: {exc.strerror}"
            ) from exc
