"""What Prometheus collects: ``Metrics``, counted for each process or for all that share a port.

No label holds anything of a user: routes are templates such as ``/v1/objects/{object_id}``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from pekit_agents.memory.limits import ram_bytes
from pekit_agents.memory.place.session import shared_session
from pekit_agents.memory.search.ram import shared_ram_cache, shared_view_cache

if TYPE_CHECKING:
    from pekit_agents.server.service import Service
    from pekit_agents.server.work import Work

__all__ = ["Metrics"]

_SHARED = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.005, 0.02, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30)
_STOPS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 5)


class Metrics:
    """Counts requests, and says how much waits.

    Where ``PROMETHEUS_MULTIPROC_DIR`` was set before this was imported, a page speaks for all
    processes that share that folder.

    Args:
        service: What the server works with.
    """

    def __init__(self, service: Service) -> None:
        self._works: dict[str, Work] = {
            "vision": service.vision,
            "clips": service.watching,
            "records": service.records,
        }
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "pekit_requests",
            "Requests that were answered",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "pekit_request_seconds",
            "How long an answer took, to its last byte",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._stops = Histogram(
            "pekit_loop_stop_seconds",
            "How late the event loop came to what was due",
            buckets=_STOPS,
            registry=self._registry,
        )
        self._longest = Gauge(
            "pekit_loop_longest_stop_seconds",
            "How late the event loop ever came to what was due",
            multiprocess_mode="max",
            registry=self._registry,
        )
        self._stopped = 0.0
        self._waiting = Gauge(
            "pekit_work_waiting",
            "Pieces of work that are done or wait",
            ("work",),
            multiprocess_mode="livesum",
            registry=self._registry,
        )
        self._refused = Gauge(
            "pekit_work_refused_total",
            "Pieces of work that were too much for a user or the server",
            ("work", "of"),
            multiprocess_mode="sum",
            registry=self._registry,
        )
        self._kept = Gauge(
            "pekit_kept_bytes",
            "What is kept in RAM within the bound of PEKIT_MEMORY_RAM_MB",
            ("of",),
            multiprocess_mode="livesum",
            registry=self._registry,
        )
        self._bound = Gauge(
            "pekit_kept_bound_bytes",
            "How much may be kept in RAM",
            multiprocess_mode="livesum",
            registry=self._registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def stopped(self, seconds: float) -> None:
        """Count a look at whether the loop turns, and note how much waits and is kept."""
        self._stops.observe(seconds)
        self._stopped = max(self._stopped, seconds)
        self._longest.set(self._stopped)
        self._note()

    def page(self) -> tuple[bytes, str]:
        """Return the page for Prometheus, and its media type."""
        self._note()
        registry = self._registry
        if folder := os.environ.get(_SHARED):
            _leave_out_the_dead(Path(folder))
            registry = CollectorRegistry()
            MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4

    def _note(self) -> None:
        for name, work in self._works.items():
            self._waiting.labels(name).set(work.waiting)
            for of in ("user", "server"):
                self._refused.labels(name, of).set(work.refused[of])
        self._kept.labels("memories and findings").set(shared_ram_cache().nbytes)
        self._kept.labels("pictures").set(shared_view_cache().nbytes)
        self._kept.labels("database").set(shared_session().size_bytes)
        self._bound.set(ram_bytes())


def _leave_out_the_dead(folder: Path) -> None:
    """Forget what waited in processes that are no more; what they counted stays."""
    for path in folder.glob("gauge_live*_*.db"):
        pid = path.stem.rpartition("_")[2]
        if not Path(f"/proc/{pid}").exists() and Path("/proc").exists():
            mark_process_dead(int(pid), str(folder))  # type: ignore[no-untyped-call]
