"""``FinishedRequests``: what is done once although it is asked for again, by a key of the client.

What is noted is what a request did in ids and numbers, never a name, a text or a picture: what is
forgotten leaves nothing behind here. An answer is written anew from what is remembered now.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pekit_agents.errors import MemoryStoreError
from pekit_agents.files import atomic_write, private_folder
from pekit_agents.server.problems import Problem

__all__ = ["FinishedRequests"]

_KEPT_SECONDS = 24 * 3600.0  # a client that tries again does so within the day
_MOST = 1000  # of one user: a small file each


class FinishedRequests:
    """Requests by the keys that clients gave them, of each user by itself, for every process.

    Safe to call from several threads and processes.

    Args:
        folder: Where they are noted: a folder for each user, a file for each key, named by hashes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def once(
        self, user_id: str, key: str, digest: str, work: Callable[[], dict[str, Any]]
    ) -> tuple[dict[str, Any], bool]:
        """Do some work unless it is done; what raises is not done and may be tried again.

        Args:
            user_id: Whose request.
            key: What the client calls it.
            digest: A hash of all that it asks for.
            work: Does it and returns what was done as JSON-ready values without names or texts.

        Returns:
            What was done, and whether it had been done before.

        Raises:
            Problem: The key is that of another request (422), or of one that is being worked on
                (409).
            MemoryStoreError: It cannot be noted. The work may be done.
        """
        path = self._of(user_id) / f"{_sha256(key)}.json"
        with self._translated():
            private_folder(path.parent)
            lock = FileLock(path.with_suffix(".lock"), timeout=0, mode=0o600)
            try:
                lock.acquire()
            except Timeout:
                raise Problem(
                    409,
                    "expected a key of a request that is answered, found one that is being worked "
                    "on; try again in a few seconds",
                    kind="request-running",
                    headers={"Retry-After": "2"},
                ) from None
        try:
            known = _read(path)
            if known is not None:
                if known["digest"] != digest:
                    raise Problem(
                        422,
                        "expected a new key for a new request, found one that was sent with "
                        "another request before; make a fresh key",
                        kind="key-reused",
                    )
                return known["done"], True
            done = work()
            with self._translated(), atomic_write(path, shared=False) as file:
                file.write(json.dumps({"digest": digest, "done": done}).encode())
        finally:
            lock.release()
        self._drop_old(path.parent)
        return done, False

    def clear(self, user_id: str) -> None:
        """Forget all of a user."""
        shutil.rmtree(self._of(user_id), ignore_errors=True)

    def _of(self, user_id: str) -> Path:
        return self._folder / _sha256(user_id)

    def _drop_old(self, folder: Path) -> None:
        """Remove what is older than a day, and the oldest of too many."""
        with contextlib.suppress(OSError):  # of others who do the same, or clear it
            ages = {path: time.time() - path.stat().st_mtime for path in folder.iterdir()}
            for place, path in enumerate(sorted(ages, key=ages.__getitem__)):
                if place >= 2 * _MOST or ages[path] > _KEPT_SECONDS:  # a note and its lock
                    path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise MemoryStoreError(
                f"expected a folder that can be written, found {self._folder}: {exc.strerror}"
            ) from exc


def _read(path: Path) -> dict[str, Any] | None:
    try:
        known = json.loads(path.read_bytes())
        return known if time.time() - path.stat().st_mtime <= _KEPT_SECONDS else None
    except (FileNotFoundError, ValueError):
        return None  # damaged, it says no more than one that was never written


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
