"""``UserFiles``: a small file of JSON for each user, which several processes may write."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from pekit_agents.errors import MemoryStoreError
from pekit_agents.files import atomic_write, private_folder

__all__ = ["UserFiles"]

_LOCK = ".lock"


class UserFiles:
    """Files of users in one folder, named by hashes. Safe to call from several threads.

    Args:
        folder: Where they lie; made at the first write.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def read(self, user_id: str) -> Any:
        """Return what a user's file holds; None where it is not there, or damaged.

        Raises:
            MemoryStoreError: It cannot be read.
        """
        path = self.path(user_id)
        try:
            return json.loads(path.read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        except OSError as exc:
            raise MemoryStoreError(
                f"expected a file that can be read, found {path}: {exc.strerror}"
            ) from exc

    def write(self, user_id: str, value: object) -> None:
        """Put a value in place of what a user's file holds, within :meth:`writing`."""
        with atomic_write(self.path(user_id), shared=False) as file:
            file.write(json.dumps(value).encode())

    def clear(self, user_id: str) -> None:
        """Remove a user's file.

        Raises:
            MemoryStoreError: It cannot be removed.
        """
        with self.writing():
            self.path(user_id).unlink(missing_ok=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep other writers out, of any user: a lock of each one's own would outlive them.

        Raises:
            MemoryStoreError: The folder cannot be written.
        """
        try:
            private_folder(self._folder)
            with self._lock, FileLock(self._folder / _LOCK, mode=0o600):
                yield
        except OSError as exc:
            raise MemoryStoreError(
                f"expected a folder that can be written, found {self._folder}: {exc.strerror}"
            ) from exc

    def path(self, user_id: str) -> Path:
        """Return where a user's file lies, which need not be there."""
        name = hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / f"{name}.json"
