"""A kit whose memory goes with it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pekit_agents.evaluation.recognizers.naming import as_named
from pekit_agents.evaluation.recognizers.recognizer import Prediction
from pekit_agents.kit.kit import PeKit

if TYPE_CHECKING:
    from pekit_agents.images.loading import ImageSource
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import AnswerModel, SearchMode

__all__ = ["ScratchKit"]


class ScratchKit:
    """A kit with a memory of its own, which is gone when this is.

    Args:
        profile: The vision tools and their settings.
        answerer: Who is asked about what is only possible; None asks nobody.
    """

    def __init__(self, profile: Profile, *, answerer: AnswerModel | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        keep_crops = answerer is not None  # which a second opinion needs
        self._kit = PeKit.open(self._folder.name, profile=profile, keep_crops=keep_crops)
        self._answerer = answerer
        self._things: dict[str, str] = {}

    def remember(self, thing: str, images: Sequence[ImageSource], category: str) -> None:
        """Remember a thing; it keeps its own name here, whatever the kit makes of it."""
        obj = self._kit.remember(thing, list(images), category=category)
        self._things[obj.object_id] = thing

    def find(self, photo: ImageSource, mode: SearchMode) -> Prediction:
        """Search a photo; the scores are those of what is named or possible."""
        finding = self._kit.find(photo, mode=mode)
        if self._answerer is not None:
            finding = self._kit.second_opinion(finding, self._answerer)
        named, possible = (
            as_named(side, self._things) for side in (finding.matches, finding.possible)
        )
        strongest_last = reversed((*named, *possible))
        return Prediction(
            named, {each.name: each.score for each in strongest_last}, possible=possible
        )
