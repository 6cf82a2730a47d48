"""The table of one user: its columns, and rows to records and back.

One row holds one whole object, so a single commit changes it or does not.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pekit_agents.errors import EncoderMismatch, SchemaMismatch
from pekit_agents.types import PersonalObject

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from pekit_agents.types import FloatArray

SCHEMA_VERSION = "1"
# Without this mark two writers that upsert one id at the same time both insert a row.
# An index on the column would undo it, so it must never get one.
_PRIMARY_KEY = {"lance-schema:unenforced-primary-key": "true"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class MemoryRecord:
    """One remembered object with its vectors, as it stood when it was read.

    Attributes:
        object: Its name, category and context (n_p, c_p).
        vectors: (N, D) float32 of unit length, read-only: its views E_p, oldest first.
        rev: An opaque stamp that every change of the object replaces.
    """

    object: PersonalObject
    vectors: FloatArray
    rev: int


def table_schema(encoder_id: str, dim: int) -> pa.Schema:
    """Return the columns and the metadata of a user's table for (D,) = (``dim``,) vectors."""
    return pa.schema(
        [
            pa.field("object_id", pa.string(), nullable=False, metadata=_PRIMARY_KEY),
            pa.field("name", pa.string(), nullable=False),
            pa.field("category", pa.string(), nullable=False),
            pa.field("context", pa.string(), nullable=False),
            pa.field("views", pa.list_(pa.list_(pa.float32(), dim)), nullable=False),
            pa.field("n_views", pa.int32(), nullable=False),
            pa.field("rev", pa.int64(), nullable=False),
            pa.field("prev", pa.int64(), nullable=False),
            pa.field("created_at", pa.timestamp("us", "UTC"), nullable=False),
        ],
        metadata={
            "pekit.schema": SCHEMA_VERSION,
            "pekit.encoder": encoder_id,
            "pekit.dim": str(dim),
        },
    )


def check_schema(found: pa.Schema, wanted: pa.Schema, folder: Path) -> None:
    """Refuse a table that another layout or another encoder wrote.

    Raises:
        SchemaMismatch: ``found`` is of another layout.
        EncoderMismatch: Its vectors cannot be compared with those of this encoder.
    """
    have, want = _metadata(found), _metadata(wanted)
    # The names as well, because a damaged file can have lost some.
    if have.get("pekit.schema") != want["pekit.schema"] or found.names != wanted.names:
        raise SchemaMismatch(
            f"The memory in {folder} has layout {have.get('pekit.schema')} with the columns "
            f"{found.names}, expected layout {want['pekit.schema']} with {wanted.names}. "
            "Open it with the version of PeKit that wrote it, or use another folder."
        )
    keys = ("pekit.encoder", "pekit.dim")
    if any(have.get(key) != want[key] for key in keys):
        expected, actual = (
            " with dim ".join(str(m.get(key)) for key in keys) for m in (want, have)
        )
        raise EncoderMismatch(
            f"The memory in {folder} was written with encoder {actual}, expected {expected}. "
            "Open it with the encoder that wrote it, or use another folder."
        )


def _metadata(schema: pa.Schema) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}


def dim_of(schema: pa.Schema) -> int:
    """Return D, the width of the vectors that ``schema`` holds."""
    return int(schema.field("views").type.value_type.list_size)


def new_rev() -> int:
    """Return a fresh stamp.

    Random and not a counter: a row that was deleted and remembered again must not look like
    the one that a slow writer read before.
    """
    return secrets.randbits(63)


def to_row(
    obj: PersonalObject, vectors: FloatArray, *, rev: int, prev: int, schema: pa.Schema
) -> pa.Table:
    """Return a table of one row; ``n_views`` is counted from ``vectors`` (N, D) float32."""
    views = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    columns: dict[str, Any] = {
        "object_id": [obj.object_id],
        "name": [obj.name],
        "category": [obj.category],
        "context": [obj.context],
        "views": pa.ListArray.from_arrays(pa.array([0, len(vectors)], pa.int32()), views),
        "n_views": [len(vectors)],
        "rev": [rev],
        "prev": [prev],
        "created_at": [obj.created_at],
    }
    return pa.Table.from_pydict(columns, schema=schema)


def to_record(row: pa.Table) -> MemoryRecord:
    """Return the only row of ``row`` as a record."""
    vectors, _ = to_vectors(row)
    return MemoryRecord(to_objects(row)[0], vectors, row["rev"][0].as_py())


def to_objects(rows: pa.Table) -> tuple[PersonalObject, ...]:
    """Return the texts of all rows, in their order."""
    texts = (rows[name].to_pylist() for name in ("object_id", "name", "category", "context"))
    # By way of integers, because Arrow's own conversion needs the system's time zone tables.
    times = rows["created_at"].cast(pa.int64()).to_pylist()
    created = (_EPOCH + timedelta(microseconds=time) for time in times)
    fields = zip(*texts, rows["n_views"].to_pylist(), created, strict=True)
    return tuple(PersonalObject(*values) for values in fields)


def to_vectors(rows: pa.Table) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return all vectors under each other, and where each row's begin.

    Returns:
        (V, D) float32, C-contiguous and read-only; and (N + 1,) int64: the views of row i are
        ``vectors[starts[i]:starts[i + 1]]``.
    """
    lists = rows["views"].combine_chunks()
    flat = lists.flatten().flatten().to_numpy()
    vectors = np.ascontiguousarray(flat, dtype=np.float32).reshape(-1, dim_of(rows.schema))
    starts = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum(lists.value_lengths().to_numpy(), out=starts[1:])
    vectors.setflags(write=False)
    starts.setflags(write=False)
    return vectors, starts
