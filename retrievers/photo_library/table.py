"""The table of a photo library: one row per photo, with everything a later search needs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from lancedb.expr import col, lit

from pekit_agents.types import Box

if TYPE_CHECKING:
    from lancedb.table import Table

    from pekit_agents.types import FloatArray

__all__ = ["Photo", "delete_photo", "photo_schema", "put_rows", "to_photos", "to_rows"]

_LAYOUT = "photos-1"
# Makes an upsert of one id by two writers at a time one row; an index on it would undo that.
_PRIMARY_KEY = {"lance-schema:unenforced-primary-key": "true"}


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """The regions of one photo, compared with nothing yet.

    Attributes:
        photo_id: The caller's name for it.
        content: A hash of its content, to see that it has not changed.
        size_wh: Width and height of the upright photo in pixels.
        boxes: Its K proposals.
        vectors: (K, D) float32 unit vectors of them.
    """

    photo_id: str
    content: str
    size_wh: tuple[int, int]
    boxes: Sequence[Box]
    vectors: FloatArray


class _Boxes(Sequence[Box]):
    """Boxes that are made when they are looked at: most photos of a search are not."""

    def __init__(self, xyxy: FloatArray) -> None:
        self._xyxy = xyxy

    def __len__(self) -> int:
        return len(self._xyxy)

    @overload
    def __getitem__(self, index: int) -> Box: ...
    @overload
    def __getitem__(self, index: slice) -> _Boxes: ...
    def __getitem__(self, index: int | slice) -> Box | _Boxes:
        row = self._xyxy[index]
        return _Boxes(row) if isinstance(index, slice) else Box(*map(float, row))


def photo_schema(encoder_id: str, dim: int) -> pa.Schema:
    """Return the columns and the metadata of a library with (D,) = (``dim``,) vectors."""
    return pa.schema(
        [
            pa.field("photo_id", pa.string(), nullable=False, metadata=_PRIMARY_KEY),
            pa.field("content", pa.string(), nullable=False),
            pa.field("width", pa.int32(), nullable=False),
            pa.field("height", pa.int32(), nullable=False),
            pa.field("boxes_xyxy", pa.list_(pa.list_(pa.float32(), 4)), nullable=False),
            pa.field("vectors", pa.list_(pa.list_(pa.float32(), dim)), nullable=False),
            pa.field("rev", pa.int64(), nullable=False),
        ],
        metadata={
            "pekit.schema": _LAYOUT,
            "pekit.encoder": encoder_id,
            "pekit.dim": str(dim),
        },
    )


def to_rows(photos: Sequence[Photo], schema: pa.Schema) -> pa.Table:
    """Return photos as rows."""
    dim = schema.field("vectors").type.value_type.list_size
    boxes = [np.array([box.xyxy for box in photo.boxes], np.float32) for photo in photos]
    columns: dict[str, Any] = {
        "photo_id": [photo.photo_id for photo in photos],
        "content": [photo.content for photo in photos],
        "width": [photo.size_wh[0] for photo in photos],
        "height": [photo.size_wh[1] for photo in photos],
        "boxes_xyxy": _lists(boxes, 4),
        "vectors": _lists([photo.vectors for photo in photos], dim),
        "rev": [0] * len(photos),
    }
    return pa.Table.from_pydict(columns, schema=schema)


def to_photos(rows: pa.Table) -> list[Photo]:
    """Return rows as photos, in their order; vectors are read-only views of ``rows``."""
    boxes, vectors = _arrays(rows["boxes_xyxy"]), _arrays(rows["vectors"])
    names, contents = rows["photo_id"].to_pylist(), rows["content"].to_pylist()
    sizes = zip(rows["width"].to_pylist(), rows["height"].to_pylist(), strict=True)
    return [
        Photo(name, content, size, _Boxes(xyxy), features)
        for name, content, size, xyxy, features in zip(
            names, contents, sizes, boxes, vectors, strict=True
        )
    ]


def put_rows(table: Table, rows: pa.Table, changed: Collection[str]) -> list[str]:
    """Insert rows, or put them in place of those with the same photo ids.

    Args:
        table: Where.
        rows: Of photos.
        changed: Those of them that were there; what has gone since is not inserted again.

    Returns:
        The ids of those that have gone.
    """
    old = pc.is_in(rows["photo_id"], pa.array(sorted(changed), pa.string()))
    new, edited = rows.filter(pc.invert(old)), rows.filter(old)
    if len(new):
        merge = table.merge_insert("photo_id")
        merge.when_matched_update_all().when_not_matched_insert_all().execute(new)
    if not len(edited):
        return []
    table.merge_insert("photo_id").when_matched_update_all().execute(edited)
    there = table.search().select(["photo_id"]).to_arrow()["photo_id"].to_pylist()
    return sorted(set(changed) - set(there))


def delete_photo(table: Table, photo_id: str) -> None:
    """Hide a photo from all later versions; its bytes stay until the table is purged."""
    table.delete(col("photo_id") == lit(photo_id))


def _lists(arrays: Sequence[FloatArray], width: int) -> pa.ListArray:
    """Return (K_i, width) arrays as one column of lists."""
    flat = np.concatenate([array.reshape(-1) for array in arrays]).astype(np.float32)
    starts = np.cumsum([0, *(len(array.reshape(-1, width)) for array in arrays)])
    values = pa.FixedSizeListArray.from_arrays(pa.array(flat), width)
    return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), values)


def _arrays(column: pa.ChunkedArray) -> list[FloatArray]:
    """Return a column of lists as (K_i, width) arrays."""
    lists = column.combine_chunks()
    width = column.type.value_type.list_size
    flat = np.asarray(lists.flatten().flatten().to_numpy(), np.float32).reshape(-1, width)
    ends = np.cumsum(lists.value_lengths().to_numpy())[:-1]
    return np.split(flat, ends) if len(lists) else []
