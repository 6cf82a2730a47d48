"""The LanceDB table of one user: opening it, bringing its layout up to date, and its commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from lancedb.expr import col, lit

from pekit_agents.errors import MemoryStoreError, ObjectNotFound
from pekit_agents.memory.records import to_records, to_rows
from pekit_agents.memory.schema import (
    BASED_ON,
    SCHEMA_VERSION,
    check_layout,
    check_schema,
    encoder_of,
    is_current,
    only_adds,
    searched,
    table_schema,
    to_objects,
    with_nulls,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lancedb.expr import Expr
    from lancedb.table import Table

    from pekit_agents.memory.place.place import Place
    from pekit_agents.memory.records import MemoryRecord
    from pekit_agents.types import PersonalObject

_UNCHANGED = f"target.rev = source.{BASED_ON[SCHEMA_VERSION]}"
_BATCH = 64  # rows at a time, which may hold crops


class TableHandle:
    """The table of one user, opened when it is first needed; not safe across threads."""

    def __init__(self, place: Place, schema: pa.Schema) -> None:
        self.place = place
        self.schema = schema
        self._open: tuple[Table, object] | None = None

    def latest(self) -> Table | None:
        """Return the table at its newest version; None before the first write.

        It is another object whenever it may be another table, made after the user was forgotten.
        """
        if self._open is not None and self.place.refresh(*self._open):
            return self._open[0]
        self._open = None
        opened = self.place.open_table()
        if opened is not None:
            self._checked(opened[0])
            self._open = opened
        return None if self._open is None else self._open[0]

    def latest_or_new(self) -> Table:
        """Return the table for writing: created if there is none, upgraded if it is older.

        Only for the holder of the writing lock: an upgrade overwrites the table.
        """
        if self.latest() is None:
            self.place.create_table(self.schema)
        # Another process may have been faster, with another encoder: this checks it.
        table = self._written()
        if not is_current(table.schema, self.schema):
            rewrite(self.place, self.schema, current_batches(table, self.schema))
            table = self._written()
        return table

    def _written(self) -> Table:
        table = self.latest()
        if table is None:
            raise MemoryStoreError(f"The memory in {self.place} went away while it was opened.")
        return self._checked(table)

    def reset(self) -> None:
        """Forget the open table, so that the next use opens it again."""
        self._open = None

    def _checked(self, table: Table) -> Table:
        check_schema(table.schema, self.schema, self.place)
        return table


def stored_encoder(place: Place) -> tuple[str, int] | None:
    """Return the id and the dim that a user's table was written with; None if there is none.

    Raises:
        SchemaMismatch: It is of a layout that is not known.
    """
    opened = place.open_table()
    if opened is None:
        return None
    schema = opened[0].schema
    check_layout(schema, table_schema("", 1), place)
    return encoder_of(schema)


def rewrite(place: Place, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Put ``batches`` in place of all rows and of the layout, in one commit.

    A change that somebody else commits meanwhile is overwritten without notice.
    """
    place.overwrite_table(pa.RecordBatchReader.from_batches(schema, batches))


def find_record(table: Table | None, object_id: str) -> MemoryRecord:
    """Return one object of ``table``.

    Raises:
        ObjectNotFound: There is no such object, or no table yet.
    """
    if table is not None:
        row = table.search().where(col("object_id") == lit(object_id)).limit(1).to_arrow()
        if len(row):
            return to_records(row)[0]
    raise not_found(object_id)


def read_searched(table: Table) -> pa.Table:
    """Return what a search needs of all rows; crops are left on the disk."""
    return table.search().select(searched(table.schema)).to_arrow()


def current_batches(table: Table | None, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield all rows, some at a time, in the current layout whatever theirs is."""
    if table is None:
        return
    for batch in table.search().to_batches(_BATCH):
        if only_adds(schema):
            yield with_nulls(batch, schema)
        else:
            yield from to_rows(to_records(batch), schema).to_batches()


def read_objects(table: Table) -> tuple[PersonalObject, ...]:
    """Return the texts of all rows without their vectors."""
    columns = searched(table.schema, vectors=False)
    return to_objects(table.search().select(columns).to_arrow())


def read_revs(table: Table) -> set[int]:
    """Return the stamps of all rows."""
    return set(table.search().select(["rev"]).to_arrow()["rev"].to_pylist())


def read_view_ids(table: Table | None) -> dict[str, frozenset[str]]:
    """Return the ids of the views of all objects, by the objects' ids; none of the first layout."""
    if table is None or "view_ids" not in table.schema.names:
        return {}
    rows = table.search().select(["object_id", "view_ids"]).to_arrow()
    ids = map(frozenset, rows["view_ids"].to_pylist())
    return dict(zip(rows["object_id"].to_pylist(), ids, strict=True))


def read_ids(table: Table) -> set[str]:
    """Return the ids of all objects."""
    return set(table.search().select(["object_id"]).to_arrow()["object_id"].to_pylist())


def not_found(object_id: str) -> ObjectNotFound:
    """Return the error for an id that no object has."""
    return ObjectNotFound(f'No remembered object has the id "{object_id}".')


def replace_unchanged(table: Table, row: pa.Table) -> bool:
    """Put ``row`` in place of the one it was made from; False if that one has changed since."""
    merge = table.merge_insert("object_id")
    result = merge.when_matched_update_all(where=_UNCHANGED).execute(row)
    return bool(result.num_updated_rows == 1)


def replace_and_delete(table: Table, row: pa.Table, gone: MemoryRecord) -> bool:
    """Put ``row`` in place of the one it was made from and delete ``gone``, in one commit.

    Only for the holder of the writing lock: otherwise one half may find nothing to do.
    """
    merge = table.merge_insert("object_id").when_matched_update_all(where=_UNCHANGED)
    result = merge.when_not_matched_by_source_delete(_as_read(gone)).execute(row)
    return bool(result.num_updated_rows == 1 and result.num_deleted_rows == 1)


def delete_unchanged(table: Table, gone: MemoryRecord) -> bool:
    """Delete an object; False if it has changed since it was read."""
    result: Any = table.delete(_as_read(gone))  # its type stub has lost the count
    return bool(result.num_deleted_rows == 1)


def _as_read(record: MemoryRecord) -> Expr:
    return (col("object_id") == lit(record.object.object_id)) & (col("rev") == lit(record.rev))


def upsert(table: Table, rows: pa.Table, gone: Sequence[str] = ()) -> None:
    """Insert or replace ``rows`` and delete the objects with the ids ``gone``, in one commit."""
    merge = table.merge_insert("object_id")
    merge = merge.when_matched_update_all().when_not_matched_insert_all()
    if gone:
        # As SQL, because a merge at a db:// URI takes no expression.
        those = col("object_id").isin(list(gone)).to_sql()
        merge = merge.when_not_matched_by_source_delete(those)
    merge.execute(rows)


def delete_row(table: Table, object_id: str) -> None:
    """Hide one object from all later versions; its bytes stay until the table is purged."""
    table.delete(col("object_id") == lit(object_id))
