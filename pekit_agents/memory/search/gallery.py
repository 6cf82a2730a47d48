"""Searching a memory of very many views where it lies, without a copy of it in RAM."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa

from pekit_agents.memory.place.retry import is_foreign
from pekit_agents.memory.schema import check_schema, searched
from pekit_agents.memory.search.snapshot import build_snapshot
from pekit_agents.memory.search.view_index import take
from pekit_agents.scoring import Cosine, Nearest

if TYPE_CHECKING:
    from lancedb.table import Table
    from numpy.typing import NDArray

    from pekit_agents.memory.search.ram import RamCache
    from pekit_agents.memory.search.snapshot import Snapshot
    from pekit_agents.memory.search.view_index import Hits, ViewIndex
    from pekit_agents.memory.table.transactions import Transactions
    from pekit_agents.scoring import Scorer
    from pekit_agents.types import FloatArray, PersonalObject

_log = logging.getLogger(__name__)

# How many views the index is asked for first; the next time for so many times more.
_FIRST_COUNT, _MORE, _LAST_COUNT = 64, 8, 512
# How many of them are read in full for a region before the others are thought over.
_AT_ONCE = 8
# The index computes its cosines in another order than numpy.
_SLACK = 1e-3
# A view less similar than that is not of the same thing, whatever the rule.
_LEAST_COSINE = 0.0


# For how long an index is used without a look at whether there is a newer one. Any will do: the
# objects' stamps say what of it still holds. Its files stay for longer than this.
_INDEX_GOOD_S = 1.0


class Gallery(Protocol):
    """What a user remembers, as a search sees it."""

    @property
    def categories(self) -> tuple[str, ...]:
        """What the objects are, each category once; empty when nothing is remembered."""
        ...

    @property
    def count(self) -> int:
        """N, how many objects there are."""
        ...

    def nearest(
        self, queries: FloatArray, scorer: Scorer, *, floor: float, ranks: int
    ) -> tuple[Sequence[PersonalObject], Nearest]:
        """Return some objects, and which of them each region speaks for most.

        Args:
            queries: (K, D) float32 unit vectors of the regions.
            scorer: Compares them with the objects.
            floor: Scores up to this one are of no interest.
            ranks: R, how many objects to name for a region.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Catalog:
    """Which objects there are, and which of them the index knows: some bytes for each.

    Attributes:
        table: The table of objects.
        version: Its version.
        indexed: What the index held, to notice when that changes.
        revs: (N,) int64, sorted: the stamps of all objects.
        ids: (N,) uint64: their row ids.
        fresh: (F,) uint64: the row ids of those that are not in the index.
        fresh_views: How many views these have.
        categories: Each category once.
    """

    table: Table
    version: int
    indexed: NDArray[np.int64]
    revs: NDArray[np.int64]
    ids: NDArray[np.uint64]
    fresh: NDArray[np.uint64]
    fresh_views: int
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Early:
    """What the index was asked before the objects were looked at.

    Attributes:
        indexed: What it held then; the answer is of no use when that has changed.
        hits: Waits for the answer.
    """

    indexed: NDArray[np.int64]
    hits: Callable[[], Hits]


