"""Personalized object retrieval (paper 3.3): from a photo to the matches in it.

Five stages, and :func:`find_in` names them: regions are proposed, where need be by a guide that
knows what is remembered; they are embedded; they are scored against the memory; each is decided on
and repetitions are left out; look-alikes are compared patch by patch.
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
from pekit_agents.scoring import COSINE, Grouped, Nearest
from pekit_agents.types import Candidate, Match

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.calibration import Strictness
    from pekit_agents.memory import Gallery
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import Encoder, Guide
    from pekit_agents.retrieval.matching import Decision
    from pekit_agents.retrieval.regions import QueryRegions
    from pekit_agents.retrieval.reranking import FeaturesOf
    from pekit_agents.scoring import Discriminant
    from pekit_agents.settings import MatchSettings, RerankSettings
    from pekit_agents.types import Box, FloatArray, PersonalObject

__all__ = ["Regions", "Scores", "Search", "find_in", "matches_in", "regions_in", "settings_by"]

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


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """How much each of K regions speaks for what is remembered.

    Attributes:
        objects: Some objects, at least those that ``nearest`` names.
        nearest: Which of them each region speaks for most, as indices into them.
    """

    objects: Sequence[PersonalObject]
    nearest: Nearest


def settings_by(
    profile: Profile, *, threshold: float | None = None, strictness: Strictness | None = None
) -> MatchSettings:
    """Return the numbers that decide: a profile's, or by a caller's threshold or strictness.

    Raises:
        InvalidInput: As for :meth:`Search.by`.
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
    return settings


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
        settings = settings_by(profile, threshold=threshold, strictness=strictness)
        return cls(gallery, settings, profile.discriminant)

    def guide(self, encoder: Encoder) -> Guide | None:
        """Return what says of pooled features how much they resemble what is remembered.

        None where very much is: it would take too long.

        Args:
            encoder: Normalises what was pooled.
        """
        if self.gallery.count > _MOST_OBJECTS:
            return None
        return lambda pooled: self.strengths(encoder.normalize(pooled))

    def score(self, vectors: FloatArray, *, ranks: int = RANKS) -> Scores:
        """Return which objects each of (K, D) float32 regions speaks for most, and how much."""
        if not len(vectors):
            return Scores((), Nearest.nothing(0, ranks))
        return Scores(*self.gallery.nearest(vectors, self._scorer, floor=self._floor, ranks=ranks))

    def strengths(self, vectors: FloatArray) -> FloatArray:
        """Return (K,) float32: by how much each region would be named; 0 where it just would.

        In log-odds, or as a cosine where there is no discriminant.
        """
        nearest = self.score(vectors, ranks=1).nearest
        if self._discriminant is None:
            return nearest.scores[:, 0] - np.float32(self.settings.threshold)
        return log_odds_of(nearest, self.settings)

    def sameness(self, look: FloatArray, vectors: FloatArray) -> FloatArray:
        """Return (K,) float32: by how much regions show the same thing as a look; 0 where they may.

        In log-odds, or as a cosine above the threshold where there is no discriminant.

        Args:
            look: (D,) float32 unit vector.
            vectors: (K, D) float32 unit vectors of the regions.
        """
        dim = len(look)
        nothing = Grouped.of([np.zeros((0, dim), np.float32)], dim)
        one = self._scorer.identities(Grouped.of([look[None]], dim), nothing)
        least = self.settings.threshold if self._discriminant is None else 0.0
        return one.scores(vectors)[:, 0] - np.float32(least)

    def match(self, boxes: Sequence[Box], vectors: FloatArray, scores: Scores) -> list[Match]:
        """Return the matches among the regions of one photo, possible ones too, strongest first.

        Args:
            boxes: K boxes, xyxy in pixels of the photo.
            vectors: (K, D) float32 unit vectors of the regions.
            scores: What these speak for.
        """
        if self._discriminant is None:
            decided = by_cosine(scores.nearest, self.settings)
        else:
            places = distinct_places(boxes, self.settings)
            decided = by_probability(scores.nearest, self.settings, places=places)
        found = select(boxes, decided, self.settings)
        return [_match(each, boxes, vectors, scores.objects) for each in found]

    def matches(self, boxes: Sequence[Box], vectors: FloatArray) -> tuple[list[Match], list[Match]]:
        """Return what is named among a photo's regions, and what is possible, by scores alone.

        Args:
            boxes: K boxes, xyxy in pixels of the photo.
            vectors: (K, D) float32 unit vectors of the regions.
        """
        return _by_certainty(self.match(boxes, vectors, self.score(vectors)))

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
            all_of_them = self.score(np.concatenate([vectors for _, vectors in some]))
            ends = np.cumsum(sizes).tolist()
            for (boxes, vectors), size, end in zip(some, sizes, ends, strict=True):
                own = Scores(all_of_them.objects, all_of_them.nearest.rows(end - size, end))
                yield _by_certainty(self.match(boxes, vectors, own))

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
        encoder: Normalises what the guide is asked about.
        search: Compares the regions with what is remembered.
        stored_features: Gives what is stored of objects, to compare look-alikes patch by patch.
        reranking: What that comparison weighs; None goes by scores alone.
    """
    regions = regions_in(query, encoder, search)
    matches = matches_in(query, regions, search, stored_features, reranking)
    return regions, *_by_certainty(matches)


def regions_in(query: QueryRegions, encoder: Encoder, search: Search) -> Regions:
    """Return the regions of a photo that are to be matched; arguments as for :func:`find_in`."""
    boxes = query.propose(list(search.gallery.categories), search.guide(encoder))
    return Regions(tuple(boxes), query.embed())


def matches_in(
    query: QueryRegions,
    regions: Regions,
    search: Search,
    stored_features: FeaturesOf,
    reranking: RerankSettings | None,
) -> list[Match]:
    """Return the matches among the regions of a photo, possible ones too, strongest first.

    Args:
        query: What can be seen of the photo.
        regions: Its regions; a clip may know better vectors of them than one frame gives.
        search: As for :func:`find_in`.
        stored_features: As for :func:`find_in`.
        reranking: As for :func:`find_in`.
    """
    matches = search.match(regions.boxes, regions.vectors, search.score(regions.vectors))
    return rerank(matches, query.details, stored_features, reranking, sure=search.settings.sure)


def _by_certainty(matches: Sequence[Match]) -> tuple[list[Match], list[Match]]:
    """Return what is named, and what is only possible."""
    named = [match for match in matches if not match.possible]
    return named, [match for match in matches if match.possible]


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
