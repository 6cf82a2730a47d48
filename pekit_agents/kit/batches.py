"""Many objects at once: ``PeKit.ingest``, which leaves out what cannot be used and goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pekit_agents.introduction.folders import IngestReport, ingest
from pekit_agents.introduction.jobs import Job, Runner, run_here

if TYPE_CHECKING:
    from pekit_agents.images.loading import ImageLimits
    from pekit_agents.memory import Memory
    from pekit_agents.profiles import Profile

__all__ = ["Batches"]


class Batches:
    """The part of :class:`~pekit_agents.kit.kit.PeKit` that works on many photos."""

    _memory: Memory
    _profile: Profile
    limits: ImageLimits

    def ingest(
        self,
        jobs: Iterable[Job],
        *,
        run: Runner = run_here,
        workers: int = 1,
        progress: Callable[[Job], None] | None = None,
    ) -> IngestReport:
        """Remember many objects, and add new photos to those that are there.

        Views are those that :meth:`remember` and :meth:`add_views` store. What is wrong with a
        photo or an object does not stop the others: the report says what was left out and why.

        Args:
            jobs: Objects with their photos, see
                :func:`pekit_agents.introduction.folders.find_jobs`.
            run: Who extracts the views; by default this process, one photo after the other.
            workers: How many processes, where ``run`` starts some.
            progress: Called after each object, stored or not.

        Raises:
            InvalidInput: ``workers`` is less than 1.
            ProfileError: A model cannot be run.
            MemoryStoreError: The memory cannot be written. What was stored is not lost.
        """
        return ingest(
            self._memory,
            jobs,
            self._profile,
            workers=workers,
            run=run,
            limits=self.limits,
            progress=progress,
        )
