"""Processes that write to a memory while the tests watch, race or kill them.

``workers.py ROOT locked|unlocked COMMAND ...``; each says "ready" and waits for a line on its
standard input before it begins.
"""

from __future__ import annotations

import errno
import itertools
import sys
from datetime import UTC, datetime

import numpy as np

from pekit_agents.errors import MemoryStoreError, ObjectExists
from pekit_agents.memory import Memory
from pekit_agents.memory.place import locking
from pekit_agents.types import PersonalObject

DIM = 16


def numbered_view(number: int) -> np.ndarray:
    """Return a (1, DIM) unit vector from which ``number`` can be read back."""
    view = np.zeros((1, DIM), np.float32)
    view[0, :2] = np.cos(number / 1000), np.sin(number / 1000)
    return view


def some_object(object_id: str, name: str = "mug", context: str = "") -> PersonalObject:
    return PersonalObject(object_id, name, "mug", context, 0, datetime.now(UTC))


def append(memory: Memory, object_id: str, first: str, count: str) -> None:
    for number in range(int(first), int(first) + int(count)):
        memory.append_views(object_id, numbered_view(number))


def upsert(memory: Memory, count: str) -> None:
    for number in range(int(count)):
        memory.insert(some_object(f"key-{number}"), numbered_view(number))


def take_names(memory: Memory, owner: str, count: str) -> None:
    """Take names that others want, too; say which were got."""
    for number in range(int(count)):
        try:
            memory.insert(
                some_object(f"{owner}-{number}", f"name {number}"),
                numbered_view(number),
                unique_name=True,
            )
        except ObjectExists:
            continue
        print(number, flush=True)


def fill_disk(memory: Memory, limit: str) -> None:
    """Write under a limit of the size of any file, as on a disk that is full."""
    import resource  # not on Windows

    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    views = np.repeat(numbered_view(1), 2000, axis=0)
    try:
        memory.insert(some_object("too-large"), views)
    except MemoryStoreError as exc:
        print(type(exc).__name__, exc)


def churn(memory: Memory, prefix: str, marker: str) -> None:
    """Change objects for ever; say what is about to be done and what has been done."""
    for number in itertools.count():
        object_id = f"{prefix}-{number}"
        step("insert", object_id, lambda i=object_id: memory.insert(*inserted(i, marker)))
        for view in (1, 2):
            step(
                "append",
                object_id,
                lambda i=object_id, v=view: memory.append_views(i, numbered_view(v)),
            )
        step("update", object_id, lambda i=object_id: memory.update(i, name="renamed"))
        if number % 3 == 2:
            step("delete", object_id, lambda i=object_id: memory.delete(i))


def inserted(object_id: str, marker: str) -> tuple[PersonalObject, np.ndarray]:
    return some_object(object_id, context=marker), numbered_view(0)


def step(verb: str, object_id: str, act) -> None:
    print("begin", verb, object_id, flush=True)
    act()
    print("done", verb, object_id, flush=True)


def no_lock(descriptor: int, *, blocking: bool) -> bool:
    """Stand in for a file system that has no locks."""
    raise OSError(errno.ENOLCK, "No locks available")


def main(root: str, mode: str, command: str, *arguments: str) -> None:
    if mode == "unlocked":
        locking.lock_descriptor = no_lock
    memory = Memory.open(root, user_id="ann", encoder_id="tiny@1", dim=DIM)
    print("ready", flush=True)
    sys.stdin.readline()
    commands = {
        "append": append,
        "upsert": upsert,
        "take_names": take_names,
        "fill_disk": fill_disk,
        "churn": churn,
    }
    commands[command](memory, *arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
