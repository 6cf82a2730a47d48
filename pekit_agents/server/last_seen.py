"""When things were last recognised: ``LastSeen`` keeps it beside the memory, which does not."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from pekit_agents.errors import MemoryStoreError
from pekit_agents.files import atomic_write

__all__ = ["LastSeen"]


class LastSeen:
    """The times at which a user's things were last named in a photo, for every process.

    Ids and times are all that is kept, and of nothing that is not remembered any more once anybody
    looks. Safe to call from several threads.

    Args:
        folder: Where it is kept: a file for each user, named by a hash.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def times(self, user_id: str, known: Collection[str]) -> dict[str, datetime]:
        """Return when things were last seen (UTC), by their ids; what was never seen is left out.

        Args:
            user_id: Whose things.
            known: The ids of all that is remembered; others are dropped from the disk.

        Raises:
            MemoryStoreError: It cannot be read or written.
        """
        kept = _read(self._path(user_id))
        if not kept.keys() <= set(known):
            kept = self._change(user_id, {}, known)
        return {each: datetime.fromtimestamp(at, UTC) for each, at in kept.items()}

    def note(self, user_id: str, seen: Collection[str], known: Collection[str]) -> None:
        """Note that things are seen now.

        Args:
            user_id: Whose things.
            seen: Their ids.
            known: The ids of all that is remembered.

        Raises:
            MemoryStoreError: It cannot be written.
        """
        if seen:
            self._change(user_id, dict.fromkeys(seen, time.time()), known)

    def clear(self, user_id: str) -> None:
        """Forget all of a user.

        Raises:
            MemoryStoreError: It cannot be removed.
        """
        with self._writing():
            self._path(user_id).unlink(missing_ok=True)

    def _change(
        self, user_id: str, seen: dict[str, float], known: Collection[str]
    ) -> dict[str, float]:
        path = self._path(user_id)
        with self._writing():
            now = {each: at for each, at in {**_read(path), **seen}.items() if each in known}
            with atomic_write(path, shared=False) as file:
                file.write(json.dumps(now).encode())
        return now

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Keep other writers out, of any user: a lock of each one's own would outlive them."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._lock, FileLock(self._folder / ".lock", mode=0o600):
                yield
        except OSError as exc:
            raise MemoryStoreError(
                f"expected a folder that can be written, found {self._folder}: {exc.strerror}"
            ) from exc

    def _path(self, user_id: str) -> Path:
        name = hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / f"{name}.json"


def _read(path: Path) -> dict[str, float]:
    try:
        return {str(each): float(at) for each, at in json.loads(path.read_bytes()).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError):
        return {}  # the next sighting begins it anew
    except OSError as exc:
        raise MemoryStoreError(
            f"expected a file that can be read, found {path}: {exc.strerror}"
        ) from exc
