"""What searching and listing read of one user's memory: from RAM while it fits there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pekit_agents.errors import MemoryStoreError
from pekit_agents.memory.schema import check_schema
from pekit_agents.memory.search.gallery import LargeGallery
from pekit_agents.memory.search.ram import shared_ram_cache
from pekit_agents.memory.search.snapshot import build_snapshot
from pekit_agents.memory.search.view_index import ViewIndex, holds_more
from pekit_agents.memory.table.table import find_record, read_objects, read_searched

if TYPE_CHECKING:
    from lancedb.table import Table

    from pekit_agents.memory.search.gallery import Gallery
    from pekit_agents.memory.search.ram import RamCache
    from pekit_agents.memory.search.snapshot import Snapshot
    from pekit_agents.memory.table.transactions import Transactions
    from pekit_agents.types import FloatArray, PersonalObject


_VERSIONS = 2**48  # more than a table comes to


class Reader:
    """Reads one user's memory; safe across threads.

    Args:
        transactions: The user's.
        index_above: With more views than this they are searched by the index.
        ram_cache: Where snapshots are kept; None for that of the process.
    """

    def __init__(
        self, transactions: Transactions, *, index_above: int, ram_cache: RamCache | None = None
    ) -> None:
        ram_cache = shared_ram_cache() if ram_cache is None else ram_cache
        self._transactions, self._ram_cache = transactions, ram_cache
        self._index_above = index_above
        self._key = ram_cache.key_for(self)
        files = transactions.place.files
        self._large = None
        if files is not None:
            self._large = LargeGallery(
                transactions,
                ViewIndex(files, transactions.schema),
                ram_cache=ram_cache,
                cached_views=index_above,
            )
        # Of which table and version what is kept is. A memory that was forgotten and begun anew
        # is another table and counts its versions from 1 again.
        self._table: Table | None = None
        self._replaced = 0  # how often it has been another one
        self._size: tuple[int, bool] = (0, False)  # the version, and whether it is large

    def snapshot(self) -> Snapshot:
        """Return everything remembered, as it is now; kept in RAM until the table changes.

        Raises:
            MemoryStoreError: The memory cannot be read.
        """
        return self._transactions.read(self._snapshot)

    def gallery(self) -> Gallery:
        """Return what to search in: the snapshot, or the index where that would be too large.

        Raises:
            MemoryStoreError: The memory cannot be read, or is too large to search where it lies.
        """

        def choose(table: Table | None) -> Gallery:
            if not self._is_large(table):
                return self._snapshot(table)
            if self._large is None:
                raise MemoryStoreError(
                    f"The memory in {self._transactions.place} cannot be searched: expected at "
                    f"most {self._index_above} views, found more, and there is no index at a "
                    "db:// URI. Set PEKIT_INDEX_ABOVE higher if they fit into RAM, or move the "
                    "memory to a folder or an s3:// URI by an export and an import."
                )
            return self._large

        return self._transactions.read(choose)

    def objects(self) -> tuple[PersonalObject, ...]:
        """Return all objects by ``created_at`` and then ``object_id``.

        Raises:
            MemoryStoreError: The memory cannot be read.
        """

        def read(table: Table | None) -> tuple[PersonalObject, ...]:
            if table is None or not self._is_large(table):
                return self._snapshot(table).objects
            found = read_objects(table)
            return tuple(sorted(found, key=lambda obj: (obj.created_at, obj.object_id)))

        return self._transactions.read(read)

    def vectors_of(self, object_ids: Sequence[str]) -> list[FloatArray]:
        """Return the views of each of some objects, (V, D) float32.

        Raises:
            ObjectNotFound: One of them is not there (any more).
            MemoryStoreError: The memory cannot be read.
        """

        def read(table: Table | None) -> list[FloatArray]:
            if table is None or not self._is_large(table):
                return self._snapshot(table).vectors_of(object_ids)
            return [find_record(table, each).vectors for each in object_ids]

        return self._transactions.read(read)

    def version(self) -> int:
        """Return a number that every change replaces; 0 before the first write.

        It is the table's version as long as it is one table; another one, such as a restored one,
        may come to the same version again.

        Raises:
            MemoryStoreError: The memory cannot be read.
        """

        def read(table: Table | None) -> int:
            self._notice(table)
            return _version(table) + self._replaced * _VERSIONS

        return self._transactions.read(read)

    def drop(self) -> None:
        """Let go of what is kept in RAM."""
        self._ram_cache.drop(self._key)
        if self._large is not None:
            self._large.drop()

    def _snapshot(self, table: Table | None) -> Snapshot:
        self._notice(table)
        version = _version(table)
        snapshot: Snapshot | None = self._ram_cache.get(self._key)
        if snapshot is None or snapshot.version != version:
            schema = self._transactions.schema
            rows = schema.empty_table() if table is None else read_searched(table)
            if table is not None:  # somebody may have embedded the memory anew
                check_schema(table.schema, schema, self._transactions.place)
            snapshot = build_snapshot(rows, version)
            self._ram_cache.put(self._key, snapshot)
        return snapshot

    def _is_large(self, table: Table | None) -> bool:
        self._notice(table)
        version = _version(table)
        if self._size[0] != version:
            self._size = version, holds_more(table, self._index_above)
        return self._size[1]

    def _notice(self, table: Table | None) -> None:
        if table is not self._table:
            self._replaced += self._table is not None
            self._table, self._size = table, (0, False)
            self.drop()


def _version(table: Table | None) -> int:
    return 0 if table is None else int(table.version)
