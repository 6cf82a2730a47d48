"""Several processes that write at once, some of which are killed."""

from __future__ import annotations

import dataclasses
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.memory.objects import SHARED, described, made_up, open_memory
from benchmarks.memory.rows import Row
from pekit_agents.memory import Memory
from pekit_agents.types import PersonalObject

_CLONE = Path(__file__).parents[2]


def crowd_row(root: Path, writers: int, writes: int) -> Row:
    """Let processes write to one user, kill half of them, and count what is wrong afterwards."""
    memory = open_memory(root, "crowd")
    memory.insert(_shared(), next(made_up(1, seed=999))[0][:1])
    command = [sys.executable, "-m", "benchmarks.memory.writer", str(root.resolve())]
    processes = [
        subprocess.Popen(
            [*command, str(number), str(writes)], stdout=subprocess.PIPE, text=True, cwd=_CLONE
        )
        for number in range(writers)
    ]
    for process in processes[: writers // 2]:
        if process.stdout is not None:
            process.stdout.readline()  # it is writing now
        time.sleep(random.uniform(0.0, 0.5))
        process.kill()
    lines = [process.communicate()[0].splitlines() for process in processes]
    failed = [process.returncode for process in processes[writers // 2 :] if process.returncode]
    wrong = _wrong(memory, lines, killed=writers // 2)
    return Row(
        f"{writers} writers, {writers // 2} of them killed: lost, torn, duplicated, failed",
        0,
        sum(wrong.values()) + len(failed),
        f"{wrong}, failed {len(failed)}, of {sum(map(len, lines)):,} writes",
    )


def _wrong(memory: Memory, lines: list[list[str]], *, killed: int) -> dict[str, int]:
    snapshot = memory.snapshot()
    ids = [obj.object_id for obj in snapshot.objects]
    acknowledged = [name for done in lines for name in done]
    shared = memory.get(SHARED)
    appended = acknowledged.count(SHARED)
    torn = 0
    for obj, count in zip(snapshot.objects, np.diff(snapshot.starts), strict=True):
        whole = shared.object.n_views if obj.object_id == SHARED else len(next(made_up(1))[0])
        torn += int(count != obj.n_views or count != whole)
    # The killed may have written once more than they could say.
    views = shared.object.n_views - 1
    return {
        "lost": len(set(acknowledged) - set(ids)) + max(0, appended - views),
        "torn": torn,
        "duplicated": len(ids) - len(set(ids)) + max(0, views - appended - killed),
    }


def _shared() -> PersonalObject:
    return dataclasses.replace(described(0), object_id=SHARED)
