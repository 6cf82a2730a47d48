"""A memory of vectors that were computed before, and the product's search in it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pekit_agents.evaluation.recognizers.naming import as_named
from pekit_agents.evaluation.recognizers.recognizer import Prediction
from pekit_agents.kit.kit import PeKit
from pekit_agents.memory import Memory
from pekit_agents.retrieval.search import Search, find_in
from pekit_agents.scoring import COSINE
from pekit_agents.types import PersonalObject

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.evaluation.features.records import Regions
    from pekit_agents.profiles import Profile
    from pekit_agents.retrieval.regions import QueryRegions
    from pekit_agents.types import Box, Details, FloatArray, Match

__all__ = ["VectorMemory"]

_NO_COSINE = -1.0  # the least there is
_NO_LOG_ODDS = -100.0  # beyond every prior, so that no setting would name it


class VectorMemory:
    """A memory of known vectors, which is gone when this is, and the product's search in it.

    Args:
        profile: Whose encoder made the vectors, and by whose rule they are compared.
        threshold: As for :meth:`PeKit.find`.
        strictness: As for :meth:`PeKit.find`.

    Raises:
        InvalidInput: The threshold or strictness is none, or not for this profile.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        threshold: float | None = None,
        strictness: Strictness | None = None,
    ) -> None:
        self._profile, self._threshold, self._strictness = profile, threshold, strictness
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        encoder = profile.encoder
        self._memory = Memory.open(
            self._folder.name, user_id="default", encoder_id=encoder.id, dim=encoder.dim
        )
        self._kit = PeKit(self._memory, profile)
        self._things: tuple[str, ...] = ()  # by the number that is their object id
        self._search()  # refuses what cannot be, before any work

    def fill(
        self,
        views: Mapping[str, FloatArray],
        categories: Mapping[str, str],
        *,
        details: Mapping[str, Sequence[Details]] | None = None,
    ) -> None:
        """Remember what was introduced before; once.

        Args:
            views: (V, D) float32 unit vectors of each thing; V may be 0.
            categories: What each thing is.
            details: What each of the views looks like; None compares no look-alikes patch by patch.
        """
        self._things = tuple(views)
        now = datetime.now(UTC)
        for number, (thing, vectors) in enumerate(views.items()):
            if len(vectors):
                # Names are of no account to a search, and those of a data set may be no names.
                obj = PersonalObject(f"{number:06}", f"{number}", categories[thing], "", 0, now)
                looks = None if details is None else details[thing]
                self._memory.insert(obj, vectors, details=looks)

    def find(self, looks: QueryRegions) -> Prediction:
        """Search a photo: propose, encode again where there is doubt, match."""
        if not self._memory.gallery().count:
            return Prediction((), dict.fromkeys(self._things, self._least))
        found, matches, possible = find_in(
            looks,
            self._profile.encoder,
            self._search(),
            self._memory.stored_features,
            self._profile.reranking,
        )
        return self._look(matches, possible, found.vectors, None)

    def look(self, regions: Regions, vectors: FloatArray) -> Prediction:
        """Match the regions of a photo by their (K, D) float32 unit vectors."""
        start = time.perf_counter()
        matches, possible = self.search(regions.boxes, vectors)
        seconds = time.perf_counter() - start
        total = None if regions.seconds is None else regions.seconds + seconds
        return self._look(matches, possible, vectors, total)

    def search(self, boxes: Sequence[Box], vectors: FloatArray) -> tuple[list[Match], list[Match]]:
        """Return what is named, and what is possible, among K regions.

        Args:
            boxes: Of the regions.
            vectors: (K, D) float32 unit vectors.
        """
        return self._search().matches(boxes, vectors)

    def reject_all(self, photos: Sequence[QueryRegions]) -> None:
        """Reject all that is named in photos, by one state of the memory."""
        search, profile = self._search(), self._profile
        for matches in [
            find_in(
                photo, profile.encoder, search, self._memory.stored_features, profile.reranking
            )[1]
            for photo in photos
        ]:
            for match in matches:
                self._kit.reject(match)

    def _search(self) -> Search:
        return Search.by(
            self._profile,
            self._memory.gallery(),
            threshold=self._threshold,
            strictness=self._strictness,
        )

    def _look(
        self,
        matches: Sequence[Match],
        possible: Sequence[Match],
        vectors: FloatArray,
        seconds: float | None,
    ) -> Prediction:
        names = {f"{number:06}": thing for number, thing in enumerate(self._things)}
        named, maybe = (as_named(side, names) for side in (matches, possible))
        return Prediction(named, self._scores(vectors), seconds, maybe)

    def _scores(self, vectors: FloatArray) -> dict[str, float]:
        """Return the score of each thing's likeliest region; the least there is without any."""
        scores = dict.fromkeys(self._things, self._least)
        snapshot = self._memory.snapshot()
        if snapshot.count and len(vectors):
            rule = self._profile.discriminant or COSINE
            best = snapshot.identities(rule).scores(vectors).max(axis=0)
            for obj, score in zip(snapshot.objects, best.tolist(), strict=True):
                scores[self._things[int(obj.object_id)]] = max(score, self._least)
        return scores

    @property
    def _least(self) -> float:
        return _NO_COSINE if self._profile.discriminant is None else _NO_LOG_ODDS
