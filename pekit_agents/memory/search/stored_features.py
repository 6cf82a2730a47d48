"""All that is known of how some objects look: what near twins are told apart by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from lancedb.expr import col

from pekit_agents.memory.details import unpack
from pekit_agents.memory.schema import stored_feature_columns, to_vectors

if TYPE_CHECKING:
    from lancedb.table import Table

    from pekit_agents.types import Details, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class StoredFeatures:
    """How one object looks.

    Attributes:
        vectors: (V, D) float32 of unit length, read-only: its views, oldest first.
        details: Of those views that have any, in their order; may be empty.
    """

    vectors: FloatArray
    details: tuple[Details, ...]


def read_stored_features(
    table: Table | None, object_ids: Sequence[str]
) -> dict[str, StoredFeatures]:
    """Return the stored features of those of the objects that are in ``table``."""
    if table is None or not object_ids:
        return {}
    those = col("object_id").isin(list(object_ids))
    rows = table.search().where(those).select(stored_feature_columns(table.schema)).to_arrow()
    vectors, starts = to_vectors(rows)
    detailed = "details" in rows.schema.names  # older layouts have none
    details = rows["details"].to_pylist() if detailed else [[]] * len(rows)
    found = zip(rows["object_id"].to_pylist(), pairwise(starts), details, strict=True)
    return {
        object_id: StoredFeatures(
            vectors[begin:end], tuple(unpack(each) for each in packed if each is not None)
        )
        for object_id, (begin, end), packed in found
    }
