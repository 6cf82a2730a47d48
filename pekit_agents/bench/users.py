"""Many users in one process: what opening and searching costs, and how much RAM stays."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from pekit_agents.bench.objects import fill, made_up, open_memory
from pekit_agents.bench.rows import Row
from pekit_agents.memory import Memory
from pekit_agents.memory.residency import shared_residency

OBJECTS_EACH = 20
_OPEN = 500


def users_row(root: Path, users: int, progress: Callable[[str], None]) -> Row:
    """Store ``users`` memories and search in each; the RAM for snapshots stays in its bound."""
    queries = next(made_up(1, seed=5))[0]
    started = time.perf_counter()
    for number in range(users):
        fill(root, f"user-{number}", OBJECTS_EACH, seed=number)
        if number % 50 == 0:
            progress(f"storing users: {number:,} of {users:,}")
    stored = time.perf_counter()
    residency, most = shared_residency(), 0
    kept: list[Memory] = []
    for number in range(users):
        memory = open_memory(root, f"user-{number}")
        memory.gallery().nearest(queries, max_weight=0.5, floor=0.28)
        kept = [*kept[-_OPEN:], memory]
        most = max(most, residency.nbytes)
        if number % 50 == 0:
            progress(f"searching users: {number:,} of {users:,}")
    searched = time.perf_counter()
    return Row(
        f"{users:,} users of {OBJECTS_EACH} objects: RAM for snapshots / its bound",
        1.0,
        most / residency.limit_bytes,
        f"{most / 1e6:.0f} MB at most with {_OPEN} users open; to store a user "
        f"{1000 * (stored - started) / users:.1f} ms, to open and search one "
        f"{1000 * (searched - stored) / users:.1f} ms",
    )
