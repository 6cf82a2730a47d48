"""A line for each write that was acknowledged: one of several writers, until it is killed.

Run as ``python -m benchmarks.memory.writer ROOT NUMBER COUNT``.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from benchmarks.memory.objects import SHARED, described, made_up, open_memory


def main() -> None:
    """Write, and print a line for each write that was acknowledged."""
    root, number, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    memory = open_memory(root, "crowd")
    views = next(made_up(1, seed=1000 + number))[0]
    for i in range(count):
        name = f"writer-{number}-{i}"
        memory.insert(dataclasses.replace(described(i), object_id=name), views)
        sys.stdout.write(f"{name}\n")
        memory.append_views(SHARED, views[:1])
        sys.stdout.write(f"{SHARED}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
