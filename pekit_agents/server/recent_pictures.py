"""Which pictures of a user came last: what "the latest photo" is where there is no conversation."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path

from pekit_agents.server.user_files import UserFiles

__all__ = ["RecentPictures"]

_MOST = 200  # of one user


class RecentPictures:
    """Handles of a user's pictures with the times at which they came, for every process.

    The pictures themselves are in an image store, which may let go of them. Safe to call from
    several threads.

    Args:
        folder: Where it is kept: a file for each user, named by a hash.
    """

    def __init__(self, folder: Path) -> None:
        self._files = UserFiles(folder)

    def handles(self, user_id: str) -> list[str]:
        """Return the handles of a user's pictures, the newest first."""
        return [handle for handle, _ in self._read(user_id)]

    def entries(self, user_id: str) -> list[tuple[str, float]]:
        """Return the handles of a user's pictures, the newest first, and when each came.

        Times are in seconds since the epoch.
        """
        return self._read(user_id)

    def newest_at(self, user_id: str) -> float:
        """Return when the newest came, in seconds since the epoch; 0 where none has come."""
        return max((at for _, at in self._read(user_id)), default=0.0)

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
        self._files.clear(user_id)

    def _change(self, user_id: str, out: Collection[str], added: list[tuple[str, float]]) -> None:
        with self._files.writing():
            kept = [each for each in self._read(user_id) if each[0] not in out]
            kept = sorted([*added, *kept], key=lambda each: -each[1])[:_MOST]
            self._files.write(user_id, kept)

    def _read(self, user_id: str) -> list[tuple[str, float]]:
        try:
            return [(str(handle), float(at)) for handle, at in self._files.read(user_id) or ()]
        except (ValueError, TypeError):
            return []  # it says only which came last, and the next picture begins it anew
