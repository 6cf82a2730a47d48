"""What a benchmark ran on, and how much RAM it takes."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path


def machine() -> str:
    """Return in one line where this runs."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    libraries = " ".join(f"{name} {version(name)}" for name in ("lancedb", "numpy"))
    return (
        f"{platform.system()} {platform.machine()}, {cores} cores{load}, "
        f"Python {platform.python_version()}, {libraries}"
    )


def rss_mb() -> float | None:
    """Return the RAM that this process has, in MB; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
