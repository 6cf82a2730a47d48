"""Forgetting a user: their whole folder goes, whatever is in it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from pekit_agents.memory.place.cloud import as_cloud
from pekit_agents.memory.place.locking import index_turn, writing_turn
from pekit_agents.memory.place.retry import insist, store_error
from pekit_agents.memory.place.storage import as_folder, as_remote
from pekit_agents.memory.validation import checked_user_id


def user_folder(
    root: str | Path, user_id: str, storage_options: Mapping[str, str] | None = None
) -> Path:
    """Return where a user's memory lies: only the hash of their id reaches the disk.

    Raises:
        InvalidInput: ``user_id`` cannot be one.
    """
    user = hashlib.sha256(checked_user_id(user_id).encode("utf-8", "surrogatepass"))
    return as_folder(root, storage_options) / user.hexdigest()


def forget_user(
    root: str | Path, user_id: str, storage_options: Mapping[str, str] | None = None
) -> bool:
    """Remove everything of one user from the disk, also if it is damaged or cannot be opened.

    The folder is taken away in one step, in the writing turn: a reader or writer sees all of it
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
    return forget_folder(user_folder(root, user_id, storage_options))


def forget_folder(folder: Path) -> bool:
    """Remove a user's folder, see ``forget_user``."""
    cloud = as_cloud(folder)
    if cloud is not None:
        return insist(cloud.drop_table, doing="written", folder=folder, reset=lambda: None)
    remote = as_remote(folder)
    if remote is not None:
        return remote.remove_tree()
    try:
        found = finish_forgetting(folder)
        if not folder.exists():
            return found
        with ExitStack() as turns:
            turns.enter_context(writing_turn(folder / "lock"))
            turns.enter_context(index_turn(folder))
            # Tables beside the memory, such as a photo library, have turns of their own.
            for lock in folder.glob("*/lock"):
                turns.enter_context(writing_turn(lock))
            finish_forgetting(folder)
            folder.rename(_remains(folder))
        finish_forgetting(folder)
    except OSError as exc:
        raise store_error(exc, doing="written", folder=folder) from exc
    return True


def finish_forgetting(folder: Path) -> bool:
    """Remove what an interrupted ``forget_user`` left; return whether there was anything.

    Raises:
        OSError: It cannot be removed.
    """
    remains = _remains(folder)
    found = False
    while remains.exists():
        found = True
        with suppress(FileNotFoundError):  # somebody else removes it, too
            shutil.rmtree(remains)
    return found


def _remains(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.forgotten")
