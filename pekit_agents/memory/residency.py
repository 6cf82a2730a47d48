"""How much of all users' memories one process keeps in RAM.

Snapshots stay until their users' memories change or until newer ones need the room: the least
recently used go first. A snapshot larger than the whole bound is handed out and lives as long
as somebody works with it, but it is not kept.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import OrderedDict
from functools import cache
from typing import TYPE_CHECKING

from pekit_agents.memory.limits import RAM_MB, limit

if TYPE_CHECKING:
    from pekit_agents.memory.snapshot import Snapshot


class Residency:
    """Snapshots by a key of their owner, at most ``limit_bytes`` in all; safe across threads."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._keys = itertools.count()
        self._lock = threading.Lock()
        self._nbytes = 0
        self._kept: OrderedDict[int, Snapshot] = OrderedDict()
        self._alive: weakref.WeakValueDictionary[int, Snapshot] = weakref.WeakValueDictionary()

    @property
    def nbytes(self) -> int:
        """How many bytes the snapshots that are kept take."""
        return self._nbytes

    def key_for(self, owner: object) -> int:
        """Return a new key; what is kept under it goes when ``owner`` does."""
        key = next(self._keys)
        weakref.finalize(owner, self.drop, key)
        return key

    def get(self, key: int) -> Snapshot | None:
        """Return the snapshot under ``key``, if it is still in RAM."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._alive.get(key)

    def put(self, key: int, snapshot: Snapshot) -> None:
        """Keep ``snapshot`` in place of the one under ``key``, as far as there is room."""
        with self._lock:
            self._remove(key)
            self._alive[key] = snapshot
            if snapshot.nbytes > self.limit_bytes:
                return
            self._kept[key] = snapshot
            self._nbytes += snapshot.nbytes
            while self._nbytes > self.limit_bytes:
                self._remove(next(iter(self._kept)))

    def drop(self, key: int) -> None:
        """Let go of the snapshot under ``key``."""
        with self._lock:
            self._remove(key)
            self._alive.pop(key, None)

    def _remove(self, key: int) -> None:
        snapshot = self._kept.pop(key, None)
        if snapshot is not None:
            self._nbytes -= snapshot.nbytes


@cache
def shared_residency() -> Residency:
    """Return the one of this process; its bound is read from the environment once.

    Raises:
        InvalidInput: The variable is not a number of megabytes.
    """
    return Residency(limit(RAM_MB) * 1024 * 1024)
