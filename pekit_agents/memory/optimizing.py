"""Maintenance on request: of one user, or of all that have a memory in a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pekit_agents.memory.limits import INDEX_ABOVE, limit
from pekit_agents.memory.retry import insist
from pekit_agents.memory.schema import table_schema
from pekit_agents.memory.storage import as_folder
from pekit_agents.memory.table import stored_encoder
from pekit_agents.memory.transactions import Transactions
from pekit_agents.memory.upkeep import Upkeep

if TYPE_CHECKING:
    from pathlib import Path

_USER = re.compile(r"[0-9a-f]{64}")


def user_folders(
    root: str | Path, storage_options: Mapping[str, str] | None = None
) -> Iterator[Path]:
    """Yield the folders of all users; their ids are not known from these."""
    folder = as_folder(root, storage_options)
    if folder.exists():
        yield from sorted(
            (path for path in folder.iterdir() if _USER.fullmatch(path.name)), key=str
        )


def optimize(folder: Path) -> bool:
    """Compact a user's memory, bring its index up to date, and finish what was interrupted.

    Returns:
        Whether there is a memory.

    Raises:
        WriteConflict: Others were writing for too long.
        MemoryStoreError: It is damaged, or the disk is full or read-only.
    """
    encoder = insist(
        lambda: stored_encoder(folder), doing="read", folder=folder, reset=lambda: None
    )
    if encoder is None:
        return False
    schema = table_schema(*encoder)
    upkeep = Upkeep(folder, schema, index_above=limit(INDEX_ABOVE))
    Transactions(folder, schema, upkeep=upkeep).compact()
    return True
