"""One object's photos as work for somebody: ``Job``, ``extract_job`` and ``Result``.

A job may be split into jobs of one photo each, which other processes do, and put together again:
what ends a process then costs one photo.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from pekit_agents.errors import InvalidInput
from pekit_agents.images.leaving_out import leaving_out
from pekit_agents.images.limits import DEFAULT_LIMITS, ImageLimits
from pekit_agents.images.loading import describe_source, load_photo, read_image
from pekit_agents.introduction.views import MAX_VIEWS, extract_view
from pekit_agents.memory.records import view_id_of
from pekit_agents.owner_text import clean_category, clean_context, clean_name
from pekit_agents.profiles import Profile, load_profile
from pekit_agents.types import Proposal

if TYPE_CHECKING:
    from pekit_agents.types import FloatArray, View

__all__ = [
    "Job",
    "LeftOut",
    "Result",
    "Runner",
    "Taken",
    "Task",
    "Tasks",
    "extract_job",
    "make_job",
    "run_here",
]

#: A photo, or a folder of them, that gave no view, and why.
LeftOut: TypeAlias = tuple[Path, str]


@dataclass(frozen=True, slots=True)
class Job:
    """One object to remember.

    Attributes:
        object_id: Made from the folder's name.
        name: The folder's name.
        category: What it is.
        context: What is known about it.
        photos: Where its photos are.
        left_out: What lies with them and is not read, and why.
        problem: Why it cannot be remembered at all; empty if it can.
        earlier_id: The id that earlier versions made of the name as a Mac writes it.
        keep_crops: Whether each view comes with a crop of its photo.
        room: How many views the object takes.
        limits: What a photo may weigh.
    """

    object_id: str
    name: str
    category: str
    context: str
    photos: tuple[Path, ...]
    left_out: tuple[LeftOut, ...] = ()
    problem: str = ""
    earlier_id: str = ""
    keep_crops: bool = False
    room: int = MAX_VIEWS
    limits: ImageLimits = DEFAULT_LIMITS


def make_job(
    object_id: str,
    name: str,
    photos: Sequence[Path],
    *,
    category: str,
    context: str = "",
    left_out: Sequence[LeftOut] = (),
    earlier_id: str = "",
) -> Job:
    """Return a job with its texts cleaned; one whose texts cannot be used says so itself."""
    problem = ""
    try:
        name.encode()
        texts = (clean_name(name), clean_category(category), clean_context(context))
    except InvalidInput as exc:
        problem, texts = str(exc), (name, "", "")
    except UnicodeEncodeError:
        problem = "its name is no text in Unicode; rename it"
        texts = (name.encode(errors="backslashreplace").decode(), "", "")
    return Job(object_id, *texts, tuple(photos), tuple(left_out), problem, earlier_id)


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """What one photo gave.

    Attributes:
        photo: Where it is.
        view_id: Made from its content.
        view: The view, with its region's box and without the region's mask.
    """

    photo: Path
    view_id: str
    view: View


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What a worker found.

    Attributes:
        job: Which object.
        taken: What its photos gave, in their order; may be nothing.
        skipped: The photos that gave no view, and why.
    """

    job: Job
    taken: tuple[Taken, ...]
    skipped: tuple[LeftOut, ...]

    @property
    def vectors(self) -> FloatArray:
        """(N, D) float32 unit vectors; (0, 0) where there is none."""
        vectors = [each.view.vector for each in self.taken]
        return np.stack(vectors) if vectors else np.zeros((0, 0), np.float32)


#: Does jobs with so many workers, and gives the results as they come.
Runner = Callable[[Iterable[tuple[Job, "str | Profile"]], int], Iterator[Result]]


