"""One look at a frame: its regions, and what they are by this look or by what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.retrieval.search import Regions, matches_in, regions_in

if TYPE_CHECKING:
    from pekit_agents.profiles import Profile
    from pekit_agents.retrieval.regions import QueryRegions
    from pekit_agents.retrieval.reranking import FeaturesOf
    from pekit_agents.retrieval.search import Search
    from pekit_agents.types import Box, FloatArray, Match, RGBImage

__all__ = ["Look", "Looker"]


@dataclass(frozen=True, slots=True, eq=False)
class Looker:
    """Looks at frames as :meth:`PeKit.find` looks at photos.

    Attributes:
        regions_of: What can be seen of a frame.
        search: Returns what compares regions with the memory; asked for each frame, so that who
            watches a camera sees what is remembered meanwhile.
        profile: The vision tools.
        stored_features: Gives what is stored of objects, to compare look-alikes patch by patch.
    """

    regions_of: Callable[[RGBImage], QueryRegions]
    search: Callable[[], Search]
    profile: Profile
    stored_features: FeaturesOf

    def look(self, image: RGBImage) -> Look:
        """Search a frame; what is remembered is compared once."""
        query, search = self.regions_of(image), self.search()
        if not search.gallery.count:
            dim = self.profile.encoder.dim
            return Look(self, query, search, Regions((), np.zeros((0, dim), np.float32)))
        return Look(self, query, search, regions_in(query, self.profile.encoder, search))


@dataclass(frozen=True, eq=False)
class Look:
    """A frame's regions.

    Attributes:
        looker: Who looked.
        query: What can be seen of the frame.
        search: Compares regions with the memory.
        regions: K regions, in pixels of the frame that was searched.
    """

    looker: Looker
    query: QueryRegions
    search: Search
    regions: Regions

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The K boxes."""
        return self.regions.boxes

    @property
    def vectors(self) -> FloatArray:
        """(K, D) float32 unit vectors."""
        return self.regions.vectors

    @cached_property
    def strengths(self) -> FloatArray:
        """(K,) float32: by how much each region would be named by this look; 0 where just."""
        return self.search.strengths(self.vectors)

    def matches(self, known: Mapping[int, FloatArray]) -> list[Match]:
        """Return the matches, possible ones too, the strongest first.

        Args:
            known: For regions of which more is known than this look: (D,) float32 unit vectors to
                compare in place of theirs.
        """
        if not self.boxes:
            return []
        vectors = self.vectors.copy()
        for region, vector in known.items():
            vectors[region] = vector
        return matches_in(
            self.query,
            replace(self.regions, vectors=vectors),
            self.search,
            self.looker.stored_features,
            self.looker.profile.reranking,
        )
