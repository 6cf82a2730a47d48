"""How much of all users' memories one process keeps in RAM.

Snapshots, copies of what lies beside a memory, and findings stay until these change or until newer
ones need the room: the least recently used go first. One larger than the whole bound is handed out
and lives as long as somebody works with it, but it is not kept. Users' pictures in RAM, which
cannot be made again, take their part of the same bound first.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol

from pekit_agents.memory.limits import copies_bytes


class Copy(Protocol):
    """What is kept: it may be referred to weakly and says how many bytes it takes."""

    @property
    def nbytes(self) -> int:
        """About how much RAM it takes."""
        ...


class RamCache:
    """Copies by a key of their owner, at most ``limit_bytes`` in all; safe across threads."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._reserved: dict[str, int] = {}  # by whom
        self._keys = itertools.count()
        self._lock = threading.Lock()
        self._nbytes = 0
        self._gone: deque[int] = deque()  # keys whose owners are gone, to be dropped
        self._kept: OrderedDict[int, Copy] = OrderedDict()
        self._alive: weakref.WeakValueDictionary[int, Copy] = weakref.WeakValueDictionary()

    @property
    def nbytes(self) -> int:
        """How many bytes the copies that are kept take."""
        with self._locked():
            return self._nbytes

    def key_for(self, owner: object) -> int:
        """Return a new key; what is kept under it goes when ``owner`` does."""
        key = next(self._keys)
        weakref.finalize(owner, self._owner_gone, key)
        return key

    def get(self, key: int) -> Any:
        """Return what its owner has put under ``key``; None if it is not in RAM any more."""
        with self._locked():
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._alive.get(key)

    def reserve(self, name: str, nbytes: int) -> None:
        """Leave so much of the bound to what lies elsewhere, in place of what the name had."""
        with self._locked():
            self._reserved[name] = nbytes
            self._shrink()

    def put(self, key: int, copy: Copy) -> None:
        """Keep ``copy`` in place of the one under ``key``, as far as there is room."""
        nbytes = copy.nbytes
        with self._locked():
            self._remove(key)
            self._alive[key] = copy
            if nbytes > self._room():
                return
            self._kept[key] = copy
            self._nbytes += nbytes
            self._shrink()

    def drop(self, key: int) -> None:
        """Let go of what is under ``key``."""
        with self._locked():
            self._drop(key)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock:
            self._drop_gone()
            yield

    def _owner_gone(self, key: int) -> None:
        # Runs wherever garbage is collected, perhaps in a thread that holds the lock: who waited
        # for it here would wait for ever.
        self._gone.append(key)
        if self._lock.acquire(blocking=False):
            try:
                self._drop_gone()
            finally:
                self._lock.release()

    def _drop_gone(self) -> None:
        while self._gone:
            self._drop(self._gone.popleft())

    def _drop(self, key: int) -> None:
        self._remove(key)
        self._alive.pop(key, None)

    def _room(self) -> int:
        return self.limit_bytes - sum(self._reserved.values())

    def _shrink(self) -> None:
        while self._kept and self._nbytes > self._room():
            self._remove(next(iter(self._kept)))

    def _remove(self, key: int) -> None:
        copy = self._kept.pop(key, None)
        if copy is not None:
            self._nbytes -= copy.nbytes


@cache
def shared_ram_cache() -> RamCache:
    """Return the one of this process; its bound is read from the environment once.

    Raises:
        InvalidInput: The variable is not a number of megabytes.
    """
    return RamCache(copies_bytes())


@cache
def shared_view_cache() -> RamCache:
    """Return that of pictures as models were shown them: a sixteenth of the same bound.

    Of a bound of 512 MB it has room for 30 to 100 of them, the conversations that are going on;
    whatever else is asked for again is made again.

    Raises:
        InvalidInput: The variable is not a number of megabytes.
    """
    shared = shared_ram_cache()
    views = RamCache(shared.limit_bytes // 16)
    shared.reserve("views", views.limit_bytes)
    return views
