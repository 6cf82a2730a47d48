"""The table of one user: its columns and layouts, and what a search reads of it.

One row holds one whole object, so a single commit changes it or does not.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pekit_agents.errors import EncoderMismatch, SchemaMismatch
from pekit_agents.types import PersonalObject

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.memory.place.place import Place
    from pekit_agents.types import FloatArray

#: The layout that is written. Older ones are read, and become this one at the first write.
SCHEMA_VERSION = "4"
_OLDER = ("1", "2", "3")
#: The columns that a search needs, as far as a layout has them; crops and details
#: stay on the disk.
_TEXTS = ["object_id", "name", "category", "context", "n_views", "created_at", "n_negatives"]
_SEARCHED = [*_TEXTS, "views", "negatives"]
#: The columns that tell near twins apart.
_STORED_FEATURES = ["object_id", "views", "details"]
#: In which column a layout notes the stamp of the row that a row was made from. Each has another,
#: so that a process that still runs the code of an older layout fails to write, where it would
#: leave out the lists that it does not know.
BASED_ON = {"1": "prev", "2": "based_on", "3": "replaces", "4": "supersedes"}
# Without this mark two writers that upsert one id at the same time both insert a row.
# An index on the column would undo it, so it must never get one.
_PRIMARY_KEY = {"lance-schema:unenforced-primary-key": "true"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = pa.timestamp("us", "UTC")


def table_schema(encoder_id: str, dim: int, *, layout: str = SCHEMA_VERSION) -> pa.Schema:
    """Return the columns and the metadata of a user's table for (D,) = (``dim``,) vectors.

    The lists ``view_ids``, ``view_times``, ``crops``, ``masks`` and ``details`` have one item for
    each of ``views``; all but the first may hold nulls. ``negatives`` are vectors of what an object
    is not.
    """
    fields = [
        pa.field("object_id", pa.string(), nullable=False, metadata=_PRIMARY_KEY),
        pa.field("name", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("context", pa.string(), nullable=False),
        pa.field("views", pa.list_(pa.list_(pa.float32(), dim)), nullable=False),
        pa.field("n_views", pa.int32(), nullable=False),
        pa.field("rev", pa.int64(), nullable=False),
        pa.field(BASED_ON[layout], pa.int64(), nullable=False),
        pa.field("created_at", _TIME, nullable=False),
    ]
    if layout != "1":
        fields += [
            pa.field("view_ids", pa.list_(pa.string()), nullable=False),
            pa.field("view_times", pa.list_(_TIME), nullable=False),
            pa.field("crops", pa.list_(pa.binary()), nullable=False),
            pa.field("masks", pa.list_(pa.binary()), nullable=False),
        ]
    if layout not in ("1", "2"):
        fields += [
            pa.field("negatives", pa.list_(pa.list_(pa.float32(), dim)), nullable=False),
            pa.field("n_negatives", pa.int32(), nullable=False),
        ]
    if layout not in ("1", "2", "3"):
        fields += [pa.field("details", pa.list_(pa.binary()), nullable=False)]
    names = {"pekit.schema": layout, "pekit.encoder": encoder_id, "pekit.dim": str(dim)}
    return pa.schema(fields, metadata=names)


def check_schema(found: pa.Schema, wanted: pa.Schema, place: Place) -> None:
    """Refuse a table that a later layout or another encoder wrote.

    Raises:
        SchemaMismatch: ``found`` is of a layout that is not known, or damaged.
        EncoderMismatch: Its vectors cannot be compared with those of this encoder.
    """
    check_layout(found, wanted, place)
    have, want = _metadata(found), _metadata(wanted)
    keys = ("pekit.encoder", "pekit.dim")
    if any(have.get(key) != want[key] for key in keys):
        expected, actual = (
            " with dim ".join(str(m.get(key)) for key in keys) for m in (want, have)
        )
        raise EncoderMismatch(
            f"The memory in {place} was written with encoder {actual}, expected {expected}. "
            "Open it with the encoder that wrote it, embed it anew, or use another folder."
        )


def check_layout(found: pa.Schema, wanted: pa.Schema, place: Place) -> None:
    """Refuse a table of a layout that is neither ``wanted`` nor can be upgraded to it.

    Raises:
        SchemaMismatch: ``found`` is of a later layout, or damaged.
    """
    have, want = _metadata(found).get("pekit.schema"), _metadata(wanted).get("pekit.schema")
    known = {want: wanted.names}
    if wanted.names == table_schema("", 1).names:
        known |= {old: table_schema("", 1, layout=old).names for old in _OLDER}
    if before := _metadata(wanted).get("pekit.before"):
        known |= {before: [field.name for field in wanted if not field.nullable]}
    # The names as well, because a damaged file can have lost some.
    if known.get(have) != found.names:
        raise SchemaMismatch(
            f"The memory in {place} has layout {have} with the columns {found.names}, "
            f"expected layout {want} with {wanted.names}. "
            "Open it with the version of PeKit that wrote it, or use another folder."
        )


def is_current(found: pa.Schema, wanted: pa.Schema | None = None) -> bool:
    """Return whether a table is of the layout that is wanted, or else of the newest."""
    return layout_of(found) == (SCHEMA_VERSION if wanted is None else layout_of(wanted))


def layout_of(schema: pa.Schema) -> str:
    """Return the layout of a table."""
    return _metadata(schema).get("pekit.schema", "")


def searched(schema: pa.Schema, *, vectors: bool = True) -> list[str]:
    """Return the columns that a search, or a look at the texts alone, needs of a table."""
    return [name for name in (_SEARCHED if vectors else _TEXTS) if name in schema.names]


def stored_feature_columns(schema: pa.Schema) -> list[str]:
    """Return the columns of a table that tell near twins apart."""
    return [name for name in _STORED_FEATURES if name in schema.names]


def only_adds(schema: pa.Schema) -> bool:
    """Return whether the layout before lacks those columns alone that may be null."""
    return "pekit.before" in _metadata(schema)


def with_nulls(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return rows of the layout before in that of ``schema``: columns that are new are null."""
    columns = [
        batch.column(field.name)
        if field.name in batch.schema.names
        else pa.nulls(len(batch), field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def encoder_of(schema: pa.Schema) -> tuple[str, int]:
    """Return the id of the encoder whose vectors a table of a known layout holds, and their D."""
    return _metadata(schema)["pekit.encoder"], dim_of(schema)


def _metadata(schema: pa.Schema) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}


def dim_of(schema: pa.Schema) -> int:
    """Return D, the width of the vectors that ``schema`` holds."""
    return _width(schema, "views")


def _width(schema: pa.Schema, column: str) -> int:
    return int(schema.field(column).type.value_type.list_size)


def to_objects(rows: pa.Table) -> tuple[PersonalObject, ...]:
    """Return the texts of all rows, in their order."""
    texts = (rows[name].to_pylist() for name in ("object_id", "name", "category", "context"))
    created = to_times(rows["created_at"])
    counted = "n_negatives" in rows.schema.names
    negatives = rows["n_negatives"].to_pylist() if counted else [0] * len(rows)
    fields = zip(*texts, rows["n_views"].to_pylist(), created, negatives, strict=True)
    return tuple(PersonalObject(*values) for values in fields)


def to_times(times: pa.Array | pa.ChunkedArray) -> list[datetime | None]:
    """Return timestamps as ``datetime``, nulls as None."""
    # By way of integers, because Arrow's own conversion needs the system's time zone tables.
    stamps = times.cast(pa.int64()).to_pylist()
    return [None if t is None else _EPOCH + timedelta(microseconds=t) for t in stamps]


def to_vectors(rows: pa.Table, column: str = "views") -> tuple[FloatArray, NDArray[np.int64]]:
    """Return all vectors of a column under each other, and where each row's begin.

    Returns:
        (V, D) float32, C-contiguous and read-only; and (N + 1,) int64: those of row i are
        ``vectors[starts[i]:starts[i + 1]]``. None at all for a column that an older layout lacks.
    """
    if column not in rows.schema.names:
        return np.zeros((0, dim_of(rows.schema)), np.float32), np.zeros(len(rows) + 1, np.int64)
    lists = rows[column].combine_chunks()
    flat = lists.flatten().flatten().to_numpy()
    vectors = np.ascontiguousarray(flat, dtype=np.float32).reshape(-1, _width(rows.schema, column))
    starts = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum(lists.value_lengths().to_numpy(), out=starts[1:])
    vectors.setflags(write=False)
    starts.setflags(write=False)
    return vectors, starts
