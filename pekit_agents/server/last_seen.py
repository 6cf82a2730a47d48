"""When things were last recognised: ``LastSeen`` keeps it beside the memory, which does not."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from pekit_agents.server.user_files import UserFiles

__all__ = ["LastSeen"]


class LastSeen:
    """The times at which a user's things were last named in a photo, for every process.

    Ids and times are all that is kept, and of nothing that is not remembered any more once anybody
    looks. Safe to call from several threads.

    Args:
        folder: Where it is kept: a file for each user, named by a hash.
    """

    def __init__(self, folder: Path) -> None:
        self._files = UserFiles(folder)

    def times(self, user_id: str, known: Collection[str]) -> dict[str, datetime]:
        """Return when things were last seen (UTC), by their ids; what was never seen is left out.

        Args:
            user_id: Whose things.
            known: The ids of all that is remembered; others are dropped from the disk.

        Raises:
            MemoryStoreError: It cannot be read or written.
        """
        kept = self._read(user_id)
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
        self._files.clear(user_id)

    def _change(
        self, user_id: str, seen: dict[str, float], known: Collection[str]
    ) -> dict[str, float]:
        with self._files.writing():
            now = {
                each: at for each, at in {**self._read(user_id), **seen}.items() if each in known
            }
            self._files.write(user_id, now)
        return now

    def _read(self, user_id: str) -> dict[str, float]:
        try:
            kept = self._files.read(user_id) or {}
            return {str(each): float(at) for each, at in kept.items()}
        except (ValueError, TypeError, AttributeError):
            return {}  # the next sighting begins it anew
