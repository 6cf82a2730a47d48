"""Objects with their vectors and views: rows of the table as records, and back."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pekit_agents.memory.schema import is_current, to_objects, to_times, to_vectors
from pekit_agents.types import Crop, StoredView

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from pekit_agents.types import FloatArray, PersonalObject

_ID_BYTES = 6  # among a million views of one object, no two alike but once in 500 times


@dataclass(frozen=True, slots=True, eq=False)
class MemoryRecord:
    """One remembered object with its vectors, as it stood when it was read.

    Attributes:
        object: Its name, category and context (n_p, c_p).
        vectors: (N, D) float32 of unit length, read-only: its views E_p, oldest first.
        views: What is known about each of the N views, in their order.
        rev: An opaque stamp that every change of the object replaces.
    """

    object: PersonalObject
    vectors: FloatArray
    views: tuple[StoredView, ...]
    rev: int


def new_rev() -> int:
    """Return a fresh stamp.

    Random and not a counter: a row that was deleted and remembered again must not look like
    the one that a slow writer read before.
    """
    return secrets.randbits(63)


def new_views(count: int, crops: Sequence[Crop | None] | None = None) -> tuple[StoredView, ...]:
    """Return ``count`` views that are stored now, with fresh ids."""
    now = datetime.now(UTC)
    return tuple(
        StoredView(secrets.token_hex(_ID_BYTES), now, crop)
        for crop in (crops if crops is not None else [None] * count)
    )


def to_rows(records: Sequence[MemoryRecord], schema: pa.Schema, *, based_on: int = 0) -> pa.Table:
    """Return the records as rows.

    Args:
        records: Any number; ``n_views`` is counted from their vectors.
        schema: Of the current layout.
        based_on: The stamp of the row that a single record is to replace.
    """
    if not records:
        return schema.empty_table()
    vectors = np.concatenate([record.vectors for record in records])
    counts = [len(record.vectors) for record in records]
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
    views = [view for record in records for view in record.views]
    if len(views) != len(vectors):
        raise AssertionError(f"{len(views)} views for {len(vectors)} vectors")
    objects = [record.object for record in records]

    def listed(name: str, values: Iterable[object]) -> pa.Array:
        flat = pa.array(list(values), schema.field(name).type.value_type)
        return pa.ListArray.from_arrays(offsets, flat)

    columns: dict[str, Any] = {
        "object_id": [obj.object_id for obj in objects],
        "name": [obj.name for obj in objects],
        "category": [obj.category for obj in objects],
        "context": [obj.context for obj in objects],
        "views": pa.ListArray.from_arrays(
            offsets, pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
        ),
        "n_views": counts,
        "rev": [record.rev for record in records],
        "based_on": [based_on] * len(records),
        "created_at": [obj.created_at for obj in objects],
        "view_ids": listed("view_ids", (view.view_id for view in views)),
        "view_times": listed("view_times", (view.added_at for view in views)),
        "crops": listed("crops", (view.crop and view.crop.picture for view in views)),
        "masks": listed("masks", (view.crop and view.crop.mask for view in views)),
    }
    return pa.Table.from_pydict(columns, schema=schema)


def to_records(rows: pa.Table | pa.RecordBatch) -> list[MemoryRecord]:
    """Return the rows, of any layout, as records."""
    rows = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
    vectors, starts = to_vectors(rows)
    views = _views(rows) if is_current(rows.schema) else _views_of_layout_1(vectors, starts)
    revs = rows["rev"].to_pylist()
    return [
        MemoryRecord(obj, vectors[begin:end], tuple(views[begin:end]), rev)
        for obj, begin, end, rev in zip(
            to_objects(rows), starts[:-1], starts[1:], revs, strict=True
        )
    ]


def _views(rows: pa.Table) -> list[StoredView]:
    names = ("view_ids", "view_times", "crops", "masks")
    ids, times, pictures, masks = (rows[name].combine_chunks().flatten() for name in names)
    return [
        StoredView(view_id, time, None if picture is None else Crop(picture, mask))
        for view_id, time, picture, mask in zip(
            ids.to_pylist(), to_times(times), pictures.to_pylist(), masks.to_pylist(), strict=True
        )
    ]


def _views_of_layout_1(vectors: FloatArray, starts: NDArray[np.int64]) -> list[StoredView]:
    """Views had no ids then: they are named after their vectors, the same on every reading."""
    views = []
    for begin, end in pairwise(starts):
        seen: Counter[bytes] = Counter()  # one photo may have been added twice
        for vector in vectors[begin:end]:
            content = vector.tobytes()
            seen[content] += 1
            digest = hashlib.sha256(content + str(seen[content]).encode())
            views.append(StoredView(digest.hexdigest()[: 2 * _ID_BYTES], None))
    return views
