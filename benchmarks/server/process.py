"""``served``: a server in a process of its own, and what it takes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from pekit_agents.errors import PeKitError

__all__ = ["Served", "served"]

_PATIENCE = 60.0  # seconds until it is ready
_URL = re.compile(r"Console: +(http://\S+?)/\s")


@dataclass
class Served:
    """A server that runs.

    Attributes:
        url: Where.
        shown_after: Seconds from typing until the first page was answered.
        ready_after: Seconds from typing until a photo could be searched.
        pid: Its process.
    """

    url: str
    pid: int
    shown_after: float = 0.0
    ready_after: float = 0.0
    said: list[str] = field(default_factory=list)

    @property
    def rss_mb(self) -> float:
        """Return the RAM of the process, in MB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def served(memory: Path, *options: str) -> Iterator[Served]:
    """Run ``pekit serve`` at a free port until the block ends.

    Raises:
        PeKitError: It does not start.
    """
    begun = time.perf_counter()
    command = [sys.executable, "-m", "pekit_agents", "serve", "--memory", str(memory)]
    process = subprocess.Popen(
        [*command, "--port", "0", "--no-log-requests", *options],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said: list[str] = []
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            if found := _URL.search(line):
                break
        else:
            raise PeKitError(f"expected a server that starts, found: {''.join(said)}")
        rest = threading.Thread(target=said.extend, args=(process.stderr,), daemon=True)
        rest.start()  # or the pipe fills, and the server waits
        server = Served(found[1], process.pid, said=said)
        server.shown_after = _answered(f"{server.url}/healthz", begun)
        server.ready_after = _answered(f"{server.url}/readyz", begun)
        yield server
    finally:
        process.terminate()
        process.wait(60)


def _answered(url: str, begun: float) -> float:
    while time.perf_counter() < begun + _PATIENCE:
        try:
            if httpx2.get(url, timeout=5).status_code == 200:
                return time.perf_counter() - begun
        except httpx2.TransportError:
            pass
        time.sleep(0.02)
    raise PeKitError(f"expected an answer of {url} within {_PATIENCE:g} seconds, found none")
