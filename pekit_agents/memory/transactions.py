"""Reading and writing one user's table while other threads and processes do the same."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from pekit_agents.errors import MemoryStoreError
from pekit_agents.memory import maintenance
from pekit_agents.memory.locking import writing_turn
from pekit_agents.memory.retry import insist, store_error
from pekit_agents.memory.table import TableHandle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pyarrow as pa
    from lancedb.table import Table

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

_COMMITS_BETWEEN_COMPACTIONS = 20


class Transactions:
    """Runs operations on the newest version of a table, again when others got in the way.

    An operation may be run several times. Every method raises ``MemoryStoreError`` when LanceDB
    or the disk fails, and ``WriteConflict`` when other writers won every time.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self.folder = folder
        self.schema = schema
        # Two handles, so that a search never waits for a slow write of another thread.
        self._reader, self._writer = TableHandle(folder, schema), TableHandle(folder, schema)
        self._reading, self._writing = threading.Lock(), threading.Lock()
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
        before = after = 0

        def counted(table: Table) -> _T:
            nonlocal before, after
            before = table.version
            result = operation(table)
            after = table.version
            return result

        with self._turn():
            result = self._write(counted)
            # Counted over all processes: many short ones must not outgrow the disk either.
            if before // _COMMITS_BETWEEN_COMPACTIONS < after // _COMMITS_BETWEEN_COMPACTIONS:
                self._try(self._compact)
        return result

    def erase(self, check: Callable[[Table], object], delete: Callable[[Table], None]) -> None:
        """Run ``check``, then ``delete``, and remove all bytes of the deleted rows."""
        with self._turn() as alone:
            self._write(check)

            def mark_and_delete(table: Table) -> None:
                self._unpurged.touch()
                delete(table)

            self._write(mark_and_delete)
            self._purge(alone=alone)

    def compact(self) -> None:
        """Merge small files, remove old versions and what dead writers left."""
        if self.read(lambda table: table is not None):
            with self._turn():
                self._compact()

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
                self.folder.mkdir(parents=True, exist_ok=True)
                with writing_turn(self.folder / "lock") as alone:
                    if self._unpurged.exists():
                        self._try(lambda: self._purge(alone=alone))
                    yield alone
            except OSError as exc:
                raise store_error(exc, doing="written", folder=self.folder) from exc

    def _compact(self) -> None:
        self._write(lambda table: maintenance.compact(table, self._writer.files))

    def _purge(self, *, alone: bool) -> None:
        def purge(table: Table) -> None:
            maintenance.purge(table, self._writer.files, alone=alone)
            self._unpurged.unlink(missing_ok=True)

        self._write(purge)

    def _try(self, task: Callable[[], None]) -> None:
        # A write that has landed, or could, must not fail for the housekeeping around it.
        try:
            task()
        except MemoryStoreError as exc:
            _log.warning("maintenance of %s was put off: %s", self.folder, exc)
