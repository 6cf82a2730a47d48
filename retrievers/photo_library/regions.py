"""Which photos of a library may show something: one matrix product over all their regions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pekit_agents.memory.search.ram import shared_ram_cache
from pekit_agents.retrievers.photo_library.table import to_photos

if TYPE_CHECKING:
    from lancedb.table import Table
    from numpy.typing import NDArray

    from pekit_agents.memory.search.ram import RamCache
    from pekit_agents.retrievers.photo_library.table import Photo
    from pekit_agents.types import FloatArray

__all__ = ["RegionScan"]

#: Photos a read: few enough that as many clips, each of many photos' regions, fit into RAM.
_ROWS = 128


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Some photos.

    Attributes:
        rows: All that is stored of them.
        ends: (P,) int64: where the regions of each end.
        vectors: (R, D) float32: those of ``rows``, not a copy.
    """

    rows: pa.RecordBatch
    ends: NDArray[np.int64]
    vectors: FloatArray

    @property
    def nbytes(self) -> int:
        """How much RAM it takes."""
        return int(self.rows.nbytes + self.ends.nbytes)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class _Copy:
    """All photos, as of one version of a table."""

    table: Table
    version: int
    parts: tuple[_Part, ...]
    nbytes: int


class RegionScan:
    """Compares all regions of a library with something; safe across threads.

    They stay in RAM until the library changes, within the bound that all users'
    memories of the process share. A library above it is read from the disk each time.

    Args:
        ram_cache: Where they stay; None for that of the process.
    """

    def __init__(self, ram_cache: RamCache | None = None) -> None:
        self._ram_cache = shared_ram_cache() if ram_cache is None else ram_cache
        self._key = self._ram_cache.key_for(self)

    def photos(
        self, table: Table, passes: Callable[[FloatArray], NDArray[np.bool_]]
    ) -> Iterator[Photo]:
        """Yield the photos with a region that passes.

        Args:
            table: At the version to search.
            passes: Says for (R, D) float32 unit vectors which of them do, (R,).
        """
        for part in self._parts(table):
            (regions,) = np.nonzero(passes(part.vectors))
            if len(regions):
                which = np.unique(np.searchsorted(part.ends, regions, side="right"))
                yield from to_photos(pa.Table.from_batches([part.rows]).take(which))

    def _parts(self, table: Table) -> Iterator[_Part]:
        version = int(table.version)
        kept = self._ram_cache.get(self._key)
        if isinstance(kept, _Copy) and kept.table is table and kept.version == version:
            yield from kept.parts
            return
        parts: list[_Part] | None = []
        nbytes = 0
        for batch in table.search().to_batches(_ROWS):
            part = _to_part(batch)
            nbytes += part.nbytes
            if nbytes > self._ram_cache.limit_bytes:
                parts = None
            if parts is not None:
                parts.append(part)
            yield part
        if parts is not None:
            self._ram_cache.put(self._key, _Copy(table, version, tuple(parts), nbytes))


def _to_part(batch: pa.RecordBatch) -> _Part:
    lists = batch.column("vectors")
    dim = lists.type.value_type.list_size
    vectors = np.asarray(lists.flatten().flatten().to_numpy(), np.float32).reshape(-1, dim)
    ends = np.cumsum(lists.value_lengths().to_numpy(), dtype=np.int64)
    return _Part(batch, ends, vectors)
