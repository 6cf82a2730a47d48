"""Maintenance on request: of one user, or of all that have a memory in a folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pekit_agents.memory.limits import INDEX_ABOVE, limit
from pekit_agents.memory.place.retry import with_retries
from pekit_agents.memory.review_files import ReviewFiles
from pekit_agents.memory.schema import table_schema
from pekit_agents.memory.search.index_refresh import IndexRefresh
from pekit_agents.memory.table import maintenance
from pekit_agents.memory.table.table import stored_encoder
from pekit_agents.memory.table.transactions import Transactions

if TYPE_CHECKING:
    from pekit_agents.memory.place.place import Place


def optimize(places: Sequence[Place], *, progress: Callable[[int, int], None] | None = None) -> int:
    """Compact users' memories, bring their indices up to date, and finish what was interrupted.

    In two passes: what the first one replaces may still be being read, and is removed by the
    second.

    Args:
        places: Where the users' memories lie.
        progress: Called after each step with how many are done, of how many.

    Returns:
        How many of the places hold a memory.

    Raises:
        WriteConflict: Others were writing for too long.
        MemoryStoreError: A memory is damaged, or the disk is full or read-only.
    """
    steps = 2 * len(places)
    held: list[Place] = []
    for done, place in enumerate(places, 1):
        if _compact(place):
            held.append(place)
        if progress is not None:
            progress(done, steps)
    if held:
        time.sleep(maintenance.GRACE.total_seconds())
    for done, place in enumerate(held, len(places) + 1):
        _compact(place)
        if progress is not None:
            progress(done, steps)
    return len(held)


def _compact(place: Place) -> bool:
    """Compact one memory; return whether there is one."""
    encoder = with_retries(
        lambda: stored_encoder(place), doing="read", place=place, reset=lambda: None
    )
    if encoder is None:
        return False
    schema = table_schema(*encoder)
    index = IndexRefresh.of(place, schema, index_above=limit(INDEX_ABOVE))
    sweep = ReviewFiles(place).remove_orphans
    Transactions(place, schema, index=index, sweep=sweep).compact()
    return True