class LargeGallery:
    """A user's memory above the limit for snapshots, always as it is at the time of a call.

    The index proposes views by cosine; the objects that they are of are then scored exactly, from
    all their views. By cosine an object scores as much as its best view, so a region is settled
    when the last view that was proposed for it is less similar than the best object found. By
    another rule the objects of the most similar views are scored, and no others. Objects that are
    not in the index yet are compared one by one: from RAM while they are few.

    Args:
        transactions: The user's.
        index: A handle of its own.
        ram_cache: Where the objects that are not indexed are kept.
        cached_views: How many views of these may be there.
    """

    def __init__(
        self,
        transactions: Transactions,
        index: ViewIndex,
        *,
        ram_cache: RamCache,
        cached_views: int,
    ) -> None:
        self._transactions, self._index = transactions, index
        self._ram_cache, self._key = ram_cache, ram_cache.key_for(self)
        self._cached_views = cached_views
        self._catalog: _Catalog | None = None
        self._index_good_until = 0.0

    @property
    def categories(self) -> tuple[str, ...]:
        """What the objects are, each category once."""
        return self._transactions.read(
            lambda table: () if table is None else self._current(table).categories
        )

    @property
    def count(self) -> int:
        """N, how many objects there are."""
        return self._transactions.read(
            lambda table: 0 if table is None else len(self._current(table).revs)
        )

    def nearest(
        self, queries: FloatArray, scorer: Scorer, *, floor: float, ranks: int
    ) -> tuple[Sequence[PersonalObject], Nearest]:
        """Return the objects that were compared, and which each region speaks for most.

        By cosine the best one is exact; all others are the best among those that the index
        proposed.

        Args:
            queries: (K, D) float32 unit vectors of the regions.
            scorer: Compares them with the objects.
            floor: Scores up to this one are of no interest.
            ranks: R, how many objects to name for a region.

        Raises:
            MemoryStoreError: The memory cannot be read.
        """
        early = self._begin(queries, _above(scorer, floor))

        def search(table: Table | None) -> _Best:
            best = _Best(queries, scorer, floor, ranks)
            if table is not None and len(queries):
                catalog = self._current(table)
                for snapshot in self._fresh(table, catalog):
                    best.look_at(snapshot)
                if len(catalog.indexed):
                    self._look_up(table, catalog, best, early)
            return best

        best = self._transactions.read(search)
        return best.objects, best.nearest

    def drop(self) -> None:
        """Let go of what is kept in RAM."""
        self._catalog = None
        self._ram_cache.drop(self._key)

    def _current(self, table: Table) -> _Catalog:
        old = self._catalog
        if (
            old is not None
            and old.table is table
            and old.version == int(table.version)
            and time.monotonic() < self._index_good_until
        ):
            return old
        self._index_good_until = time.monotonic() + _INDEX_GOOD_S
        if old is None or old.table is not table:
            self._index.reset()  # may be that of a memory which was forgotten
        indexed = self._index.revs()
        if (
            old is None
            or old.table is not table
            or old.version != int(table.version)
            or old.indexed is not indexed
        ):
            self.drop()
            check_schema(table.schema, self._transactions.schema, self._transactions.place)
            self._catalog = old = _read_catalog(table, indexed)
        return old

    def _fresh(self, table: Table, catalog: _Catalog) -> Iterator[Snapshot]:
        batches = take(table, catalog.fresh, searched(table.schema))
        if catalog.fresh_views > self._cached_views:
            for batch in batches:
                yield build_snapshot(pa.Table.from_batches([batch]), catalog.version)
            return
        kept: Snapshot | None = self._ram_cache.get(self._key)
        if kept is None and len(catalog.fresh):
            kept = build_snapshot(pa.Table.from_batches(batches), catalog.version)
            self._ram_cache.put(self._key, kept)
        if kept is not None:
            yield kept

    def _begin(self, queries: FloatArray, above: float) -> _Early | None:
        """Ask the index while it is seen to that what is known of the objects still holds."""
        catalog = self._catalog
        if catalog is None or not len(catalog.indexed) or not len(queries):
            return None
        hits = self._index.search_early(queries, _FIRST_COUNT, above=above - _SLACK)
        return None if hits is None else _Early(catalog.indexed, hits)

    def _look_up(self, table: Table, catalog: _Catalog, best: _Best, early: _Early | None) -> None:
        try:
            self._ask_index(table, catalog, best, early)
        except Exception as exc:
            if not is_foreign(exc):
                raise
            # Dropped meanwhile, or damaged: it is made from the objects, which are all there.
            _log.warning("searching %s without its index: %s", self._transactions.place, exc)
            self._index.reset()
            indexed = np.setdiff1d(catalog.ids, catalog.fresh, assume_unique=True)
            for batch in take(table, indexed, searched(table.schema)):
                best.look_at(build_snapshot(pa.Table.from_batches([batch]), catalog.version))

    def _ask_index(
        self, table: Table, catalog: _Catalog, best: _Best, early: _Early | None
    ) -> None:
        looked_at = np.zeros(len(catalog.revs), bool)
        pending, count = np.arange(len(best.queries)), _FIRST_COUNT
        exact = best.by_cosine
        while len(pending) and count <= _LAST_COUNT:
            if early is not None and early.indexed is catalog.indexed:
                hits = early.hits()
            else:
                above = float(best.settled[pending].min()) - _SLACK
                hits = self._index.search(best.queries[pending], count, above=above)
            early = None
            regions = pending[hits.regions]
            at = np.minimum(np.searchsorted(catalog.revs, hits.revs), len(catalog.revs) - 1)
            alive = catalog.revs[at] == hits.revs
            while True:
                hopeful = alive & ~looked_at[at] & (hits.cosines + _SLACK > best.settled[regions])
                chosen = at[_best_few(regions, hits.cosines, hopeful, _AT_ONCE if exact else count)]
                if not len(chosen):
                    break
                looked_at[chosen] = True
                ids = catalog.ids[np.unique(chosen)]
                for batch in take(table, ids, searched(table.schema)):
                    best.look_at(build_snapshot(pa.Table.from_batches([batch]), catalog.version))
            if not exact:
                return
            last = np.full(len(best.queries), np.inf)
            np.minimum.at(last, regions, hits.cosines)
            full = np.bincount(regions, minlength=len(last))[pending] == count
            pending = pending[full & (last > best.settled)[pending]]
            count *= _MORE


