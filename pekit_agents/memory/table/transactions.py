"""Reading and writing one user's table while other threads and processes do the same."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from pekit_agents.errors import MemoryStoreError
from pekit_agents.memory.place.cloud import as_cloud, require_files
from pekit_agents.memory.place.forgetting import finish_forgetting
from pekit_agents.memory.place.locking import writing_turn
from pekit_agents.memory.place.retry import insist, store_error
from pekit_agents.memory.table import maintenance
from pekit_agents.memory.table.table import TableHandle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pyarrow as pa
    from lancedb.table import Table

    from pekit_agents.memory.search.index_upkeep import Upkeep

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Transactions:
    """Runs operations on the newest version of a table, again when others got in the way.

    An operation may be run several times. Every method raises ``MemoryStoreError`` when LanceDB
    or the disk fails, and ``WriteConflict`` when other writers won every time.
    """

    def __init__(self, folder: Path, schema: pa.Schema, *, upkeep: Upkeep | None = None) -> None:
        """Open nothing yet.

        Args:
            folder: Where the table lies.
            schema: Its columns.
            upkeep: Keeps what is derived from the table in step with it; None if nothing is.
        """
        self.folder = folder
        self.schema = schema
        # Two handles, so that a search never waits for a slow write of another thread.
        self._reader, self._writer = TableHandle(folder, schema), TableHandle(folder, schema)
        self._reading, self._writing = threading.Lock(), threading.Lock()
        self._upkeep = upkeep
        # There the service looks after the files: none of them can be reached from here.
        self._in_cloud = as_cloud(folder) is not None
        # Stands from before an object is gone until its bytes are.
        self._unpurged = folder / "unpurged"

    def read(self, operation: Callable[[Table | None], _T]) -> _T:
        """Return what ``operation`` returns for the table; it gets None before the first write.

        Operations of several threads run one after the other.
        """
        with self._reading:
            return insist(
                lambda: operation(self._reader.latest()),
                doing="read",
                folder=self.folder,
                reset=self._reader.reset,
            )

    def commit(self, operation: Callable[[Table], _T]) -> _T:
        """Run an ``operation`` that changes the table, and compact when that is due."""
        if self._in_cloud:
            with self._writing:
                return self._write(operation)
        due = False

        def watched(table: Table) -> _T:
            nonlocal due
            before = int(table.version)
            result = operation(table)
            due = maintenance.is_due(table, since=before)
            return result

        with self._turn():
            result = self._write(watched)
            if due:
                self._try(self._compact)
        if due:
            self._refresh()
        return result

    def erase(
        self,
        change: Callable[[Table, bool], _T],
        *,
        check: Callable[[Table], object] | None = None,
        purge: bool = True,
    ) -> _T:
        """Run ``change`` and remove all bytes of what it deleted or replaced.

        At a ``db://`` URI the bytes stay for as long as the service keeps old versions.

        Args:
            change: Gets the table, and whether it is certain that nobody else is writing.
            check: Runs before; raises what speaks against it, and nothing is written then.
            purge: False leaves the bytes to the next write, whoever's it is.
        """
        if self._in_cloud:
            with self._writing:
                if check is not None:
                    self._write(check)
                return self._write(lambda table: change(table, False))
        with self._turn() as alone:
            if check is not None:
                self._write(check)

            def mark_and_change(table: Table) -> _T:
                self._unpurged.touch()
                return change(table, alone)

            result = self._write(mark_and_change)
            if purge:
                self._purge(alone=alone)
        self._refresh()
        return result

    def purge(self) -> None:
        """Remove all bytes that are in no object as it is now.

        Raises:
            InvalidInput: The table is at a ``db://`` URI.
        """
        require_files(self.folder, "Removing replaced bytes")
        if self.read(lambda table: table is not None):
            with self._turn() as alone:
                self._unpurged.touch()
                self._purge(alone=alone)
            self._refresh()

    def compact(self) -> None:
        """Merge small files, remove old versions, and bring the index up to date.

        Raises:
            InvalidInput: The table is at a ``db://`` URI.
        """
        require_files(self.folder, "Optimizing a memory")
        if self.read(lambda table: table is not None):
            with self._turn():
                self._compact()
            if self._upkeep is not None:
                self._upkeep.refresh(at_once=True)

    def _write(self, operation: Callable[[Table], _T]) -> _T:
        return insist(
            lambda: operation(self._writer.latest_or_new()),
            doing="written",
            folder=self.folder,
            reset=self._writer.reset,
        )

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        with self._writing:
            try:
                finish_forgetting(self.folder)
                self.folder.mkdir(parents=True, exist_ok=True)
                with writing_turn(self.folder / "lock") as alone:
                    if self._unpurged.exists():
                        self._try(lambda: self._purge(alone=alone))
                    yield alone
            except OSError as exc:
                raise store_error(exc, doing="written", folder=self.folder) from exc

    def _refresh(self) -> None:
        if self._upkeep is not None:
            self._try(self._upkeep.refresh)

    def _compact(self) -> None:
        self._write(lambda table: maintenance.compact(table, self._writer.files))

    def _purge(self, *, alone: bool) -> None:
        def purge(table: Table) -> None:
            if self._upkeep is not None:
                self._upkeep.drop()
            maintenance.purge(table, self._writer.files, alone=alone)
            self._unpurged.unlink(missing_ok=True)

        self._write(purge)

    def _try(self, task: Callable[[], None]) -> None:
        # A write that has landed, or could, must not fail for the housekeeping around it.
        try:
            task()
        except MemoryStoreError as exc:
            _log.warning("maintenance of %s was put off: %s", self.folder, exc)
