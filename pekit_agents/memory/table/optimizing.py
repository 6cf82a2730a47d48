"""Maintenance on request: of one user, or of all that have a memory in a folder."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pekit_agents.memory.place.cloud import require_files
from pekit_agents.memory.place.retry import insist
from pekit_agents.memory.place.storage import as_folder
from pekit_agents.memory.schema import table_schema
from pekit_agents.memory.search.index_upkeep import Upkeep
from pekit_agents.memory.search.limits import INDEX_ABOVE, limit
from pekit_agents.memory.table import maintenance
from pekit_agents.memory.table.table import stored_encoder
from pekit_agents.memory.table.transactions import Transactions

if TYPE_CHECKING:
    from pathlib import Path

_USER = re.compile(r"[0-9a-f]{64}")


def user_folders(
    root: str | Path, storage_options: Mapping[str, str] | None = None
) -> Iterator[Path]:
    """Yield the folders of all users; their ids are not known from these.

    Raises:
        InvalidInput: They have none, at a ``db://`` URI.
    """
    require_files(root, "Optimizing memories")
    folder = as_folder(root, storage_options)
    if folder.exists():
        yield from sorted(
            (path for path in folder.iterdir() if _USER.fullmatch(path.name)), key=str
        )


def optimize(folders: Sequence[Path], *, progress: Callable[[int, int], None] | None = None) -> int:
    """Compact users' memories, bring their indices up to date, and finish what was interrupted.

    In two passes: what the first one replaces may still be being read, and is removed by the
    second.

    Args:
        folders: The folders of the users.
        progress: Called after each step with how many are done, of how many.

    Returns:
        How many of the folders hold a memory.

    Raises:
        WriteConflict: Others were writing for too long.
        MemoryStoreError: A memory is damaged, or the disk is full or read-only.
    """
    steps = 2 * len(folders)
    held: list[Path] = []
    for done, folder in enumerate(folders, 1):
        if _compact(folder):
            held.append(folder)
        if progress is not None:
            progress(done, steps)
    if held:
        time.sleep(maintenance.GRACE.total_seconds())
    for done, folder in enumerate(held, len(folders) + 1):
        _compact(folder)
        if progress is not None:
            progress(done, steps)
    return len(held)


def _compact(folder: Path) -> bool:
    """Compact one memory; return whether there is one."""
    encoder = insist(
        lambda: stored_encoder(folder), doing="read", folder=folder, reset=lambda: None
    )
    if encoder is None:
        return False
    schema = table_schema(*encoder)
    upkeep = Upkeep(folder, schema, index_above=limit(INDEX_ABOVE))
    Transactions(folder, schema, upkeep=upkeep).compact()
    return True
