"""Many users on one machine: what they cost, in RAM as well, and whether they are kept apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.memory.objects import described, fill, made_up, open_memory
from benchmarks.memory.process import rss_mb
from benchmarks.memory.rows import Row, percentiles
from benchmarks.memory.rules import BY_COSINE
from pekit_agents.memory import Memory
from pekit_agents.memory.search.ram import shared_ram_cache
from pekit_agents.retrieval.matching import RANKS

if TYPE_CHECKING:
    from pekit_agents.scoring import Nearest
    from pekit_agents.types import FloatArray, PersonalObject

OBJECTS_EACH = 20
# How many users' memories are open at a time: with 5 views of 384 numbers for each object, the
# snapshots of all these do not fit into the default bound.
_OPEN = 5_000


def users_rows(root: Path, users: int, dim: int, progress: Callable[[str], None]) -> Iterator[Row]:
    """Store ``users`` memories, search in each, and look for objects of others in the answers.

    Args:
        root: Where to.
        users: How many.
        dim: D.
        progress: Called with what is being done.
    """
    root, before_mb = root / "users", rss_mb()
    started = time.perf_counter()
    for number in range(users):
        first = number * OBJECTS_EACH
        fill(root, _user(number), OBJECTS_EACH, seed=number, first=first, dim=dim)
        if number % 50 == 0:
            progress(f"storing users: {number:,} of {users:,}")
    store_ms = 1000 * (time.perf_counter() - started) / users
    disk_kb = _disk_kb(root) / users
    ram_cache, most = shared_ram_cache(), 0
    kept: dict[int, Memory] = {}
    opened, again, foreign, missing = [], [], 0, 0
    for number in range(users):
        own, other = (_a_view(n, dim) for n in (number, (number + 1) % users))
        started = time.perf_counter()
        kept[number] = memory = open_memory(root, _user(number), dim=dim)
        _search(memory, own)
        opened.append(time.perf_counter() - started)
        kept.pop(number - _OPEN, None)
        started = time.perf_counter()
        objects, near = _search(memory, own)
        again.append(time.perf_counter() - started)
        missing += int(objects[near.objects[0, 0]].object_id != _first_of(number))
        # Whatever is asked for, below the lowest score: the nearest is always one's own.
        anything, near = _search(memory, other, floor=-2.0)
        answers = {anything[i].object_id for i in near.objects[0]}
        ours = {described(number * OBJECTS_EACH + i).object_id for i in range(OBJECTS_EACH)}
        foreign += len((answers | {obj.object_id for obj in memory.objects()}) - ours)
        most = max(most, ram_cache.nbytes)
        if number % 50 == 0:
            progress(f"searching users: {number:,} of {users:,}")
    name = f"{users:,} users of {OBJECTS_EACH} objects"
    after_mb = rss_mb()
    ram = f"; {after_mb:.0f} MB in all, {before_mb:.0f} MB before" if before_mb and after_mb else ""
    yield Row(
        f"{name}: RAM for snapshots / its bound",
        1.0,
        most / ram_cache.limit_bytes,
        f"{most / 1e6:.0f} MB at most with {min(users, _OPEN):,} users open{ram}; on disk "
        f"{disk_kb:.0f} kB a user, D = {dim}; to store one {store_ms:.1f} ms, to open and search "
        f"one {percentiles(opened)}, to search an open one {percentiles(again)}",
    )
    yield Row(
        f"{name}: objects of others found, own ones missed",
        0,
        foreign + missing,
        f"{foreign} and {missing}; the users' ids are paths to each other's folders",
    )


def _search(
    memory: Memory, regions: FloatArray, floor: float = BY_COSINE.floor
) -> tuple[Sequence[PersonalObject], Nearest]:
    return memory.gallery().nearest(regions, BY_COSINE.scorer, floor=floor, ranks=RANKS)


def _user(number: int) -> str:
    """Return an id that would lead astray if it was ever used as a path."""
    return f"../{number}/../{number + 1}"


def _first_of(number: int) -> str:
    return described(number * OBJECTS_EACH).object_id


def _a_view(number: int, dim: int) -> FloatArray:
    """Return the first view of a user's first object, (1, D) float32."""
    return next(made_up(OBJECTS_EACH, seed=number, dim=dim))[0, :1]


def _disk_kb(folder: Path) -> float:
    """Return what the files below a folder take, in kB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1000
