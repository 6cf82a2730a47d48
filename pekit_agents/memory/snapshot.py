"""A frozen copy of one user's memory in RAM: what searching works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from pekit_agents.matching import Negatives, nearest_objects
from pekit_agents.memory.schema import to_objects, to_vectors
from pekit_agents.memory.table import not_found

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from pekit_agents.matching import Nearest
    from pekit_agents.types import FloatArray, PersonalObject

_ORDER = [("created_at", "ascending"), ("object_id", "ascending")]
# Measured on CPython 3.11: a PersonalObject with its texts and time, without their characters.
_OBJECT_BYTES = 480


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Snapshot:
    """Everything one user remembers, as of one version of the table (paper Eq. 3).

    Attributes:
        objects: The N objects, by ``created_at`` and then ``object_id``.
        vectors: (V, D) float32 of unit length, C-contiguous, read-only: the views of all
            objects under each other, in the order of ``objects``.
        starts: (N + 1,) int64, read-only: the views of object i are
            ``vectors[starts[i]:starts[i + 1]]``.
        version: The table's version; 0 before the first write.
        categories: What the objects are, each category once.
        nbytes: About how much RAM it takes.
        negatives: What the objects are not.
    """

    objects: tuple[PersonalObject, ...]
    vectors: FloatArray
    starts: NDArray[np.int64]
    version: int
    categories: tuple[str, ...]
    nbytes: int
    negatives: Negatives

    @property
    def count(self) -> int:
        """N, how many objects there are."""
        return len(self.objects)

    def nearest(
        self, queries: FloatArray, *, max_weight: float, floor: float, ranks: int = 2
    ) -> tuple[tuple[PersonalObject, ...], Nearest]:
        """Return the objects, and which of them each region resembles most.

        Args:
            queries: (K, D) float32 unit vectors of the regions.
            max_weight: Share of the best view in an object's score.
            floor: Scores up to this one are of no interest.
            ranks: How many objects to name for a region.
        """
        return self.objects, nearest_objects(
            queries,
            self.vectors,
            self.starts,
            max_weight=max_weight,
            floor=floor,
            ranks=ranks,
            negatives=self.negatives,
        )

    def vectors_of(self, object_ids: Sequence[str]) -> FloatArray:
        """Return all views of some objects, (V, D) float32.

        Raises:
            ObjectNotFound: One of them is not there.
        """
        places = {obj.object_id: place for place, obj in enumerate(self.objects)}
        found = []
        for object_id in object_ids:
            if object_id not in places:
                raise not_found(object_id)
            place = places[object_id]
            found.append(self.vectors[self.starts[place] : self.starts[place + 1]])
        return np.concatenate(found)


def build_snapshot(rows: pa.Table, version: int) -> Snapshot:
    """Return the snapshot of ``rows``, which may be empty and in any order."""
    ordered = rows.take(pc.sort_indices(rows, sort_keys=_ORDER))
    vectors, starts = to_vectors(ordered)
    negatives = Negatives(*to_vectors(ordered, "negatives"))
    objects = to_objects(ordered)
    characters = sum(len(o.name) + len(o.category) + len(o.context) for o in objects)
    return Snapshot(
        objects,
        vectors,
        starts,
        version,
        categories=tuple(dict.fromkeys(obj.category for obj in objects)),
        nbytes=vectors.nbytes
        + negatives.vectors.nbytes
        + starts.nbytes
        + _OBJECT_BYTES * len(objects)
        + characters,
        negatives=negatives,
    )
