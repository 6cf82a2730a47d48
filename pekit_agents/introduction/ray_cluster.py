"""Running the workers of an ingestion on a Ray cluster, or on a Ray of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from pekit_agents.errors import MissingDependency
from pekit_agents.introduction.folders import extract_job

try:
    import ray
except ImportError as exc:
    raise MissingDependency("Ray is not installed. Type: pip install 'pekit-agents[ray]'") from exc

if TYPE_CHECKING:
    from pekit_agents.introduction.folders import Job, Result
    from pekit_agents.profiles import Profile

__all__ = ["run_on_ray"]


def run_on_ray(jobs: Iterable[tuple[Job, str | Profile]], workers: int) -> Iterator[Result]:
    """Yield the results of all jobs as they come, from tasks of a Ray cluster.

    The cluster is the one that ``ray.init`` or ``RAY_ADDRESS`` names, else a new one of
    ``workers`` cores on this machine. Photos travel with the jobs: the nodes need this package
    and no access to the files.
    """
    own = not ray.is_initialized()
    if own:
        there = {} if "RAY_ADDRESS" in os.environ else {"num_cpus": workers}
        ray.init(log_to_driver=False, **there)
    try:
        task = ray.remote(extract_job)
        waiting, running = iter(jobs), list[Any]()
        while True:
            for job, profile in islice(waiting, 2 * workers - len(running)):
                contents = {photo: photo.read_bytes() for photo in job.photos}
                running.append(task.remote(job, profile, contents))
            if not running:
                return
            done, running = ray.wait(running)
            yield from ray.get(done)
    finally:
        if own:
            ray.shutdown()
