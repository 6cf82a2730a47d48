"""LanceDB's session of this process: ``shared_session``, and who may use it: ``check_process``.

A session holds LanceDB's caches. Without one each connection has its own, which keeps something of
every version of a table that it has seen and never lets go.
"""

from __future__ import annotations

import os
from functools import cache

import lancedb

from pekit_agents.errors import MemoryStoreError
from pekit_agents.memory.limits import index_cache_bytes, metadata_cache_bytes


def shared_session() -> lancedb.Session:
    """Return the session of all connections of this process.

    Raises:
        MemoryStoreError: The process was forked from one that had used LanceDB.
        InvalidInput: The bound of the environment is no number of megabytes.
    """
    check_process()
    return _session()[0]


def check_process() -> None:
    """Refuse a process that was forked from one that had used LanceDB.

    LanceDB's threads do not live on in the child. Reading has worked there when it was tried,
    writing may crash or wait for ever; so may whatever waits for a lock that a thread of the parent
    held at that moment.

    Raises:
        MemoryStoreError: It was.
    """
    used_in = _session()[1] if _session.cache_info().currsize else os.getpid()
    if used_in != os.getpid():
        raise MemoryStoreError(
            f"This process ({os.getpid()}) was forked from one ({used_in}) that had used a memory "
            "already, and LanceDB does not survive that: expected a process that uses its first "
            "memory by itself. Open memories in the child and none before the fork (gunicorn "
            'without --preload), or start processes with "spawn" or "forkserver".'
        )


@cache
def _session() -> tuple[lancedb.Session, int]:
    """Return the session and the process that made it, which is the first to use LanceDB."""
    session = lancedb.Session(
        index_cache_size_bytes=index_cache_bytes(), metadata_cache_size_bytes=metadata_cache_bytes()
    )
    return session, os.getpid()
