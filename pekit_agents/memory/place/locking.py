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

from filelock import lock_descriptor, unlock_descriptor

from pekit_agents.errors import WriteConflict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PATIENCE_S = 60.0


@contextmanager
def locked(path: Path, *, patience_s: float = _PATIENCE_S) -> Iterator[bool]:
    """Wait for the lock that the file ``path`` stands for, and hold it.

    Yields:
        True when the lock is held; False where the file system has none, so that others may be
        writing as well.

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
            held = _acquire(file, patience_s)
            if held and not _stands_at(path, file):
                continue
            try:
                yield held
            finally:
                if held:
                    # Closing alone would leave it to a child that was forked meanwhile.
                    unlock_descriptor(file.fileno())
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
            if lock_descriptor(file.fileno(), blocking=False):
                return True
        except OSError:
            return False  # network disks without locks
        if time.monotonic() > deadline:
            raise WriteConflict(
                f"Another process has been writing to this memory for {patience_s:g} s "
                f"(it holds {file.name}). Nothing was changed; try again."
            )
        time.sleep(random.uniform(0.001, 0.01))  # noqa: S311 - not for secrecy
