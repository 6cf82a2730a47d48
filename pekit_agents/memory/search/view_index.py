"""The index of a user with very many views: a second table that is made from the first.

Table ``views`` holds each view as a row of its own, ``(rev, vector)``, under an IVF_FLAT index.
``rev`` is the random stamp of the object's row that the view was copied from; every change of an
object replaces its stamp. So a search knows a row that is out of date by its stamp being gone
from the first table, and an object that is not in the index yet by its stamp being missing
here. Whatever state a crash leaves this table in, answers stay right; only speed is lost until
the next refresh.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa
from lancedb.expr import col, lit
from lancedb.index import IvfFlat

from pekit_agents.memory.place.retry import is_foreign
from pekit_agents.memory.schema import dim_of
from pekit_agents.memory.search.event_loop import start, wait_for

if TYPE_CHECKING:
    import lancedb
    from lancedb.table import AsyncTable, Table
    from numpy.typing import NDArray

    from pekit_agents.memory.place.folder import FolderPlace
    from pekit_agents.types import FloatArray

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

#: The most views that one object holds.
MAX_VIEWS = 64
_NAME = "views"
_LAYOUT = "1"
_GRACE = timedelta(seconds=2)
_BATCH_OBJECTS = 512
# Training takes time in proportion to all of these. Measured with a million views.
_VIEWS_PER_PARTITION, _SAMPLE_RATE, _ITERATIONS = 1000, 32, 10
_FEWEST_PARTITIONS = 16
# One partition in so many is visited, the nearest ones, and never fewer than the fewest.
_VISITED_SHARE = 64
# Each extension adds a part to the index, and each part is visited by itself.
_MOST_PARTS = 16
# A larger share of the views to change costs more than beginning anew.
_BULK = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """The views that the index takes to be the most alike to K regions: H in all.

    Attributes:
        regions: (H,) int64: which region each is for.
        revs: (H,) int64: the stamp of the object that it was copied from.
        cosines: (H,) float32 as the index has them: good for an order and no more.
    """

    regions: NDArray[np.int64]
    revs: NDArray[np.int64]
    cosines: FloatArray


class ViewIndex:
    """Table ``views`` of one user; not safe across threads.

    Args:
        place: Where the user's memory lies.
        objects: The schema of the user's objects.
    """

    def __init__(self, place: FolderPlace, objects: pa.Schema) -> None:
        self._place = place
        self._dim = dim_of(objects)
        self._metadata = {**objects.metadata, b"pekit.views": _LAYOUT.encode()}
        self._table: Table | None = None
        self._searched: AsyncTable | None = None  # the same one, for searching
        self._revs: tuple[int, NDArray[np.int64]] | None = None
        self._probes = _FEWEST_PARTITIONS

    def reset(self) -> None:
        """Forget the open table, so that the next use opens it again."""
        self._table = self._searched = self._revs = None

    def latest(self) -> Table | None:
        """Return the table at its newest version; None if there is none that can be used."""
        return self._or_none(self._latest)

    def revs(self) -> NDArray[np.int64]:
        """Return the sorted stamps of the objects whose views are in the table."""
        found = self._or_none(self._read_revs)
        return np.zeros(0, np.int64) if found is None else found

    def _latest(self) -> Table | None:
        if self._table is None:
            self._table = self._opened()
        if self._table is not None:
            self._table.checkout_latest()  # type: ignore[no-untyped-call]
        return self._table

    def _read_revs(self) -> NDArray[np.int64] | None:
        table = self._latest()
        if table is None:
            return None
        version = int(table.version)
        if self._revs is None or self._revs[0] != version:
            found = table.search().select(["rev"]).to_arrow()["rev"]
            self._revs = version, np.unique(found.to_numpy())
            self._searched = None
            self._probes = max(_FEWEST_PARTITIONS, _partitions(len(found)) // _VISITED_SHARE)
        return self._revs[1]

    def _or_none(self, task: Callable[[], _T | None]) -> _T | None:
        # It can always be made anew, so damage to it is no reason to fail.
        try:
            return task()
        except Exception as exc:
            if not is_foreign(exc):
                raise
            _log.warning("the index in %s cannot be used: %s", self._place, exc)
            self.reset()
            return None

    def search(self, queries: FloatArray, count: int, *, above: float) -> Hits:
        """Return the ``count`` views that are most alike to each of the queries.

        Args:
            queries: (K >= 1, D) float32 unit vectors.
            count: How many for each, at most.
            above: Views with a cosine up to this one are left out: nothing is read for them.
        """
        if self._searched is None:
            self._searched = wait_for(self._open_to_search())
        return self._started(self._searched, queries, count, above)()

    def search_early(
        self, queries: FloatArray, count: int, *, above: float
    ) -> Callable[[], Hits] | None:
        """Start a :meth:`search` and return what waits for it, from any thread.

        Returns:
            None where nothing was searched before at this state of the table.
        """
        searched = self._searched
        return None if searched is None else self._started(searched, queries, count, above)

    def _started(
        self, table: AsyncTable, queries: FloatArray, count: int, above: float
    ) -> Callable[[], Hits]:
        query = table.query().nearest_to(queries)
        query = query.distance_type("cosine").distance_range(upper_bound=1 - above)
        query = query.nprobes(self._probes).limit(count).select(["rev", "_distance"])
        answer = start(query.to_arrow())

        def hits() -> Hits:
            found = answer.result()
            one = np.zeros(len(found))  # for one query no column says so
            regions = found["query_index"].to_numpy() if len(queries) > 1 else one
            cosines = 1 - found["_distance"].to_numpy()
            return Hits(regions.astype(np.int64), found["rev"].to_numpy(), cosines)

        return hits

    async def _open_to_search(self) -> AsyncTable:
        connection = await self._place.connect_async()
        return await connection.open_table(_NAME)

    def lag(self, objects: Table) -> int:
        """Return about how many views of ``objects`` would have to change places."""
        live, sizes, _ = stamps(objects)
        have = self.revs()
        gone = len(np.setdiff1d(have, live, assume_unique=True))
        return int(sizes[~np.isin(live, have)].sum() + gone * (sizes.mean() if len(sizes) else 1))

    def refresh(self, objects: Table) -> None:
        """Make the table hold the views of ``objects`` and no others, under a trained index."""
        live, sizes, ids = stamps(objects)
        table = self.latest()
        if table is None or self.lag(objects) > _BULK * sizes.sum():
            self._rebuild(objects)
            return
        have = self.revs()
        missing = ~np.isin(live, have)
        self._extend(
            table,
            gone=np.setdiff1d(have, live, assume_unique=True).tolist(),
            added=self._views(take(objects, ids[missing], ["rev", "views"])),
        )

    def is_there(self) -> bool:
        """Return whether there is anything of it on disk, usable or not."""
        return (self._place.path / f"{_NAME}.lance").exists()

    def drop(self) -> None:
        """Remove the table with all its files, those of interrupted writers included."""
        self.reset()
        if self.is_there():
            self._connect().drop_table(_NAME, ignore_missing=True)  # type: ignore[call-arg]

    def _connect(self) -> lancedb.DBConnection:
        return self._place.connect()

    def _opened(self) -> Table | None:
        if not self.is_there():
            return None
        table = self._connect().open_table(_NAME)
        # One that was made for another encoder or layout is made anew.
        return table if table.schema.metadata == self._metadata else None

    def _schema(self) -> pa.Schema:
        vector = pa.list_(pa.float32(), self._dim)
        fields = [pa.field("rev", pa.int64(), nullable=False), pa.field("vector", vector)]
        return pa.schema(fields, metadata=self._metadata)

    def _rebuild(self, objects: Table) -> None:
        rows = objects.search().select(["rev", "views"]).to_batches(batch_size=_BATCH_OBJECTS)
        self.drop()
        self._train(self._connect().create_table(_NAME, data=self._views(rows)))

    def _extend(self, table: Table, *, gone: Sequence[int], added: pa.RecordBatchReader) -> None:
        if gone:
            table.delete(col("rev").isin([lit(rev) for rev in gone]))
        table.add(added)
        indices = list(table.list_indices())
        parts = table.index_stats(indices[0].name) if indices else None
        if parts is None or (parts.num_indices or 0) >= _MOST_PARTS:
            self._train(table)
        table.optimize(cleanup_older_than=_GRACE)

    def _train(self, table: Table) -> None:
        config = IvfFlat(
            distance_type="cosine",
            num_partitions=_partitions(table.count_rows()),
            sample_rate=_SAMPLE_RATE,
            max_iterations=_ITERATIONS,
        )
        table.create_index("vector", config=config, replace=True)

    def _views(self, rows: Iterator[pa.RecordBatch]) -> pa.RecordBatchReader:
        """Return a row for each view of the objects in ``rows``."""
        schema = self._schema()

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in rows:
                lists = batch.column("views")
                revs = np.repeat(batch.column("rev").to_numpy(), lists.value_lengths().to_numpy())
                vectors = pa.FixedSizeListArray.from_arrays(lists.flatten().flatten(), self._dim)
                yield pa.record_batch([pa.array(revs), vectors], schema=schema)

        return pa.RecordBatchReader.from_batches(schema, batches())


def stamps(
    objects: Table,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint64]]:
    """Return the stamp, the number of views and the row id of each object: (N,) each."""
    rows = objects.search().select(["rev", "n_views"]).with_row_id(True).to_arrow()
    return rows["rev"].to_numpy(), rows["n_views"].to_numpy(), rows["_rowid"].to_numpy()


def holds_more(objects: Table | None, views: int) -> bool:
    """Return whether ``objects`` hold more than a number of views, without reading them."""
    if objects is None or objects.count_rows() * MAX_VIEWS <= views:
        return False
    return int(stamps(objects)[1].sum()) > views


def take(
    objects: Table, ids: NDArray[np.uint64], columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Yield some rows of ``objects`` in batches that fit into RAM whatever their number.

    Args:
        objects: At the version that the row ids are of.
        ids: (N,) row ids.
        columns: Which columns.
    """
    for begin in range(0, len(ids), _BATCH_OBJECTS):
        some = ids[begin : begin + _BATCH_OBJECTS].tolist()
        yield from objects.take_row_ids(some).select(list(columns)).to_arrow().to_batches()


def _partitions(views: int) -> int:
    return max(_FEWEST_PARTITIONS, views // _VIEWS_PER_PARTITION)
