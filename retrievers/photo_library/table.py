"""The table of a photo library: one row per photo or clip, with all that a later search needs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from lancedb.expr import col

from pekit_agents.types import Box

if TYPE_CHECKING:
    from lancedb.table import Table
    from numpy.typing import NDArray

    from pekit_agents.types import FloatArray

__all__ = [
    "Looks",
    "Photo",
    "delete_photos",
    "photo_schema",
    "put_rows",
    "to_photos",
    "to_rows",
]

_LAYOUT = "photos-2"
#: What has no clips: it is read, and becomes the newest at the first write.
_BEFORE = "photos-1"
#: The columns that only clips have.
_OF_CLIPS = ("look_times", "looks")
# Makes an upsert of one id by two writers at a time one row; an index on it would undo that.
_PRIMARY_KEY = {"lance-schema:unenforced-primary-key": "true"}


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """The frames of a clip that were searched. Times are seconds from its beginning.

    Attributes:
        times: (F, 3) float64: of each frame, when it is, and from when to when it speaks for the
            clip. One begins where the one before ends.
        seen: (K, 2) int32: for each box of the clip, in which of the F frames it is, in order, and
            which of the vectors is that of what it shows.
    """

    times: NDArray[np.float64]
    seen: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """The regions of one photo or clip, compared with nothing yet.

    Attributes:
        photo_id: The caller's name for it.
        content: A hash of its content, to see that it has not changed.
        size_wh: Width and height of the upright photo in pixels.
        boxes: Its K proposals.
        vectors: (K, D) float32 unit vectors of them; of a clip fewer, see :class:`Looks`.
        looks: The frames of a clip; None of a photo.
    """

    photo_id: str
    content: str
    size_wh: tuple[int, int]
    boxes: Sequence[Box]
    vectors: FloatArray
    looks: Looks | None = None


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
    """Return the columns and the metadata of a library with (D,) = (``dim``,) vectors.

    A table of the layout before lacks those columns that may be null.
    """
    return pa.schema(
        [
            pa.field("photo_id", pa.string(), nullable=False, metadata=_PRIMARY_KEY),
            pa.field("content", pa.string(), nullable=False),
            pa.field("width", pa.int32(), nullable=False),
            pa.field("height", pa.int32(), nullable=False),
            pa.field("boxes_xyxy", pa.list_(pa.list_(pa.float32(), 4)), nullable=False),
            pa.field("vectors", pa.list_(pa.list_(pa.float32(), dim)), nullable=False),
            pa.field("rev", pa.int64(), nullable=False),
            pa.field("look_times", pa.list_(pa.list_(pa.float64(), 3))),
            pa.field("looks", pa.list_(pa.list_(pa.int32(), 2))),
        ],
        metadata={
            "pekit.schema": _LAYOUT,
            "pekit.before": _BEFORE,
            "pekit.encoder": encoder_id,
            "pekit.dim": str(dim),
        },
    )


def to_rows(photos: Sequence[Photo], schema: pa.Schema) -> pa.Table:
    """Return photos and clips as rows."""
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
        "look_times": [None if p.looks is None else p.looks.times.tolist() for p in photos],
        "looks": [None if p.looks is None else p.looks.seen.tolist() for p in photos],
    }
    return pa.Table.from_pydict(columns, schema=schema)


def to_photos(rows: pa.Table) -> list[Photo]:
    """Return rows as photos and clips, in their order; vectors are read-only views of ``rows``."""
    boxes, vectors = _arrays(rows["boxes_xyxy"]), _arrays(rows["vectors"])
    names, contents = rows["photo_id"].to_pylist(), rows["content"].to_pylist()
    sizes = zip(rows["width"].to_pylist(), rows["height"].to_pylist(), strict=True)
    return [
        Photo(name, content, size, _Boxes(xyxy), features, looks)
        for name, content, size, xyxy, features, looks in zip(
            names, contents, sizes, boxes, vectors, _looks(rows), strict=True
        )
    ]


def _looks(rows: pa.Table) -> list[Looks | None]:
    """Return the frames of each clip, and None for each photo."""
    if not set(_OF_CLIPS) <= set(rows.schema.names):
        return [None] * len(rows)
    times, seen = (rows[name].to_pylist() for name in _OF_CLIPS)
    return [
        None
        if when is None
        else Looks(
            np.array(when, np.float64).reshape(-1, 3), np.array(where, np.int32).reshape(-1, 2)
        )
        for when, where in zip(times, seen, strict=True)
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


def delete_photos(table: Table, photo_ids: Collection[str]) -> None:
    """Hide photos from all later versions; their bytes stay until the table is purged."""
    table.delete(col("photo_id").isin(sorted(photo_ids)))


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
