"""The kit as it is evaluated: photo by photo, or on features from a cache."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pekit_agents.embedding.local_features import as_details
from pekit_agents.embedding.pooling import mean_direction
from pekit_agents.evaluation.features.regions import CachedRegions
from pekit_agents.evaluation.recognizers.introductions import introduced_things, vectors_of
from pekit_agents.evaluation.recognizers.scratch import ScratchKit
from pekit_agents.evaluation.recognizers.vector_memory import VectorMemory

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.evaluation.features.features import Features
    from pekit_agents.evaluation.recognizers.recognizer import Prediction
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import AnswerModel, SearchMode

__all__ = [
    "SECOND_OPINION",
    "AskingRecognizer",
    "CorrectedRecognizer",
    "KitRecognizer",
    "PeKitRecognizer",
]

#: The product that asks an LVLM about what is only possible.
SECOND_OPINION = "pekit, second opinion"


class KitRecognizer:
    """The product as a user meets it: ``remember`` and ``find``, photo by photo, no cache.

    Slower than :class:`PeKitRecognizer`, which must answer the same.

    Args:
        profile: The vision tools and their settings.
        name: What to call it in a report.
        mode: How hard to look.
        answerer: Who is asked about what is only possible; None asks nobody.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        name: str = "pekit",
        mode: SearchMode = "auto",
        answerer: AnswerModel | None = None,
    ) -> None:
        self.name = name
        self._profile, self._answerer = profile, answerer
        self._mode: SearchMode = mode
        self._memory = self._new_memory()

    def learn(
        self, references: Mapping[str, Sequence[Path]], categories: Mapping[str, str]
    ) -> None:
        """Remember the things in a new memory."""
        self._memory = self._new_memory()
        for thing, photos in references.items():
            self._memory.remember(thing, list(photos), categories[thing])

    def look(self, photo: Path) -> Prediction:
        """Search a photo; the scores are those of what is named or possible."""
        start = time.perf_counter()
        found = self._memory.find(photo, self._mode)
        return replace(found, seconds=time.perf_counter() - start)

    def _new_memory(self) -> ScratchKit:
        return ScratchKit(self._profile, answerer=self._answerer)


class AskingRecognizer(KitRecognizer):
    """The product that asks an LVLM about what is only possible.

    What it takes for the object counts as named, what it does not as neither named nor possible.

    Args:
        features: Says in which reference photos there is an object, and gives the mode.
        answerer: Who is asked.
        profile: The vision tools and their settings; None takes the features' own.
    """

    def __init__(
        self, features: Features, answerer: AnswerModel, *, profile: Profile | None = None
    ) -> None:
        super().__init__(
            profile or features.profile,
            name=SECOND_OPINION,
            mode=features.mode,
            answerer=answerer,
        )
        self._features = features

    def learn(
        self, references: Mapping[str, Sequence[Path]], categories: Mapping[str, str]
    ) -> None:
        """Remember the things in a new memory; a photo without an object is left out."""
        shown = {
            thing: [p for p in photos if self._features.introduced(p, categories[thing])]
            for thing, photos in references.items()
        }
        super().learn({thing: photos for thing, photos in shown.items() if photos}, categories)


class PeKitRecognizer:
    """The product on features from a cache: they are remembered and matched by its own code.

    Args:
        features: Gives the features of photos.
        profile: Whose encoder normalises and whose settings match; None takes the features'
            own. Its encoder must pool like the features' encoder.
        name: What to call it in a report.
        threshold: As for :meth:`PeKit.find`.
        strictness: As for :meth:`PeKit.find`.
    """

    def __init__(
        self,
        features: Features,
        *,
        profile: Profile | None = None,
        name: str = "pekit",
        threshold: float | None = None,
        strictness: Strictness | None = None,
    ) -> None:
        self.name = name
        self._features = features
        self._profile = profile or features.profile
        self._threshold, self._strictness = threshold, strictness
        self._memory = self._new_memory()

    def learn(
        self, references: Mapping[str, Sequence[Path]], categories: Mapping[str, str]
    ) -> None:
        """Remember the things in a new memory; a photo without an object is left out."""
        encoder = self._profile.encoder
        self._memory = self._new_memory()
        introduced = introduced_things(self._features, references, categories)
        details = {
            thing: [as_details(each.patches, encoder) for each in found if each.patches]
            for thing, found in introduced.items()
        }
        self._memory.fill(
            vectors_of(introduced, lambda each: mean_direction(each.looks, encoder)),
            categories,
            details=details if self._features.describes else None,
        )

    def look(self, photo: Path) -> Prediction:
        """Search a photo as the kit does."""
        looks = CachedRegions(photo, self._features, self._profile.encoder)
        start = time.perf_counter()
        found = self._memory.find(looks)
        if looks.seconds is None:
            return found
        return replace(found, seconds=time.perf_counter() - start)

    def _new_memory(self) -> VectorMemory:
        return VectorMemory(self._profile, threshold=self._threshold, strictness=self._strictness)


class CorrectedRecognizer(PeKitRecognizer):
    """The product whose user rejects all that it names in some photos of nothing remembered.

    Args:
        features: Gives the features of photos.
        told: The photos; what is named in them before any correction is rejected.
        profile: As for :class:`PeKitRecognizer`.
        name: What to call it in a report.
        strictness: As for :meth:`PeKit.find`.
    """

    def __init__(
        self,
        features: Features,
        told: Sequence[Path],
        *,
        profile: Profile | None = None,
        name: str = "pekit, corrected",
        strictness: Strictness | None = None,
    ) -> None:
        super().__init__(features, profile=profile, name=name, strictness=strictness)
        self._told = tuple(told)

    def learn(
        self, references: Mapping[str, Sequence[Path]], categories: Mapping[str, str]
    ) -> None:
        """Remember the things in a new memory, and what they are not."""
        super().learn(references, categories)
        encoder = self._profile.encoder
        told = [CachedRegions(photo, self._features, encoder) for photo in self._told]
        self._memory.reject_all(told)
