"""The LanceDB table of one user: opening it, and its single-row operations."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import lancedb
from lancedb.expr import col, lit

from pekit_agents.errors import MemoryStoreError, ObjectNotFound
from pekit_agents.memory.schema import check_schema, to_record

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

    from pekit_agents.memory.schema import MemoryRecord

_NAME = "objects"
# Begins the name of a folder that a table is made in; maintenance removes what was left.
ASIDE = "new-"


class TableHandle:
    """The table of one user, opened when it is first needed; not safe across threads."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self.folder = folder
        self.files = folder / f"{_NAME}.lance"
        self.schema = schema
        self._table: Table | None = None

    def latest(self) -> Table | None:
        """Return the table at its newest version; None before the first write."""
        if self._table is None:
            if not has_table(self.files):
                return None
            self._table = self._checked(lancedb.connect(self.folder).open_table(_NAME))
        self._table.checkout_latest()  # type: ignore[no-untyped-call]
        return self._table

    def latest_or_new(self) -> Table:
        """Return the table at its newest version; create it if there is none."""
        table = self.latest()
        if table is None:
            create(self.files, self.schema)
            # Another process may have been faster, with another encoder: this checks it.
            table = self.latest()
        if table is None:
            raise MemoryStoreError(f"The memory in {self.files} went away while it was opened.")
        return table

    def reset(self) -> None:
        """Forget the open table, so that the next use opens it again."""
        self._table = None

    def _checked(self, table: Table) -> Table:
        check_schema(table.schema, self.schema, self.folder)
        return table


def create(files: Path, schema: pa.Schema) -> None:
    """Create an empty table in the folder ``files``, unless another writer is faster.

    It is made aside and put in its place whole: of two writers that create a table of one name
    at once, LanceDB lets the second overwrite what the first has written meanwhile.
    """
    with tempfile.TemporaryDirectory(prefix=ASIDE, dir=files.parent) as aside:
        lancedb.connect(aside).create_table(_NAME, schema=schema)
        try:
            (Path(aside) / files.name).rename(files)
        except OSError:
            if not has_table(files):  # an empty skeleton stands there
                lancedb.connect(files.parent).create_table(_NAME, schema=schema, exist_ok=True)


def has_table(files: Path) -> bool:
    """Return whether a table was ever committed in the folder ``files``.

    Raises:
        MemoryStoreError: There is data that no manifest describes.
    """
    if any(name.endswith(".manifest") for name in _names(files / "_versions")):
        return True
    if any(name.endswith(".lance") for name in _names(files / "data")):
        raise MemoryStoreError(
            f"The memory in {files} holds data but no manifest, expected at least one: the "
            "files are damaged. Restore them from a backup."
        )
    return False


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []


def find_record(table: Table | None, object_id: str) -> MemoryRecord:
    """Return one object of ``table``.

    Raises:
        ObjectNotFound: There is no such object, or no table yet.
    """
    if table is not None:
        row = table.search().where(col("object_id") == lit(object_id)).limit(1).to_arrow()
        if len(row):
            return to_record(row)
    raise not_found(object_id)


def not_found(object_id: str) -> ObjectNotFound:
    """Return the error for an id that no object has."""
    return ObjectNotFound(f'No remembered object has the id "{object_id}".')


def upsert(table: Table, row: pa.Table) -> None:
    """Insert ``row``, or put it in place of the one with the same id."""
    merge = table.merge_insert("object_id")
    merge.when_matched_update_all().when_not_matched_insert_all().execute(row)


def replace_unchanged(table: Table, row: pa.Table) -> bool:
    """Put ``row`` in place of the one it was made from; False if that one has changed since."""
    merge = table.merge_insert("object_id")
    result = merge.when_matched_update_all(where="target.rev = source.prev").execute(row)
    return bool(result.num_updated_rows == 1)


def delete_row(table: Table, object_id: str) -> None:
    """Hide one object from all later versions; its bytes stay until the table is purged."""
    table.delete(col("object_id") == lit(object_id))
