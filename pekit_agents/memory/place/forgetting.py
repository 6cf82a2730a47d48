"""Forgetting a user: everything at their place goes, whatever is in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pekit_agents.memory.place.place import user_place
from pekit_agents.memory.place.retry import with_retries

if TYPE_CHECKING:
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


def forget_place(place: Place) -> bool:
    """Remove everything at a place, see ``forget_user``."""
    return with_retries(place.forget, doing="written", place=place, reset=lambda: None)
