"""Keeping a user's index in step with the objects, without being asked."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.errors import WriteConflict
from pekit_agents.memory.place.folder import INDEX_PATIENCE_S
from pekit_agents.memory.place.retry import with_retries
from pekit_agents.memory.search.view_index import ViewIndex, holds_more, stamps
from pekit_agents.memory.table.table import TableHandle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa
    from lancedb.table import Table

    from pekit_agents.memory.place.folder import FolderPlace
    from pekit_agents.memory.place.place import Place

# How many views may be missing from the index before it is extended: as a share of the limit,
# or of all views. Until then each search compares them one by one.
_SHARE_OF_LIMIT, _SHARE_OF_VIEWS = 0.1, 0.02


class IndexRefresh:
    """Builds, extends and drops the index of one user; safe across threads and processes.

    It has a lock of its own: reading and writing go on while an index is built, and only
    forgetting waits.

    Args:
        place: Where the user's memory lies.
        schema: Of the user's objects.
        index_above: With more views than this there is an index.
    """

    def __init__(self, place: FolderPlace, schema: pa.Schema, *, index_above: int) -> None:
        self._place, self._index_above = place, index_above
        self._objects, self._index = TableHandle(place, schema), ViewIndex(place, schema)
        self._busy = threading.Lock()

    @classmethod
    def of(cls, place: Place, schema: pa.Schema, *, index_above: int) -> IndexRefresh | None:
        """Return what looks after the index at a place; None where there are no files for it."""
        return None if place.files is None else cls(place.files, schema, index_above=index_above)

    def refresh(self, *, at_once: bool = False) -> None:
        """Bring the index up to date when that is due, unless somebody else is doing so.

        Args:
            at_once: Whether to do so however little has changed, after whoever is doing so.

        Raises:
            WriteConflict: Others held the lock for too long.
            MemoryStoreError: LanceDB or the disk failed.
        """
        try:
            with self._locked(patience_s=INDEX_PATIENCE_S if at_once else 0.0) as alone:
                self._with_retries(lambda: self._refresh(0 if at_once else None, alone=alone))
        except WriteConflict:
            if at_once:
                raise

    def drop(self) -> None:
        """Remove the index and every byte of it; wait for whoever is building it.

        Raises:
            WriteConflict: Others held the lock for too long.
            MemoryStoreError: LanceDB or the disk failed.
        """
        with self._locked(patience_s=INDEX_PATIENCE_S):
            self._with_retries(self._index.drop)

    def _refresh(self, due: int | None, *, alone: bool) -> None:
        objects = self._objects.latest()
        # Well below the limit, so that a user at the limit does not get a new one every day.
        if objects is None or not holds_more(objects, self._index_above // 2):
            if self._index.latest() is not None:
                self._index.drop()
            return
        if not holds_more(objects, self._index_above):
            return
        if due is None:
            views = int(stamps(objects)[1].sum())
            due = int(max(_SHARE_OF_LIMIT * self._index_above, _SHARE_OF_VIEWS * views))
        if self._index.latest() is None or self._index.lag(objects) > due:
            self._index.refresh(objects)
            if not alone:
                self._drop_if_stale(objects)

    def _drop_if_stale(self, objects: Table) -> None:
        # Who forgot an object meanwhile has dropped the index before this one was written.
        objects.checkout_latest()  # type: ignore[no-untyped-call]
        if len(np.setdiff1d(self._index.revs(), stamps(objects)[0])):
            self._index.drop()

    @contextmanager
    def _locked(self, *, patience_s: float) -> Iterator[bool]:
        if not self._busy.acquire(timeout=patience_s):
            raise WriteConflict(f"The index of {self._place} is still being built; try again.")
        try:
            with self._place.index_lock(patience_s=patience_s) as alone:
                yield alone
        finally:
            self._busy.release()

    def _with_retries(self, task: Callable[[], None]) -> None:
        with_retries(task, doing="written", place=self._place, reset=self._reset)

    def _reset(self) -> None:
        self._objects.reset()
        self._index.reset()
