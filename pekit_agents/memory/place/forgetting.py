"""Forgetting a user: everything at their place goes, whatever is in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pekit_agents.memory.place.local import LocalPlace
from pekit_agents.memory.place.place import is_user, place_at, user_place
from pekit_agents.memory.place.retry import with_retries

if TYPE_CHECKING:
    from pekit_agents.memory.place.local import LocalPlace
from pekit_agents.memory.place.place import Place


def forget_user(
    root: str | Path, user_id: str, storage_options: Mapping[str, str] | None = None
) -> bool:
    """Remove everything of one user from the disk, also if it is damaged or cannot be opened.

    The folder is taken away in one step, under the writing lock: a reader or writer sees all of it
    or an empty memory. If this is interrupted, repeating it or the user's next write finishes
    it. Where there are no file locks, nobody may be writing to this memory meanwhile. At a
    ``db://`` URI the table is dropped; what becomes of its bytes is up to the service.

    Args:
        root: The folder of all users' memories, or a URI, as for ``Memory.open``.
        user_id: Whose memory.
        storage_options: As for ``Memory.open``.

    Returns:
        Whether there was anything.

    Raises:
        InvalidInput: ``user_id`` cannot be one.
        WriteConflict: Others were writing for too long.
        MemoryStoreError: The disk is read-only.
    """
    return forget_place(user_place(root, user_id, storage_options))


def finish_forgotten_users(
    root: str | Path, storage_options: Mapping[str, str] | None = None
) -> int:
    """Remove what is left of users whom nobody may ask for again: forgetting them was interrupted.

    Args:
        root: The folder of all users' memories, or a URI, as for ``Memory.open``.
        storage_options: As for ``Memory.open``.

    Returns:
        Of how many users something was left.

    Raises:
        MemoryStoreError: The disk is read-only.
    """
    users = place_at(root, storage_options)
    if not isinstance(users, LocalPlace):  # elsewhere there is no such state
        return 0
    left = [users.child(name) for name in users.forgotten_children() if is_user(name)]
    for place in left:
        with_retries(place.finish_forgetting, doing="written", place=place, reset=lambda: None)
    return len(left)


def forget_place(place: Place) -> bool:
    """Remove everything at a place, see ``forget_user``."""
    return with_retries(place.forget, doing="written", place=place, reset=lambda: None)
