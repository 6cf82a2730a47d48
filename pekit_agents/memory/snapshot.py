"""A frozen copy of one user's memory in RAM: what searching works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from pekit_agents.memory.schema import to_objects, to_vectors

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from pekit_agents.types import FloatArray, PersonalObject

_ORDER = [("created_at", "ascending"), ("object_id", "ascending")]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Everything one user remembers, as of one version of the table (paper Eq. 3).

    Attributes:
        objects: The N objects, by ``created_at`` and then ``object_id``.
        vectors: (V, D) float32 of unit length, C-contiguous, read-only: the views of all
            objects under each other, in the order of ``objects``.
        starts: (N + 1,) int64, read-only: the views of object i are
            ``vectors[starts[i]:starts[i + 1]]``.
        version: The table's version; 0 before the first write.
    """

    objects: tuple[PersonalObject, ...]
    vectors: FloatArray
    starts: NDArray[np.int64]
    version: int


def build_snapshot(rows: pa.Table, version: int) -> Snapshot:
    """Return the snapshot of ``rows``, which may be empty and in any order."""
    ordered = rows.take(pc.sort_indices(rows, sort_keys=_ORDER))
    vectors, starts = to_vectors(ordered)
    return Snapshot(to_objects(ordered), vectors, starts, version)
