"""By how much a process grows with every write, every version it reads and every memory it opens.

``python -m benchmarks.memory.growth FOLDER WHO COUNT`` prints what one process of one kind grew by.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.memory.objects import described, open_memory
from benchmarks.memory.process import rss_mb
from benchmarks.memory.rows import Row
from pekit_agents.memory.limits import RAM_MB
from pekit_agents.memory.search.ram import shared_ram_cache
from pekit_agents.retrievers.photo_library import PhotoLibrary
from pekit_agents.testing import fake_profile, solid_scene

_DIM = 256
# Pages come and go with allocators and threads; with caches of its own for each connection the
# second half of a thousand writes took 61 MB, of a thousand versions read 24, of photos 49.
_MOST_MB, _MOST_MB_A_MEMORY = 12.0, 0.5
_BOUND_MB = "64"  # its share of versions is full before the second half of a thousand writes
_DOES = {
    "writer": "changes an object",
    "reader": "reads while another process writes",
    "library": "stores a photo",
}


def growth_rows(
    root: Path, writes: int, memories: int, progress: Callable[[str], None]
) -> Iterator[Row]:
    """Let a process of each kind work, and say what it grew by in the second half.

    Args:
        root: Where to.
        writes: How many writes each.
        memories: How many memories of one object are open at once.
        progress: Called with what is being done.
    """
    for who, does in _DOES.items():
        progress(f"{writes:,} times: {does}")
        name = f"{does} {writes:,} times: MB more in the second half"
        yield Row(name, _MOST_MB, grown_mb(root / who, who, writes), "")
    progress(f"opening {memories:,} memories")
    each = grown_mb(root / "open", "open", memories) / memories
    name = f"each of {memories:,} open memories: MB beside its snapshot"
    yield Row(name, _MOST_MB_A_MEMORY, each, f"{1000 * each:.0f} kB")


def grown_mb(root: Path, who: str, count: int) -> float:
    """Return by how much a process of its own grows that does something ``count`` times."""
    command = [sys.executable, "-m", "benchmarks.memory.growth", str(root), who, str(count)]
    env = {**os.environ, RAM_MB: _BOUND_MB}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    return float(done.stdout.split()[-1])


def _write(root: Path, count: int) -> Iterator[None]:
    memory = open_memory(root, "ann", dim=_DIM)
    rex = described(0)
    memory.insert(rex, np.eye(_DIM, dtype=np.float32)[:1])
    for number in range(count):
        yield
        memory.update(rex.object_id, context=str(number))


def _read(root: Path, count: int) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.memory.growth", str(root), "told", str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        next(writer.stdout or iter(()))
        memory = open_memory(root, "ann", dim=_DIM)
        for _, _line in zip(range(count), writer.stdout or (), strict=False):
            yield
            memory.objects()


def _index(root: Path, count: int) -> Iterator[None]:
    library = PhotoLibrary.open(root, profile=fake_profile())
    for number in range(count):
        yield
        photo = solid_scene({"red": (20 + number % 40, 20, 90 + number % 7, 90)})
        if library.index([(str(number % 10), photo)]).indexed != 1:
            raise AssertionError(number)


def _open(root: Path, count: int) -> Iterator[None]:
    """Open memories; all of them are new in the second half only."""
    for number in range(count):
        made = open_memory(root, str(number), dim=_DIM)
        made.insert(described(number), np.eye(_DIM, dtype=np.float32)[:1])
    kept = []
    for number in range(2 * count):
        yield
        kept.append(open_memory(root, str(max(0, number - count)), dim=_DIM))
        if number < count:
            kept.clear()
        else:
            kept[-1].snapshot()


_WAYS = {"writer": _write, "told": _write, "reader": _read, "library": _index, "open": _open}


def _main(root: Path, who: str, count: int) -> None:
    steps = 2 * count if who == "open" else count
    middle = 0.0
    for number, _ in enumerate(_WAYS[who](root, count)):
        if who == "told":
            print(number, flush=True)
        elif number == steps // 2:
            middle = _own_mb()
    print(_own_mb() - middle)


def _own_mb() -> float:
    """Return the RAM of this process without copies of memories."""
    return (rss_mb() or 0.0) - shared_ram_cache().nbytes / 1e6


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
