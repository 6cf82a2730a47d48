"""One search in a fresh process: ``python worker.py WORK`` reads its task as JSON, and prints it.

The last line of the output is the result. RAM is the most that was ever resident, in MB.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

Task = dict[str, Any]

_CORES = 2  # that the targets speak of


def photo(task: Task) -> Task:
    """Search one frame as a photo."""
    from pekit_agents import PeKit

    found = PeKit.open(task["memory"]).find(task["source"])
    return {"MB": _peak_mb(), "named": len(found.matches)}


def clip(task: Task) -> Task:
    """Search a clip, and tell how many sampled frames were searched in a second."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:_CORES])
    from pekit_agents import PeKit

    kit: Any = PeKit.open(task["memory"])
    for source in task.get("warm", []):
        kit.find(source)
    began = time.perf_counter()
    timelines = [kit.find_in_video(source, every=task["every"]) for source in task["sources"]]
    taken = time.perf_counter() - began
    sampled = sum(each.sampled for each in timelines)
    return {
        "MB": _peak_mb(),
        "sampled": sampled,
        "a second": sampled / taken,
        "named": sum(len(each.named) for each in timelines),
    }


def _peak_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(each.split()[1]) for each in lines if each.startswith("VmHWM")) / 1e3


if __name__ == "__main__":
    work = {"photo": photo, "clip": clip}[sys.argv[1]]
    print(json.dumps(work(json.load(sys.stdin))))
