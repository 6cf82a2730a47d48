"""What an ingestion does with each object: ``Ingestion`` asks for what is new and stores it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.errors import MemoryStoreError, ObjectExists, ObjectNotFound, PeKitError
from pekit_agents.images.leaving_out import leaving_out
from pekit_agents.images.loading import describe_source, read_image
from pekit_agents.introduction.storing import store_more, store_new
from pekit_agents.memory.changes import duplicates
from pekit_agents.memory.records import view_id_of
from pekit_agents.types import PersonalObject
from pekit_agents.wording.spelling import name_key

if TYPE_CHECKING:
    from pekit_agents.introduction.jobs import Job, Result, Taken
    from pekit_agents.memory import Memory
    from pekit_agents.memory.records import MemoryRecord
    from pekit_agents.scoring import Discriminant
    from pekit_agents.types import FloatArray

__all__ = ["IngestReport", "Ingestion"]


@dataclass(slots=True)
class IngestReport:
    """What became of a folder.

    Attributes:
        stored: The objects that are new, with advice on their photos.
        added: The objects that got more views, with advice on the new photos.
        already: How many were there before, with all of their photos.
        skipped: The files that gave no view, and why.
        failed: The objects that were not stored, and why.
        views: How many views were stored.
    """

    stored: list[PersonalObject] = field(default_factory=list)
    added: list[PersonalObject] = field(default_factory=list)
    already: int = 0
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    views: int = 0


class Ingestion:
    """Says what is to be extracted, and stores what was.

    What the memory held when this began is not taken in again, also if its owner removes it
    while this goes on.

    Args:
        memory: Where to store.
        discriminant: Says whether views are of one thing; None cannot tell outliers.
        keep_crops: Whether each view comes with a crop of its photo.
        most: How many views an object holds.
        progress: Called after each object, stored or not.

    Attributes:
        report: What became of the objects so far.
    """

    def __init__(
        self,
        memory: Memory,
        discriminant: Discriminant | None,
        *,
        keep_crops: bool,
        most: int,
        progress: Callable[[Job], None] | None,
    ) -> None:
        self.report = IngestReport()
        self._memory, self._discriminant = memory, discriminant
        self._keep_crops, self._most, self._progress = keep_crops, most, progress
        self._there = {obj.object_id: obj for obj in memory.objects()}
        self._named = {name_key(obj.name): obj.object_id for obj in self._there.values()}
        self._names: dict[str, str] = {}  # of the objects of this run, by their keys
        self._held = memory.view_ids()
        #: The views that an object would have of the photos in its folder, by its id.
        self._expected: dict[str, set[str]] = {}

    def ahead(self, jobs: Iterable[Job]) -> Iterator[Job]:
        """Yield the jobs with the photos that are to be extracted; of others the report tells."""
        jobs = list(jobs)
        ids = {each for job in jobs for each in (job.object_id, job.earlier_id)}
        for job in jobs:
            self.report.skipped += job.left_out
            known = next((i for i in (job.object_id, job.earlier_id) if i in self._there), None)
            key = name_key(job.name)
            taken = known is None and (key in self._names or self._named.get(key) in ids)
            if known is None and not taken:
                known = self._named.get(key)  # it came in another way, or its folder had its name
            if job.problem:
                self.report.failed.append((job.name, job.problem))
            elif not job.photos:
                pass
            elif taken:
                name = self._names.get(key) or self._there[self._named[key]].name
                self.report.failed.append((job.name, _TAKEN.format(name)))
            elif known is not None:
                self._names[key] = job.name
                more = self._new_photos(replace(job, object_id=known))
                if more is not None:
                    yield more
                    continue
                self.report.already += 1
            else:
                self._names[key] = job.name
                yield replace(job, keep_crops=self._keep_crops, room=self._most)
                continue
            self._done(job)

    def store(self, result: Result) -> None:
        """Store what the photos of a job gave, or report why not."""
        job = result.job
        self.report.skipped += result.skipped
        try:
            if job.object_id in self._there or self._is_there_by_now(job):
                self._add(result)
            elif result.taken:
                self._store_or_add(result)
            else:
                self.report.failed.append((job.name, "none of its photos gave a view"))
        except MemoryStoreError:
            raise
        except PeKitError as exc:
            self.report.failed.append((job.name, str(exc)))
        self._done(job)

    def _new_photos(self, job: Job) -> Job | None:
        """Return the job with the photos that its object has no view of; None without any."""
        obj, held = self._there[job.object_id], self._held.get(job.object_id, frozenset())
        expected = self._expected.setdefault(job.object_id, set())
        new: list[Path] = []
        for photo in job.photos:
            with leaving_out(partial(self._skip, photo)):
                view_id = view_id_of(job.object_id, read_image(photo, limits=job.limits))
                if view_id not in held | expected:
                    new.append(photo)
                expected.add(view_id)
        room = self._most - obj.n_views
        if room < 1:
            full = f"an object holds at most {self._most} views"
            self.report.skipped += [(photo, full) for photo in new]
            return None
        if not new:
            return None
        return replace(
            job,
            photos=tuple(new),
            category=obj.category,  # its owner may have changed it
            keep_crops=self._keep_crops,
            room=room,
        )

    def _skip(self, photo: Path, why: str) -> None:
        self.report.skipped.append((photo, why))

    def _is_there_by_now(self, job: Job) -> bool:
        """Return whether somebody else has stored the object meanwhile."""
        try:
            self._memory.get(job.object_id)
        except ObjectNotFound:
            return False
        return True

    def _store_or_add(self, result: Result) -> None:
        try:
            self._store_new(result)
        except ObjectExists:
            if not self._is_there_by_now(result.job):
                raise
            self._add(result)

    def _store_new(self, result: Result) -> None:
        job, now = result.job, datetime.now(UTC)
        obj = PersonalObject(job.object_id, job.name, job.category, job.context, 0, now)
        stored = store_new(
            self._memory,
            obj,
            [each.view for each in result.taken],
            self._discriminant,
            view_ids=[each.view_id for each in result.taken],
            names=_called(result.taken),
            replace_same=False,  # somebody else may have stored it, and more of it
        )
        self.report.views += stored.n_views
        self.report.stored.append(stored)

    def _add(self, result: Result) -> None:
        object_id = result.job.object_id
        record = self._memory.get(object_id)
        held = {view.view_id for view in record.views}
        taken = [each for each in result.taken if each.view_id not in held]
        new = self._unnamed(self._not_rejected(taken, record), record)
        if not new:
            self.report.already += 1
            return
        obj = store_more(
            self._memory,
            object_id,
            [each.view for each in new],
            self._discriminant,
            held=record.vectors,
            view_ids=[each.view_id for each in new],
            names=_called(new),
        )
        self.report.views += len(new)
        self.report.added.append(obj)

    def _not_rejected(self, taken: list[Taken], record: MemoryRecord) -> list[Taken]:
        rejected = duplicates(_vectors(taken, record), record.negatives)
        for each, no in zip(taken, rejected, strict=True):
            if no:
                self._skip(each.photo, f"it was said not to be {record.object.name}")
        return [each for each, no in zip(taken, rejected, strict=True) if not no]

    def _unnamed(self, taken: list[Taken], record: MemoryRecord) -> list[Taken]:
        """Return what the object has no view of, once views are known by their photos.

        A view that came in another way, or by an earlier version, has an id that says nothing of
        its photo. It is that photo's from now on, with the details and the crop that it may lack.
        """
        of_photos = self._expected.get(record.object.object_id, set())
        nameless = [i for i, view in enumerate(record.views) if view.view_id not in of_photos]
        named: dict[str, Taken] = {}
        new: list[Taken] = []
        for each in taken:
            same = duplicates(record.vectors[nameless], each.view.vector[None])
            if same.any():
                named[record.views[nameless.pop(int(same.argmax()))].view_id] = each
            else:
                new.append(each)
        if named:
            self._memory.name_views(
                record.object.object_id,
                {old: each.view_id for old, each in named.items()},
                crops=[each.view.crop for each in named.values()],
                details=[each.view.details for each in named.values()],
            )
        return new

    def _done(self, job: Job) -> None:
        if self._progress is not None:
            self._progress(job)


def _called(taken: Sequence[Taken]) -> list[str]:
    """Return what to call photos: the names of their files, with folders where that is needed."""
    names = [describe_source(each.photo) for each in taken]
    return names if len(set(names)) == len(names) else [str(each.photo) for each in taken]


def _vectors(taken: Sequence[Taken], record: MemoryRecord) -> FloatArray:
    """Return (N, D) float32; N may be 0."""
    return np.array([each.view.vector for each in taken]).reshape(-1, record.vectors.shape[1])


_TAKEN = (
    "its name is that of {!r}, which is another object; names that differ in case or in blanks "
    "only are one name: put the photos into one folder, or give one of them another name"
)
