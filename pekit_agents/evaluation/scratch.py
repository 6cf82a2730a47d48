"""A kit whose memory goes with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pekit_agents.evaluation.records import Named
from pekit_agents.kit import PeKit
from pekit_agents.memory import Memory
from pekit_agents.retrieval import match_settings, settings_for

if TYPE_CHECKING:
    from pekit_agents.images import ImageSource
    from pekit_agents.matching import MatchSettings
    from pekit_agents.memory import Gallery, Portrait
    from pekit_agents.profiles import Profile
    from pekit_agents.types import Match, PersonalObject

__all__ = ["ScratchKit"]


class ScratchKit:
    """A kit with a memory of its own, which is gone when this is."""

    def __init__(self, profile: Profile) -> None:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.kit = PeKit.open(self._folder.name, profile=profile)
        self._profile = profile
        encoder = profile.encoder
        self._memory = Memory.open(
            self._folder.name, user_id="default", encoder_id=encoder.id, dim=encoder.dim
        )
        self._things: dict[str, str] = {}

    def gallery(self) -> Gallery:
        """Return what is remembered, as a search sees it."""
        return self._memory.gallery()

    def portraits(self, object_ids: Sequence[str]) -> Mapping[str, Portrait]:
        """Return what is stored of some objects."""
        return self._memory.portraits(object_ids)

    def settings(self, threshold: float | None) -> MatchSettings:
        """Return the settings of a search, as :meth:`PeKit.find` makes them."""
        settings = match_settings(self._profile, threshold)
        return settings_for(self.gallery(), settings, self._profile.strangers)

    def remember(self, thing: str, images: Sequence[ImageSource], category: str) -> None:
        """Remember a thing; it keeps its own name here, whatever the kit makes of it."""
        obj = self.kit.remember(thing, list(images), category=category)
        self._things[obj.object_id] = thing

    def thing(self, obj: PersonalObject) -> str:
        """Return the thing's own name."""
        return self._things[obj.object_id]

    def named(self, matches: Iterable[Match]) -> tuple[Named, ...]:
        """Return the matches by the names of the things."""
        return tuple(
            Named(
                self._things[match.object.object_id],
                match.score,
                match.box,
                tuple(self._things[c.object.object_id] for c in match.alternatives),
            )
            for match in matches
        )
