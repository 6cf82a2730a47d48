"""A frozen copy of one user's memory in RAM: what searching works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from pekit_agents.memory.schema import to_objects, to_vectors
from pekit_agents.memory.table.table import not_found
from pekit_agents.scoring import Grouped, Nearest, nearest_objects

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from pekit_agents.scoring import Identities, Scorer
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
        negatives: What the objects were said not to be.
    """

    objects: tuple[PersonalObject, ...]
    vectors: FloatArray
    starts: NDArray[np.int64]
    version: int
    categories: tuple[str, ...]
    nbytes: int
    negatives: Grouped
    _prepared: dict[int, tuple[Scorer, Identities]] = field(default_factory=dict, repr=False)

    @property
    def count(self) -> int:
        """N, how many objects there are."""
        return len(self.objects)

    def nearest(
        self, queries: FloatArray, scorer: Scorer, *, floor: float, ranks: int
    ) -> tuple[tuple[PersonalObject, ...], Nearest]:
        """Return the objects, and which of them each region speaks for most.

        Args:
            queries: (K, D) float32 unit vectors of the regions.
            scorer: Compares them with the objects.
            floor: Scores up to this one are of no interest.
            ranks: R, how many objects to name for a region.
        """
        if not self.objects:
            return (), Nearest.nothing(len(queries), ranks)
        return self.objects, nearest_objects(
            queries, self.identities(scorer), count=self.count, floor=floor, ranks=ranks
        )

    def identities(self, scorer: Scorer) -> Identities:
        """Return the objects as a scorer compares with them; made once for each scorer."""
        kept = self._prepared.get(id(scorer))
        if kept is None or kept[0] is not scorer:
            kept = scorer, scorer.identities(Grouped(self.vectors, self.starts), self.negatives)
            self._prepared.clear()  # one profile is used at a time
            self._prepared[id(scorer)] = kept
        return kept[1]

    def vectors_of(self, object_ids: Sequence[str]) -> list[FloatArray]:
        """Return the views of each of some objects, (V, D) float32.

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
        return found


def build_snapshot(rows: pa.Table, version: int) -> Snapshot:
    """Return the snapshot of ``rows``, which may be empty and in any order."""
    ordered = rows.take(pc.sort_indices(rows, sort_keys=_ORDER))
    vectors, starts = to_vectors(ordered)
    negatives = Grouped(*to_vectors(ordered, "negatives"))
    objects = to_objects(ordered)
    characters = sum(len(o.name) + len(o.category) + len(o.context) for o in objects)
    return Snapshot(
        objects,
        vectors,
        starts,
        version,
        categories=tuple(dict.fromkeys(obj.category for obj in objects)),
        # What a scorer makes of an object takes at most about as much as one vector.
        nbytes=vectors.nbytes
        + len(objects) * vectors.itemsize * vectors.shape[1]
        + negatives.vectors.nbytes
        + starts.nbytes
        + _OBJECT_BYTES * len(objects)
        + characters,
        negatives=negatives,
    )
