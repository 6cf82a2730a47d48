"""Locks of the writers of one user's memory, across threads and processes: ``locked``.

LanceDB keeps the rows right without them: that is what the compare-and-set of each change is
for. The locks are there for forgetting. Writers that race or die leave files behind that no
version of the table mentions but that hold an object's bytes, and only who knows that nobody
else is writing can remove them. The kernel gives a lock back when its holder dies.
"""

from __future__ import annotations

import os
import random
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from pekit_agents.errors import WriteConflict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_PATIENCE_S = 60.0


@contextmanager
def locked(path: Path, *, patience_s: float = _PATIENCE_S) -> Iterator[bool]:
    """Wait for the lock that the file ``path`` stands for, and hold it.

    Yields:
        True when the lock is held; False where the platform or the file system has no locks,
        so that others may be writing as well.

    Raises:
        WriteConflict: Others held it for ``patience_s`` seconds.
        OSError: The file cannot be written.
    """
    while True:
        # Whoever had the lock may have taken the whole folder away.
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = path.open("ab")
        except FileNotFoundError:
            continue
        with file:
            held = fcntl is not None and _acquire(file, patience_s)
            if held and not _stands_at(path, file):
                continue
            try:
                yield held
            finally:
                if held:
                    # Closing alone would leave it to a child that was forked meanwhile.
                    fcntl.flock(file, fcntl.LOCK_UN)
            return


def _stands_at(path: Path, file: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _acquire(file: IO[bytes], patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            if time.monotonic() > deadline:
                raise WriteConflict(
                    f"Another process has been writing to this memory for {patience_s:g} s "
                    f"(it holds {file.name}). Nothing was changed; try again."
                ) from exc
            time.sleep(random.uniform(0.001, 0.01))  # noqa: S311 - not for secrecy
        except OSError:
            return False  # network disks without locks
        else:
            return True
