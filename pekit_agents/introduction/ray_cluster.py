"""Running the workers of an ingestion on a Ray cluster, or on a Ray of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pekit_agents.errors import MissingDependency
from pekit_agents.images.leaving_out import leaving_out
from pekit_agents.images.loading import read_image
from pekit_agents.introduction.jobs import Task, Tasks, extract_job

try:
    import ray
    from ray.exceptions import RayError, RayTaskError
except ImportError as exc:
    raise MissingDependency("Ray is not installed. Type: pip install 'pekit-agents[ray]'") from exc

if TYPE_CHECKING:
    from pekit_agents.introduction.jobs import Job, Result
    from pekit_agents.profiles import Profile

__all__ = ["run_on_ray"]

_RETRIES = 1  # a worker may be ended for what another one did, and hardly so twice


def run_on_ray(jobs: Iterable[tuple[Job, str | Profile]], workers: int) -> Iterator[Result]:
    """Yield the results of all jobs as they come, from tasks of a Ray cluster.

    The cluster is the one that ``ray.init`` or ``RAY_ADDRESS`` names, else a new one of
    ``workers`` cores on this machine. Photos travel with the tasks, each alone: the nodes need this
    package and no access to the files. A photo that ends the worker that works on it is left out.
    """
    own = not ray.is_initialized()
    if own:
        there = {} if "RAY_ADDRESS" in os.environ else {"num_cpus": workers}
        ray.init(log_to_driver=False, **there)
    try:
        yield from _on_cluster(Tasks(jobs), workers)
    finally:
        if own:
            ray.shutdown()


def _on_cluster(tasks: Tasks, workers: int) -> Iterator[Result]:
    extract = ray.remote(max_retries=_RETRIES)(extract_job)
    running: dict[Any, Task] = {}
    while True:
        while len(running) < 2 * workers and (task := tasks.take()):
            contents, why = {}, list[str]()
            with leaving_out(why.append):
                contents[task.photo] = read_image(task.photo, limits=task.job.limits)
            if why:
                yield from tasks.give(task, task.without(why[0]))
            else:
                running[extract.remote(task.job, task.profile, contents)] = task
        if not running:
            return
        (done,), _ = ray.wait(list(running))
        task = running.pop(done)
        try:
            result = ray.get(done)
        except RayTaskError:  # raised in the task, which has left out what is wrong with a photo
            raise
        except RayError as exc:
            said = str(exc).partition("\n")[0]
            result = task.without(f"the worker that had it was ended ({said:.200})")
        yield from tasks.give(task, result)
