"""Remembering a whole folder of photos, on many cores or many machines.

The folder holds a folder for each object, with its photos: ``FOLDER/Biscuit/1.jpg``. Views are
extracted by workers, an object at a time, and each object is stored in one write by the process
that started them. Ids are made from the folders' names, so a run that was interrupted goes on
where it stopped: what is stored already is left out.
"""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.errors import ImageError, InvalidInput, NoObjectFound, ObjectExists
from pekit_agents.images.limits import DEFAULT_LIMITS, ImageLimits
from pekit_agents.introduction.views import MAX_VIEWS, extract_view
from pekit_agents.owner_text import clean_category, clean_context, clean_name
from pekit_agents.profiles import Profile, load_profile
from pekit_agents.types import PersonalObject

if TYPE_CHECKING:
    from pekit_agents.memory import Memory
    from pekit_agents.types import FloatArray

__all__ = [
    "IngestReport",
    "Job",
    "Result",
    "extract_job",
    "find_jobs",
    "ingest",
    "read_metadata",
    "run_in_processes",
]

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic"})
_NAMESPACE = uuid.UUID("6a1f4b8e-5d0c-4c52-9a43-0e6c3a1b7d20")
_COLUMNS = frozenset({"name", "category", "context"})


@dataclass(frozen=True, slots=True)
class Job:
    """One object to remember.

    Attributes:
        object_id: Made from the folder's name.
        name: The folder's name.
        category: What it is.
        context: What is known about it.
        photos: Where its photos are.
        limits: What each of them may weigh.
    """

    object_id: str
    name: str
    category: str
    context: str
    photos: tuple[Path, ...]
    limits: ImageLimits = DEFAULT_LIMITS


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What a worker found.

    Attributes:
        job: Which object.
        vectors: (N, D) float32 unit vectors; N may be 0.
        skipped: The photos that gave no view, and why.
    """

    job: Job
    vectors: FloatArray
    skipped: tuple[tuple[Path, str], ...]


@dataclass(slots=True)
class IngestReport:
    """What became of a folder.

    Attributes:
        stored: The objects that were stored.
        already: How many were stored before.
        skipped: The photos that gave no view, and why.
        failed: The objects that were not stored, and why.
    """

    stored: list[PersonalObject] = field(default_factory=list)
    already: int = 0
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)


Runner = Callable[[Iterable[tuple[Job, "str | Profile"]], int], Iterator[Result]]


def read_metadata(path: Path) -> dict[str, dict[str, str]]:
    """Return what a CSV or JSON file says about the objects, by name.

    Args:
        path: A CSV with the columns name, category and context, or a JSON list of such objects.

    Raises:
        InvalidInput: It cannot be read, or has other columns.
    """
    try:
        text = path.read_text("utf-8-sig")
        rows = (
            json.loads(text)
            if path.suffix.lower() == ".json"
            else list(csv.DictReader(text.splitlines()))
        )
        named = {str(row["name"]): {k: str(v or "") for k, v in row.items()} for row in rows}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise InvalidInput(
            f"expected a CSV or JSON file with name, category and context, found {path}: {exc}"
        ) from exc
    unknown = {key for row in named.values() for key in row} - _COLUMNS
    if unknown:
        raise InvalidInput(f"expected the columns {sorted(_COLUMNS)}, found {sorted(unknown)} too")
    return named


def find_jobs(
    folder: Path, *, category: str, metadata: Mapping[str, Mapping[str, str]] | None = None
) -> list[Job]:
    """Return a job for each folder below ``folder`` that holds photos, by name.

    Args:
        folder: Holds a folder for each object.
        category: What an object is when the metadata do not say.
        metadata: Category and context by the folders' names.

    Raises:
        InvalidInput: There is no such folder, none below it with photos, metadata of an object
            without a folder, or a name or text that cannot be used.
    """
    known = metadata or {}
    if not folder.is_dir():
        raise InvalidInput(f"expected a folder with a folder for each object, found none: {folder}")
    jobs = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        photos = sorted(p for p in place.iterdir() if p.suffix.lower() in _SUFFIXES)
        if photos:
            said = known.get(place.name, {})
            jobs.append(
                Job(
                    object_id=uuid.uuid5(_NAMESPACE, place.name).hex,
                    name=clean_name(place.name),
                    category=clean_category(said.get("category") or category),
                    context=clean_context(said.get("context", "")),
                    photos=tuple(photos),
                )
            )
    missing = set(known) - {path.name for path in folder.iterdir()}
    if missing or not jobs:
        lost = f"none for {sorted(missing)[:5]}" if missing else "none with photos"
        raise InvalidInput(f"expected a folder of photos for each object in {folder}, found {lost}")
    return jobs


def extract_job(
    job: Job, profile: str | Profile, contents: Mapping[Path, bytes] | None = None
) -> Result:
    """Extract the views of one object; runs in a worker.

    Args:
        job: Which object.
        profile: The vision tools; a name is loaded once in each worker.
        contents: The photos themselves, where the worker cannot read the files.
    """
    tools = load_profile(profile) if isinstance(profile, str) else profile
    vectors: list[FloatArray] = []
    skipped: list[tuple[Path, str]] = []
    for photo in job.photos:
        if len(vectors) == MAX_VIEWS:
            skipped.append((photo, f"an object holds at most {MAX_VIEWS} views"))
            continue
        try:
            source = contents[photo] if contents else photo
            view = extract_view(source, job.category, tools, limits=job.limits)
        except (ImageError, NoObjectFound, InvalidInput) as exc:
            skipped.append((photo, str(exc)))
        else:
            vectors.append(view.vector)
    stacked = np.stack(vectors) if vectors else np.zeros((0, tools.encoder.dim), np.float32)
    return Result(job, stacked, tuple(skipped))


def run_in_processes(jobs: Iterable[tuple[Job, str | Profile]], workers: int) -> Iterator[Result]:
    """Yield the results of all jobs as they come, from new processes of this machine."""
    waiting, running = iter(jobs), set[Future[Result]]()
    # Forking would copy a process that has threads.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        while True:
            # A few more than workers, so that none is idle and few are lost by an interruption.
            for job in islice(waiting, 2 * workers - len(running)):
                running.add(pool.submit(extract_job, *job))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)


def ingest(
    memory: Memory,
    jobs: Iterable[Job],
    profile: str | Profile,
    *,
    workers: int = 1,
    run: Runner = run_in_processes,
    limits: ImageLimits | None = None,
    progress: Callable[[Job], None] | None = None,
) -> IngestReport:
    """Remember many objects; those that are remembered already are left out.

    Args:
        memory: Where to store them.
        jobs: What ``find_jobs`` returned.
        profile: The vision tools; for workers on other machines a name.
        workers: How many processes.
        run: How the workers run.
        limits: What a photo may weigh; None for what the jobs say.
        progress: Called after each object, stored or not.

    Raises:
        InvalidInput: ``workers`` is less than 1.
        MemoryStoreError: The memory cannot be written. What was stored is not lost, and the next
            run goes on from there.
    """
    if workers < 1:
        raise InvalidInput(f"expected at least 1 worker, found {workers}")
    report, there = IngestReport(), {obj.object_id for obj in memory.objects()}
    todo = []
    for job in jobs:
        if job.object_id in there:
            report.already += 1
        else:
            todo.append(job if limits is None else replace(job, limits=limits))
    for result in run(((job, profile) for job in todo), workers):
        report.skipped += result.skipped
        _store(memory, result, report)
        if progress is not None:
            progress(result.job)
    return report


def _store(memory: Memory, result: Result, report: IngestReport) -> None:
    job = result.job
    if not len(result.vectors):
        report.failed.append((job.name, "none of its photos gave a view"))
        return
    now = datetime.now(UTC)
    obj = PersonalObject(job.object_id, job.name, job.category, job.context, 0, now)
    try:
        report.stored.append(memory.insert(obj, result.vectors, unique_name=True))
    except ObjectExists as exc:
        report.failed.append((job.name, str(exc)))
