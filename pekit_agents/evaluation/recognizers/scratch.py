"""A kit for one evaluation: a memory of its own, and answers by the names of a data set."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.evaluation.records import Named
from pekit_agents.kit.kit import PeKit
from pekit_agents.memory import Memory
from pekit_agents.retrieval.search import Regions, Search, find_in
from pekit_agents.scoring import COSINE
from pekit_agents.types import PersonalObject

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.profiles import Profile
    from pekit_agents.retrieval.regions import QueryRegions
    from pekit_agents.types import Details, FloatArray, Match

__all__ = ["ScratchKit"]

_LEAST_COSINE = -1.0
_LEAST_LOG_ODDS = -100.0  # beyond every prior, so that no setting would name it


class ScratchKit(PeKit):
    """A kit whose memory is gone when this is.

    Objects are stored by number, since the names of a data set may be no names for the kit.

    Args:
        profile: The vision tools and their settings.
        keep_crops: As for :meth:`PeKit.open`.
    """

    def __init__(self, profile: Profile, *, keep_crops: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        encoder, root = profile.encoder, self._folder.name
        memory = Memory.open(root, user_id="default", encoder_id=encoder.id, dim=encoder.dim)
        super().__init__(memory, profile, keep_crops=keep_crops)
        self._things: list[str] = []  # by the number that is their object id

    def new_id(self, thing: str) -> str:
        """Return the object id for a thing that is introduced now."""
        self._things.append(thing)
        return f"{len(self._things) - 1:06}"

    def insert(
        self,
        thing: str,
        category: str,
        vectors: Sequence[FloatArray],
        details: Sequence[Details] | None = None,
    ) -> None:
        """Remember a thing by views that were computed before.

        Args:
            thing: Its name in the data set.
            category: What it is.
            vectors: (D,) float32 unit vectors; without any it is known and not remembered.
            details: What it looks like in each view, to compare look-alikes patch by patch.
        """
        number = self.new_id(thing)
        if vectors:
            obj = PersonalObject(number, number, category, "", 0, datetime.now(UTC))
            self._memory.insert(obj, vectors, details=details)

    def search(
        self,
        query: QueryRegions,
        *,
        threshold: float | None = None,
        strictness: Strictness | None = None,
    ) -> tuple[Regions, list[Match], list[Match]]:
        """Search what can be seen of a photo, as :meth:`PeKit.find` searches the photo itself.

        Returns:
            Its regions, what is named among them and what is possible.

        Raises:
            InvalidInput: The threshold or strictness is none, or not for this profile.
        """
        profile, gallery = self._profile, self._memory.gallery()
        search = Search.by(profile, gallery, threshold=threshold, strictness=strictness)
        if not gallery.count:
            return Regions((), np.zeros((0, profile.encoder.dim), np.float32)), [], []
        stored = self._memory.stored_features
        return find_in(query, profile.encoder, search, stored, profile.reranking)

    def named(self, matches: Iterable[Match]) -> tuple[Named, ...]:
        """Return matches by the names of the data set, in the same order."""
        return tuple(
            Named(
                self._things[int(match.object.object_id)],
                match.score,
                match.box,
                tuple(self._things[int(each.object.object_id)] for each in match.alternatives),
                match.probability,
            )
            for match in matches
        )

    def scores(self, vectors: FloatArray) -> dict[str, float]:
        """Return the score of each thing's likeliest of K regions; the least there is without any.

        Args:
            vectors: (K, D) float32 unit vectors.
        """
        rule = self._profile.discriminant
        least = _LEAST_COSINE if rule is None else _LEAST_LOG_ODDS
        scores = dict.fromkeys(self._things, least)
        snapshot = self._memory.snapshot()
        if snapshot.count and len(vectors):
            best = snapshot.identities(rule or COSINE).scores(vectors).max(axis=0)
            for obj, score in zip(snapshot.objects, best.tolist(), strict=True):
                scores[self._things[int(obj.object_id)]] = max(score, least)
        return scores
