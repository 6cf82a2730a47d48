"""Personalized object retrieval (paper 3.3): from a photo to the matches in it.

Five steps: regions are proposed, where need be by a guide that knows what is remembered; they are
embedded; they are scored against the memory; each is decided on and repetitions are left out;
look-alikes are compared patch by patch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.calibration import rate_of
from pekit_agents.errors import InvalidInput
from pekit_agents.retrieval.matching import (
    RANKS,
    by_cosine,
    by_probability,
    distinct_places,
    log_odds_of,
    select,
)
from pekit_agents.retrieval.reranking import rerank
from pekit_agents.scoring import COSINE, Grouped
from pekit_agents.types import Candidate, Match

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.calibration import Strictness
    from pekit_agents.memory import Gallery
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import Encoder, Guide
    from pekit_agents.retrieval.matching import Decision
    from pekit_agents.retrieval.regions import QueryRegions
    from pekit_agents.retrieval.reranking import FeaturesOf, Rerank
    from pekit_agents.scoring import Discriminant, Nearest
    from pekit_agents.settings import MatchSettings, RerankSettings
    from pekit_agents.types import Box, FloatArray, PersonalObject

__all__ = ["Regions", "Search", "find_in", "find_regions"]

_MOST_OBJECTS = 2000  # a guide compares thousands of boxes with all of them
# A product of other shapes may round differently.
_ROUNDING = 1e-4
# Regions in one product. With few columns BLAS copies a matrix that it could have read; a block
# that stays in the processor's cache costs the reading only.
_BLOCK = 256


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """The regions of a photo that are to be matched.

    Attributes:
        boxes: Their K boxes, xyxy in pixels of the photo.
        vectors: (K, D) float32 unit vectors.
    """

    boxes: tuple[Box, ...]
    vectors: FloatArray


class Search:
    """Compares the regions of photos with a memory, by the rule of a profile.

    Args:
        gallery: What is remembered.
        settings: The numbers that decide.
        discriminant: The rule; None takes the paper's.
    """

    def __init__(
        self, gallery: Gallery, settings: MatchSettings, discriminant: Discriminant | None = None
    ) -> None:
        self.gallery, self.settings, self._discriminant = gallery, settings, discriminant
        self._scorer = discriminant or COSINE

    @classmethod
    def by(
        cls,
        profile: Profile,
        gallery: Gallery,
        *,
        threshold: float | None = None,
        strictness: Strictness | None = None,
    ) -> Search:
        """Return a search as a profile does it, or by a caller's threshold or strictness.

        Raises:
            InvalidInput: A threshold is given to a profile with a discriminant, or a strictness to
                one without; the threshold is not in [-1, 1], or the strictness is none.
        """
        settings, discriminant = profile.matching, profile.discriminant
        if threshold is not None:
            if discriminant is not None:
                raise InvalidInput(
                    f"expected a strictness, found a threshold: profile {profile.name!r} decides "
                    "by probability; give strictness='recall', 'precision' or a rate"
                )
            settings = replace(settings, threshold=threshold)
        if strictness is not None:
            if discriminant is None:
                raise InvalidInput(
                    f"expected a profile with a discriminant for strictness {strictness!r}, found "
                    f"{profile.name!r}, which has none; give a threshold, or calibrate it"
                )
            rate = rate_of(strictness)
            if strictness != "balanced":  # that is the profile's own prior
                settings = replace(settings, prior=discriminant.prior(rate))
        return cls(gallery, settings, discriminant)

    def nearest(
        self, vectors: FloatArray, *, ranks: int = RANKS
    ) -> tuple[Sequence[PersonalObject], Nearest]:
        """Return some objects, and which of them each of (K, D) regions speaks for most."""
        return self.gallery.nearest(vectors, self._scorer, floor=self._floor, ranks=ranks)

    def strengths(self, vectors: FloatArray) -> FloatArray:
        """Return (K,) float32: by how much each region would be named; 0 where it just would.

        In log-odds, or as a cosine where there is no discriminant.
        """
        _, nearest = self.nearest(vectors, ranks=1)
        return self._strengths(nearest)

    def matches(
        self, boxes: Sequence[Box], vectors: FloatArray, *, rerank: Rerank | None = None
    ) -> tuple[list[Match], list[Match]]:
        """Return the matches among the regions of one photo, and the possible ones.

        Args:
            boxes: K boxes, xyxy in pixels of the photo.
            vectors: (K, D) float32 unit vectors of the regions.
            rerank: Compares look-alikes patch by patch; None goes by scores alone.

        Returns:
            Those that are named and those that are possible, the strongest first.
        """
        if not len(boxes):
            return [], []
        objects, nearest = self.nearest(vectors)
        return self._matches(boxes, vectors, objects, nearest, rerank)

    def in_each(
        self, photos: Iterable[tuple[Sequence[Box], FloatArray]]
    ) -> Iterator[tuple[list[Match], list[Match]]]:
        """Yield what :meth:`matches` returns for each of many photos.

        The regions of several photos are compared at a time, which costs less than one by one.

        Args:
            photos: The boxes and vectors of each.
        """
        for some in _some(photos):
            sizes = [len(boxes) for boxes, _ in some]
            objects, nearest = self.nearest(np.concatenate([vectors for _, vectors in some]))
            ends = np.cumsum(sizes).tolist()
            for (boxes, vectors), size, end in zip(some, sizes, ends, strict=True):
                yield self._matches(boxes, vectors, objects, nearest.rows(end - size, end), None)

    def region_test(self, views: Sequence[FloatArray]) -> Callable[[FloatArray], NDArray[np.bool_]]:
        """Return a quick test for regions that may be matches of some objects.

        Args:
            views: (V, D) float32 unit vectors of each of these objects.
        """
        nothing = Grouped.of([], views[0].shape[1]) if views else None
        if nothing is None:
            return lambda vectors: np.zeros(len(vectors), bool)
        grouped = Grouped.of(views, views[0].shape[1])
        none = Grouped(nothing.vectors, np.zeros(grouped.count + 1, np.int64))
        identities = self._scorer.identities(grouped, none)
        floor = self._floor - _ROUNDING

        def test(vectors: FloatArray) -> NDArray[np.bool_]:
            passed = np.zeros(len(vectors), bool)
            for begin in range(0, len(vectors), _BLOCK):
                block = slice(begin, begin + _BLOCK)
                passed[block] = identities.scores(vectors[block]).max(axis=1) > floor
            return passed

        return test

    @property
    def _floor(self) -> float:
        """A score up to which an object is of no interest, whatever the others score."""
        if self._discriminant is None:
            return self.settings.threshold
        possible = math.log(self.settings.possible / (1 - self.settings.possible))
        return self.settings.prior + possible - math.log(RANKS)

    def _strengths(self, nearest: Nearest) -> FloatArray:
        if self._discriminant is None:
            return nearest.scores[:, 0] - np.float32(self.settings.threshold)
        return log_odds_of(nearest, self.settings)

    def _matches(
        self,
        boxes: Sequence[Box],
        vectors: FloatArray,
        objects: Sequence[PersonalObject],
        nearest: Nearest,
        rerank: Rerank | None,
    ) -> tuple[list[Match], list[Match]]:
        if self._discriminant is None:
            decided = by_cosine(nearest, self.settings)
        else:
            places = distinct_places(boxes, self.settings)
            decided = by_probability(nearest, self.settings, places=places)
        found = select(boxes, decided, self.settings)
        matches = [_match(each, boxes, vectors, objects) for each in found]
        if rerank is not None:
            matches = [rerank(match) for match in matches]
        named = [match for match in matches if not match.possible]
        return named, [match for match in matches if match.possible]


def find_in(
    query: QueryRegions,
    encoder: Encoder,
    search: Search,
    stored_features: FeaturesOf,
    reranking: RerankSettings | None,
) -> tuple[Regions, list[Match], list[Match]]:
    """Return a photo's regions, the matches among them and the possible ones.

    Args:
        query: What can be seen of the photo.
        encoder: Normalises what was pooled.
        search: Compares it with what is remembered.
        stored_features: Gives what is stored of objects, to compare look-alikes patch by patch.
        reranking: What that comparison weighs; None goes by scores alone.
    """
    found = find_regions(query, encoder, search)

    def compare(match: Match) -> Match:
        if reranking is None:
            return match
        sure = search.settings.sure
        return rerank(match, query.details, stored_features, reranking, sure=sure)

    matches, possible = search.matches(found.boxes, found.vectors, rerank=compare)
    return found, matches, possible


def find_regions(query: QueryRegions, encoder: Encoder, search: Search) -> Regions:
    """Return a photo's regions with their vectors (Eq. 4).

    Args:
        query: What can be seen of the photo.
        encoder: Normalises what was pooled.
        search: Compares it with what is remembered.
    """
    gallery = search.gallery
    guide = _guide(encoder, search) if gallery.count <= _MOST_OBJECTS else None
    boxes, pooled = query.regions(list(gallery.categories), guide)
    if not len(boxes):
        return Regions((), np.zeros((0, encoder.dim), np.float32))
    return Regions(tuple(boxes), encoder.normalize(pooled))


def _match(
    each: Decision, boxes: Sequence[Box], vectors: FloatArray, objects: Sequence[PersonalObject]
) -> Match:
    chances = each.probabilities or (None,) * len(each.objects)
    first, *others = [
        Candidate(objects[index], score, chance)
        for index, score, chance in zip(each.objects, each.scores, chances, strict=True)
    ]
    return Match(
        first.object,
        boxes[each.frame],
        first.score,
        first.probability,
        alternatives=tuple(others),
        possible=each.possible,
        vector=vectors[each.region],
        region=each.region + 1,
    )


def _some(
    photos: Iterable[tuple[Sequence[Box], FloatArray]],
) -> Iterator[list[tuple[Sequence[Box], FloatArray]]]:
    some, regions = [], 0
    for boxes, vectors in photos:
        some.append((boxes, vectors))
        regions += len(boxes)
        if regions >= _BLOCK:
            yield some
            some, regions = [], 0
    if some:
        yield some


def _guide(encoder: Encoder, search: Search) -> Guide:
    return lambda pooled: search.strengths(encoder.normalize(pooled))
