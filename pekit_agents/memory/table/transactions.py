"""Reading and writing one user's table while other threads and processes do the same."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from pekit_agents.errors import MemoryStoreError
from pekit_agents.memory.place.place import require_files
from pekit_agents.memory.place.retry import store_error, with_retries
from pekit_agents.memory.place.session import check_process
from pekit_agents.memory.table import maintenance
from pekit_agents.memory.table.table import TableHandle
from pekit_agents.memory.table.unpurged import Unpurged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa
    from lancedb.table import Table

    from pekit_agents.memory.place.folder import FolderPlace
    from pekit_agents.memory.place.place import Place
    from pekit_agents.memory.search.index_refresh import IndexRefresh
    from pekit_agents.types import PersonalObject

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Transactions:
    """Runs operations on the newest version of a table, again when others got in the way.

    An operation may be run several times. Every method raises ``MemoryStoreError`` when LanceDB
    or the disk fails, and ``WriteConflict`` when other writers won every time.
    """

    def __init__(
        self,
        place: Place,
        schema: pa.Schema,
        *,
        index: IndexRefresh | None = None,
        sweep: Callable[[Table], None] | None = None,
    ) -> None:
        """Open nothing yet.

        Args:
            place: Where the table lies.
            schema: Its columns.
            index: Keeps what is derived from the table in step with it; None if nothing is.
            sweep: Removes what lies beside the table about rows that are gone; it is called
                whenever bytes are removed.
        """
        self.place = place
        self.schema = schema
        # Two handles, so that a search never waits for a slow write of another thread.
        self._reader, self._writer = TableHandle(place, schema), TableHandle(place, schema)
        self._reading, self._writing = threading.Lock(), threading.Lock()
        self._index, self._sweep = index, sweep
        # Where there are none, somebody else keeps the table small and removes old bytes.
        self._files = place.files

    def read(self, operation: Callable[[Table | None], _T]) -> _T:
        """Return what ``operation`` returns for the table; it gets None before the first write.

        Operations of several threads run one after the other.
        """
        check_process()  # before a lock that a thread of the parent may have held
        with self._reading:
            return with_retries(
                lambda: operation(self._reader.latest()),
                doing="read",
                place=self.place,
                reset=self._reader.reset,
            )

    def commit(self, operation: Callable[[Table], _T]) -> _T:
        """Run an ``operation`` that changes the table, and compact when that is due."""
        files = self._files
        if files is None:
            check_process()
            with self._writing:
                return self._write(operation)
        due = False

        def watched(table: Table) -> _T:
            nonlocal due
            before = int(table.version)
            result = operation(table)
            due = maintenance.is_due(table, since=before)
            return result

        with self._locked(files):
            result = self._write(watched)
            if due:
                self._try(lambda: self._compact(files))
        if due:
            self._refresh()
        return result

    def erase(
        self,
        change: Callable[[Table, bool], _T],
        *,
        check: Callable[[Table], object] | None = None,
        forgotten: PersonalObject | None = None,
        purge: bool = True,
    ) -> _T:
        """Run ``change`` and remove all bytes of what it deleted or replaced.

        At a ``db://`` URI the bytes stay for as long as the service keeps old versions.

        Args:
            change: Gets the table, and whether it is certain that nobody else is writing.
            check: Runs before; raises what speaks against it, and nothing is written then.
            forgotten: The object that ``change`` deletes; noted until its bytes are gone.
            purge: False leaves the bytes to the next write, whoever's it is.

        Raises:
            MemoryStoreError: Also where the change is done and bytes are left, which it says.
        """
        files = self._files
        if files is None:
            check_process()
            with self._writing:
                if check is not None:
                    self._write(check)
                return self._write(lambda table: change(table, False))
        with self._locked(files) as alone:
            if check is not None:
                self._write(check)

            def mark_and_change(table: Table) -> _T:
                Unpurged(files).put(forgotten)
                return change(table, alone)

            result = self._write(mark_and_change)
            if purge:
                try:
                    self._purge(files, alone=alone)
                except MemoryStoreError as exc:
                    raise _bytes_left(exc, self.place) from exc
        self._refresh()
        return result

    def forgotten(self) -> list[PersonalObject]:
        """Return what was forgotten and is still on the disk, because erasing was interrupted."""
        return [] if self._files is None else Unpurged(self._files).objects()

    def finish(self) -> bool:
        """Remove the bytes that an interrupted or failed erasure left; return if there were any."""
        if self._files is None or not Unpurged(self._files).stands():
            return False
        self.purge()
        return True

    def purge(self) -> None:
        """Remove all bytes that are in no object as it is now.

        Raises:
            InvalidInput: The table is at a ``db://`` URI.
        """
        files = require_files(self.place, "Removing replaced bytes")
        if self.read(lambda table: table is not None):
            with self._locked(files) as alone:
                Unpurged(files).put()
                try:
                    self._purge(files, alone=alone)
                except MemoryStoreError as exc:
                    raise _bytes_left(exc, self.place) from exc
            self._refresh()

    def compact(self) -> None:
        """Merge small files, remove old versions, and bring the index up to date.

        Raises:
            InvalidInput: The table is at a ``db://`` URI.
        """
        files = require_files(self.place, "Optimizing a memory")
        if self.read(lambda table: table is not None):
            with self._locked(files):
                self._compact(files)
            if self._index is not None:
                self._index.refresh(at_once=True)

    def _write(self, operation: Callable[[Table], _T]) -> _T:
        return with_retries(
            lambda: operation(self._writer.latest_or_new()),
            doing="written",
            place=self.place,
            reset=self._writer.reset,
        )

    @contextmanager
    def _locked(self, files: FolderPlace) -> Iterator[bool]:
        check_process()
        with self._writing:
            try:
                with files.writing_lock() as alone:
                    if Unpurged(files).stands():
                        self._try(lambda: self._purge(files, alone=alone))
                    yield alone
            except OSError as exc:
                raise store_error(exc, doing="written", place=self.place) from exc

    def _refresh(self) -> None:
        if self._index is not None:
            self._try(self._index.refresh)

    def _compact(self, files: FolderPlace) -> None:
        self._write(lambda table: maintenance.compact(table, files))

    def _purge(self, files: FolderPlace, *, alone: bool) -> None:
        def purge(table: Table) -> None:
            if self._sweep is not None:
                self._sweep(table)
            if self._index is not None:
                self._index.drop()
            maintenance.purge(table, files, alone=alone)
            Unpurged(files).remove()

        self._write(purge)

    def _try(self, task: Callable[[], None]) -> None:
        # A write that has landed, or could, must not fail for the housekeeping around it.
        try:
            task()
        except MemoryStoreError as exc:
            _log.warning("maintenance of %s was put off: %s", self.place, exc)


def _bytes_left(exc: MemoryStoreError, place: Place) -> MemoryStoreError:
    return MemoryStoreError(
        f"It is done: what was to go is gone from the memory in {place}. But bytes of it are still "
        f"on disk, and erasing them is still to do: {exc} The next write to this memory finishes "
        "it, and so does repeating this or a purge."
    )
