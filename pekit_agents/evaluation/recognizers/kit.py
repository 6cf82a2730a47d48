"""The kit as it is evaluated: photo by photo, or on features from a cache."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pekit_agents.embedding.local_features import as_details
from pekit_agents.embedding.pooling import mean_direction
from pekit_agents.evaluation.features.regions import CachedRegions
from pekit_agents.evaluation.recognizers.recognizer import Prediction
from pekit_agents.evaluation.recognizers.scratch import ScratchKit

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.evaluation.features.features import Features
    from pekit_agents.evaluation.features.records import Introduced
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import AnswerModel, SearchMode
    from pekit_agents.types import FloatArray, Match

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
        self._kit = self._new_kit()

    def learn(
        self, references: Mapping[str, Sequence[Path]], categories: Mapping[str, str]
    ) -> None:
        """Remember the things in a new memory."""
        self._kit = kit = self._new_kit()
        for thing, photos in references.items():
            category = categories[thing]
            kit.remember(thing, list(photos), category=category, object_id=kit.new_id(thing))

    def look(self, photo: Path) -> Prediction:
        """Search a photo; the scores are those of what is named or possible."""
        start = time.perf_counter()
        finding = self._kit.find(photo, mode=self._mode)
        if self._answerer is not None:
            finding = self._kit.second_opinion(finding, self._answerer)
        seconds = time.perf_counter() - start
        named, possible = self._kit.named(finding.matches), self._kit.named(finding.possible)
        scores = {each.name: each.score for each in reversed((*named, *possible))}
        return Prediction(named, scores, seconds, possible)

    def _new_kit(self) -> ScratchKit:
        # A second opinion needs crops.
        return ScratchKit(self._profile, keep_crops=self._answerer is not None)


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

    Raises:
        InvalidInput: The threshold or strictness is none, or not for this profile.
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
        self._kit = ScratchKit(self._profile)
        # Refuses what cannot be, before any work.
        list(self._kit.match_regions((), threshold=threshold, strictness=strictness))

    def learn(
        self, references: Mapping[str, Sequence[Path]], categories: Mapping[str, str]
    ) -> None:
        """Remember the things in a new memory; a photo without an object is left out."""
        self._kit = ScratchKit(self._profile)
        encoder = self._profile.encoder
        compares = self._features.describes and self._profile.reranking is not None
        for thing, photos in references.items():
            every = [self._features.introduced(photo, categories[thing]) for photo in photos]
            found = [each for each in every if each is not None]
            patches = [each.patches for each in found if compares and each.patches]
            details = [as_details(each, encoder) for each in patches] or None
            vectors = [self._view(each) for each in found]
            self._kit.insert(thing, categories[thing], vectors, details)

    def look(self, photo: Path) -> Prediction:
        """Search a photo as the kit does."""
        query = CachedRegions(photo, self._features, self._profile.encoder)
        start = time.perf_counter()
        regions, named, possible = self._kit.search(
            query, threshold=self._threshold, strictness=self._strictness
        )
        seconds = None if query.seconds is None else time.perf_counter() - start
        return self._prediction(regions.vectors, named, possible, seconds)

    def _view(self, introduced: Introduced) -> FloatArray:
        return mean_direction(introduced.looks, self._profile.encoder)

    def _prediction(
        self,
        vectors: FloatArray,
        matches: Sequence[Match],
        possible: Sequence[Match],
        seconds: float | None,
    ) -> Prediction:
        kit = self._kit
        return Prediction(kit.named(matches), kit.scores(vectors), seconds, kit.named(possible))


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
        queries = [CachedRegions(p, self._features, self._profile.encoder) for p in self._told]
        wrong = [self._kit.search(each, strictness=self._strictness)[1] for each in queries]
        for match in (match for matches in wrong for match in matches):
            self._kit.reject(match)