def extract_job(
    job: Job, profile: str | Profile, contents: Mapping[Path, bytes] | None = None
) -> Result:
    """Extract the views of one object; runs in a worker.

    Args:
        job: Which object.
        profile: The vision tools; a name is loaded once in each worker.
        contents: The photos themselves, where the worker cannot read the files.

    Raises:
        ProfileError: The profile cannot be used, or one of its models cannot be run.
    """
    tools = load_profile(profile) if isinstance(profile, str) else profile
    results: list[Result] = []
    for photo in job.photos:
        if sum(len(result.taken) for result in results) == job.room:
            break
        results.append(_extract(job, photo, tools, contents))
    return _joined(job, results)


def run_here(jobs: Iterable[tuple[Job, str | Profile]], workers: int) -> Iterator[Result]:
    """Yield the results of all jobs from this process, whatever ``workers`` says."""
    del workers
    for job, profile in jobs:
        yield extract_job(job, profile)


def _extract(
    job: Job, photo: Path, tools: Profile, contents: Mapping[Path, bytes] | None
) -> Result:
    taken, skipped = list[Taken](), list[LeftOut]()
    with leaving_out(lambda why: skipped.append((photo, why))):
        data = read_image(photo, limits=job.limits) if contents is None else contents[photo]
        picture = load_photo(data, limits=job.limits, name=describe_source(photo))
        view = extract_view(picture, job.category, tools, keep_crop=job.keep_crops)
        # The region is not stored; its mask may be as large as the photo.
        bare = replace(view, proposal=Proposal(view.proposal.box, view.proposal.score))
        taken.append(Taken(photo, view_id_of(job.object_id, data), bare))
    return Result(job, tuple(taken), tuple(skipped))


def _joined(job: Job, results: Sequence[Result]) -> Result:
    """Return the results of a job's first photos as one; what is beyond them is left out."""
    taken: dict[str, Taken] = {}
    skipped: list[LeftOut] = []
    for result in results:
        skipped += result.skipped
        for each in result.taken:
            first = taken.setdefault(each.view_id, each)
            if first is not each:
                same = describe_source(first.photo)
                skipped.append((each.photo, f"it is the same file as {same}"))
    full = f"an object holds at most {MAX_VIEWS} views"
    skipped += [(photo, full) for photo in job.photos[len(results) :]]
    return Result(job, tuple(taken.values()), tuple(skipped))


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One photo to extract.

    Attributes:
        job: The object with this photo alone.
        profile: The vision tools.
    """

    job: Job
    profile: str | Profile
    _of: _Open

    @property
    def photo(self) -> Path:
        """Which photo."""
        return self.job.photos[0]

    def without(self, why: str) -> Result:
        """Return the result that the photo gives no view."""
        return Result(self.job, (), ((self.photo, why),))


@dataclass(slots=True, eq=False)
class _Open:
    """A job some photos of which are done, under way or ahead."""

    job: Job
    profile: str | Profile
    ahead: deque[Path]
    results: dict[Path, Result] = field(default_factory=dict)
    running: int = 0

    @property
    def has_room(self) -> bool:
        done = sum(len(result.taken) for result in self.results.values())
        return done + self.running < self.job.room


class Tasks:
    """The photos of many jobs, to be done in any order by anybody, and put together by job.

    Args:
        jobs: With at least one photo each; read as they are needed.
    """

    def __init__(self, jobs: Iterable[tuple[Job, str | Profile]]) -> None:
        self._jobs = iter(jobs)
        self._open: list[_Open] = []

    def take(self) -> Task | None:
        """Return the next photo to extract; None while there is none."""
        of = next((each for each in self._open if each.ahead and each.has_room), None)
        if of is None:
            for job, profile in self._jobs:
                of = _Open(job, profile, deque(job.photos))
                self._open.append(of)
                break
            else:
                return None
        of.running += 1
        return Task(replace(of.job, photos=(of.ahead.popleft(),)), of.profile, of)

    def give(self, task: Task, result: Result) -> Iterator[Result]:
        """Note what a photo gave; yields the job's result when that was its last one."""
        of = task._of
        of.running -= 1
        of.results[task.photo] = result
        if of.running or (of.ahead and of.has_room):
            return
        self._open.remove(of)
        done = [of.results[photo] for photo in of.job.photos if photo in of.results]
        yield _joined(of.job, done)