def _above(scorer: Scorer, floor: float) -> float:
    """Return the cosine that a view must have to be proposed."""
    return floor if isinstance(scorer, Cosine) else _LEAST_COSINE


def _best_few(
    regions: NDArray[np.int64], cosines: FloatArray, which: NDArray[np.bool_], most: int
) -> NDArray[np.int64]:
    """Return the indices of the ``most`` most similar hits of each region, among ``which``."""
    (found,) = np.nonzero(which)
    found = found[np.lexsort((-cosines[found], regions[found]))]
    first = np.searchsorted(regions[found], regions[found])  # where its region begins
    return found[np.arange(len(found)) - first < most]


class _Best:
    """The best object so far for each region, over any number of snapshots."""

    def __init__(self, queries: FloatArray, scorer: Scorer, floor: float, ranks: int) -> None:
        self.queries, self.by_cosine = queries, isinstance(scorer, Cosine)
        self.objects: list[PersonalObject] = []
        self.nearest = Nearest.nothing(len(queries), ranks)
        self._scorer, self._floor, self._ranks = scorer, floor, ranks

    @property
    def settled(self) -> FloatArray:
        """(K,) float32: the cosine above which a view is of interest."""
        if not self.by_cosine:
            return np.full(len(self.queries), _LEAST_COSINE, np.float32)
        return np.maximum(self.nearest.scores[:, 0], np.float32(self._floor))

    def look_at(self, snapshot: Snapshot) -> None:
        objects, found = snapshot.nearest(
            self.queries, self._scorer, floor=self._floor, ranks=self._ranks
        )
        # Only those that were found are kept, or a long look would gather all objects.
        used, places = np.unique(found.objects, return_inverse=True)
        names = [objects[i] for i in used if i >= 0]
        hidden = len(used) - len(names)  # 1 where some region has no object
        places = places.reshape(found.objects.shape) - hidden
        compact = replace(found, objects=np.where(found.objects < 0, -1, places))
        self.nearest = self.nearest.or_better(compact, offset=len(self.objects))
        self.objects.extend(names)


def _read_catalog(table: Table, indexed: NDArray[np.int64]) -> _Catalog:
    columns = ["rev", "n_views", "category"]
    rows = table.search().select(columns).with_row_id(True).to_arrow().sort_by("rev")
    revs, ids = rows["rev"].to_numpy(), rows["_rowid"].to_numpy()
    fresh = ~np.isin(revs, indexed)
    return _Catalog(
        table=table,
        version=int(table.version),
        indexed=indexed,
        revs=revs,
        ids=ids,
        fresh=ids[fresh],
        fresh_views=int(rows["n_views"].to_numpy()[fresh].sum()),
        categories=tuple(rows["category"].unique().to_pylist()),
    )
