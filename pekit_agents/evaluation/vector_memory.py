"""A memory of vectors that were computed before, and the product's search in it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.evaluation.recognizers import Look
from pekit_agents.evaluation.replay import Replay
from pekit_agents.evaluation.scratch import ScratchKit
from pekit_agents.retrieval import find_in

if TYPE_CHECKING:
    from pekit_agents.evaluation.feature_records import Regions
    from pekit_agents.evaluation.records import Named
    from pekit_agents.looks import Looks
    from pekit_agents.matching import MatchSettings
    from pekit_agents.protocols import Encoder
    from pekit_agents.strangers import Strangers
    from pekit_agents.types import Box, Details, FloatArray, Match

__all__ = ["VectorMemory"]


class VectorMemory:
    """A memory of known vectors and the product's matching on it.

    Args:
        matching: Threshold and suppression.
        threshold: tau, in place of that of ``matching``, as for :meth:`PeKit.find`.
        strangers: What calibrates ``matching`` for what is remembered.
    """

    def __init__(
        self,
        matching: MatchSettings,
        threshold: float | None = None,
        strangers: Strangers | None = None,
    ) -> None:
        self._matching = matching
        self._threshold = threshold
        self._strangers = strangers
        self._views: dict[str, FloatArray] = {}
        self._negatives: dict[str, FloatArray] = {}
        self._memory: ScratchKit | None = None

    def fill(
        self,
        views: Mapping[str, FloatArray],
        categories: Mapping[str, str],
        *,
        encoder_id: str,
        details: Mapping[str, Sequence[Details]] | None = None,
    ) -> None:
        """Remember what was introduced before.

        Args:
            views: (V, D) float32 unit vectors of each thing; V may be 0.
            categories: What each thing is.
            encoder_id: Whose vectors these are.
            details: What each of the views looks like; None tells no near twins apart.
        """
        self._views, self._negatives = dict(views), {}
        filled = {thing: vectors for thing, vectors in views.items() if len(vectors)}
        if not filled:
            self._memory = None
            return
        dim = next(iter(filled.values())).shape[1]
        replay = Replay(encoder_id, dim)
        profile = replay.profile(self._matching, self._strangers, describes=details is not None)
        self._memory = ScratchKit(profile)
        for thing, vectors in filled.items():
            looks = [None] * len(vectors) if details is None else details[thing]
            pictures = [replay.picture(*each) for each in zip(vectors, looks, strict=True)]
            self._memory.remember(thing, pictures, categories[thing])

    def find(self, looks: Looks, encoder: Encoder) -> Look:
        """Search a photo: propose, look again where there is doubt, match."""
        if self._memory is None:
            return Look((), dict.fromkeys(self._views, -1.0))
        matches, vectors = self._matches(self._memory, looks, encoder)
        return Look(self._memory.named(matches), self._scores(vectors))

    def look(self, regions: Regions, vectors: FloatArray) -> Look:
        """Match the regions of a photo by their (K, D) float32 unit vectors."""
        start = time.perf_counter()
        named = self.search(regions.boxes, vectors)
        seconds = time.perf_counter() - start
        total = None if regions.seconds is None else regions.seconds + seconds
        return Look(named, self._scores(vectors), total)

    def reject_all(self, photos: Sequence[Looks], encoder: Encoder) -> None:
        """Reject all that is named in photos, by one state of the memory."""
        if self._memory is None:
            return
        kit = self._memory.kit
        for matches in [self._matches(self._memory, looks, encoder)[0] for looks in photos]:
            for match in matches:
                for obj in kit.reject(match):
                    self._negatives[self._memory.thing(obj)] = kit.negatives(obj.object_id)

    def threshold(self) -> float:
        """Return tau for a photo with one region; 1 when nothing is remembered."""
        if self._memory is None:
            return 1.0
        settings = self._memory.settings(self._threshold)
        return settings.accept_above(objects=len(self._views), regions=1)

    def search(self, boxes: Sequence[Box], vectors: FloatArray) -> tuple[Named, ...]:
        """Return what is named among K regions by their (K, D) float32 unit vectors."""
        if self._memory is None:
            return ()
        (matches,) = self._memory.kit.match_regions([(boxes, vectors)], threshold=self._threshold)
        return self._memory.named(matches)

    def _matches(
        self, memory: ScratchKit, looks: Looks, encoder: Encoder
    ) -> tuple[list[Match], FloatArray]:
        gallery, settings = memory.gallery(), memory.settings(self._threshold)
        found, matches, _ = find_in(looks, encoder, gallery, settings, memory.portraits)
        return matches, found.vectors

    def _scores(self, vectors: FloatArray) -> dict[str, float]:
        if not len(vectors):
            return dict.fromkeys(self._views, -1.0)
        # What tau rises by for the number of regions; a caller's tau is taken as it is.
        cost = 0.0
        if self._threshold is None:
            one, all_of_them = (
                self._matching.accept_above(objects=len(self._views), regions=count)
                for count in (1, len(vectors))
            )
            cost = all_of_them - one
        weight = self._matching.max_weight
        scores = {}
        for thing, views in self._views.items():
            if not len(views):
                scores[thing] = -1.0
                continue
            cosines = vectors @ views.T
            mixed = weight * cosines.max(axis=1) + (1 - weight) * cosines.mean(axis=1)
            if thing in self._negatives:
                alike = (vectors @ self._negatives[thing].T).max(axis=1)
                mixed = np.where(alike > mixed, -1.0, mixed)
            scores[thing] = float(mixed.max()) - cost
        return scores
