"""Objects with their vectors and views: rows of the table as records, and back."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pekit_agents.memory.details import pack, unpack
from pekit_agents.memory.schema import (
    BASED_ON,
    dim_of,
    layout_of,
    to_objects,
    to_times,
    to_vectors,
)
from pekit_agents.types import Crop, StoredView

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from pekit_agents.types import Details, FloatArray, PersonalObject

_ID_BYTES = 6  # among a million views of one object, no two alike but once in 500 times


@dataclass(frozen=True, slots=True, eq=False)
class MemoryRecord:
    """One remembered object with its vectors, as it stood when it was read.

    Attributes:
        object: Its name, category and context (n_p, c_p).
        vectors: (N, D) float32 of unit length, read-only: its views E_p, oldest first.
        views: What is known about each of the N views, in their order.
        rev: An opaque stamp that every change of the object replaces.
        negatives: (M, D) float32 of unit length, read-only: what it is not, oldest first.
    """

    object: PersonalObject
    vectors: FloatArray
    views: tuple[StoredView, ...]
    rev: int
    negatives: FloatArray = field(default_factory=lambda: np.zeros((0, 0), np.float32))


def new_rev() -> int:
    """Return a fresh stamp.

    Random and not a counter: a row that was deleted and remembered again must not look like
    the one that a slow writer read before.
    """
    return secrets.randbits(63)


def new_views(
    count: int,
    crops: Sequence[Crop | None] | None = None,
    details: Sequence[Details | None] | None = None,
    view_ids: Sequence[str] | None = None,
) -> tuple[StoredView, ...]:
    """Return ``count`` views that are stored now, with fresh ids unless there are some."""
    now, none = datetime.now(UTC), [None] * count
    ids = [secrets.token_hex(_ID_BYTES) for _ in none] if view_ids is None else view_ids
    kept = zip(
        ids, none if crops is None else crops, none if details is None else details, strict=True
    )
    return tuple(StoredView(view_id, now, crop, detail) for view_id, crop, detail in kept)


def view_id_of(owner: str, content: bytes) -> str:
    """Return the id of the view that a photo gives, the same whenever it is asked for.

    Args:
        owner: The id of the object, so that one photo of two objects is not seen to be one.
        content: The bytes of the photo.
    """
    return hashlib.sha256(owner.encode() + b"\n" + content).hexdigest()[: 2 * _ID_BYTES]


def to_rows(records: Sequence[MemoryRecord], schema: pa.Schema, *, based_on: int = 0) -> pa.Table:
    """Return the records as rows.

    Args:
        records: Any number; ``n_views`` and ``n_negatives`` are counted from their vectors.
        schema: Of the current layout.
        based_on: The stamp of the row that a single record is to replace.
    """
    if not records:
        return schema.empty_table()
    counts = [len(record.vectors) for record in records]
    offsets = _offsets(counts)
    views = [view for record in records for view in record.views]
    if len(views) != sum(counts):
        raise AssertionError(f"{len(views)} views for {sum(counts)} vectors")
    objects = [record.object for record in records]

    def listed(name: str, values: Iterable[object]) -> pa.Array:
        flat = pa.array(list(values), schema.field(name).type.value_type)
        return pa.ListArray.from_arrays(offsets, flat)

    columns: dict[str, Any] = {
        "object_id": [obj.object_id for obj in objects],
        "name": [obj.name for obj in objects],
        "category": [obj.category for obj in objects],
        "context": [obj.context for obj in objects],
        "views": _nested([record.vectors for record in records], dim_of(schema)),
        "n_views": counts,
        "rev": [record.rev for record in records],
        BASED_ON[layout_of(schema)]: [based_on] * len(records),
        "created_at": [obj.created_at for obj in objects],
        "view_ids": listed("view_ids", (view.view_id for view in views)),
        "view_times": listed("view_times", (view.added_at for view in views)),
        "crops": listed("crops", (view.crop and view.crop.picture for view in views)),
        "masks": listed("masks", (view.crop and view.crop.mask for view in views)),
        "negatives": _nested([record.negatives for record in records], dim_of(schema)),
        "n_negatives": [len(record.negatives) for record in records],
        "details": listed("details", (view.details and pack(view.details) for view in views)),
    }
    return pa.Table.from_pydict(columns, schema=schema)


def _offsets(counts: Sequence[int]) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())


def _nested(arrays: Sequence[FloatArray], dim: int) -> pa.ListArray:
    """Return (K_i, D) arrays as one column of lists of vectors."""
    flat = np.concatenate([array.reshape(-1, dim) for array in arrays])
    values = pa.FixedSizeListArray.from_arrays(pa.array(flat.ravel()), dim)
    return pa.ListArray.from_arrays(_offsets([len(array) for array in arrays]), values)


def to_records(rows: pa.Table | pa.RecordBatch) -> list[MemoryRecord]:
    """Return the rows, of any layout, as records."""
    rows = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
    vectors, starts = to_vectors(rows)
    negatives, begins = to_vectors(rows, "negatives")
    first = layout_of(rows.schema) == "1"
    views = _views_of_layout_1(vectors, starts) if first else _views(rows)
    places = zip(pairwise(starts), pairwise(begins), rows["rev"].to_pylist(), strict=True)
    return [
        MemoryRecord(obj, vectors[i:j], tuple(views[i:j]), rev, negatives[k:m])
        for obj, ((i, j), (k, m), rev) in zip(to_objects(rows), places, strict=True)
    ]


def _views(rows: pa.Table) -> list[StoredView]:
    names = ("view_ids", "view_times", "crops", "masks")
    ids, times, pictures, masks = (rows[name].combine_chunks().flatten() for name in names)
    crops = [
        None if picture is None else Crop(picture, mask)
        for picture, mask in zip(pictures.to_pylist(), masks.to_pylist(), strict=True)
    ]
    packed = [None] * len(ids)  # as in layouts before the fourth
    if "details" in rows.schema.names:
        packed = rows["details"].combine_chunks().flatten().to_pylist()
    details = [None if data is None else unpack(data) for data in packed]
    fields = zip(ids.to_pylist(), to_times(times), crops, details, strict=True)
    return [StoredView(*values) for values in fields]


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
