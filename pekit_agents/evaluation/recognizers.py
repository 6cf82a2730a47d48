"""What is evaluated: whoever is introduced to things and then names them in photos."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pekit_agents.details import as_details
from pekit_agents.embedding import mean_direction
from pekit_agents.evaluation.cached_looks import CachedLooks
from pekit_agents.evaluation.records import Named
from pekit_agents.evaluation.replay import Replay
from pekit_agents.kit import PeKit
from pekit_agents.memory import Memory
from pekit_agents.retrieval import find_in, match_settings, settings_for

if TYPE_CHECKING:
    from pekit_agents.evaluation.features import Features, Introduced, Regions
    from pekit_agents.images import ImageSource
    from pekit_agents.looks import Looks
    from pekit_agents.matching import MatchSettings
    from pekit_agents.memory import Gallery, Portrait
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import Encoder, SearchMode
    from pekit_agents.strangers import Strangers
    from pekit_agents.types import Box, Details, FloatArray, Match, PersonalObject

__all__ = [
    "CorrectedRecognizer",
    "KitRecognizer",
    "Look",
    "PeKitRecognizer",
    "Recognizer",
    "VectorMemory",
    "introduced_things",
    "vectors_of",
]


@dataclass(frozen=True, slots=True)
class Look:
    """What a recognizer says about one photo.

    Attributes:
        named: What it names, the surest first.
        scores: Its best score for each thing it knows, named or not, in the units of its
            threshold: for the kit the object score less what the number of regions costs.
        seconds: Wall time; None when features came from a cache.
    """

    named: tuple[Named, ...]
    scores: Mapping[str, float]
    seconds: float | None = None


class Recognizer(Protocol):
    """Learns things from reference photos and names them in other photos.

    Attributes:
        name: What to call it in a report.
    """

    @property
    def name(self) -> str:
        """What to call it in a report."""
        ...

    def learn(
        self, references: Mapping[str, Sequence[Path]], categories: Mapping[str, str]
    ) -> None:
        """Learn these things, and forget all others.

        Args:
            references: The photos of each thing.
            categories: What each thing is.
        """
        ...

    def look(self, photo: Path) -> Look:
        """Name the things in a photo."""
        ...


class KitRecognizer:
    """The product as a user meets it: ``remember`` and ``find``, photo by photo, no cache.

    Slower than :class:`PeKitRecognizer`, which must answer the same.

    Args:
        profile: The vision tools and their settings.
        name: What to call it in a report.
        mode: How hard to look.
    """

    def __init__(self, profile: Profile, *, name: str = "pekit", mode: SearchMode = "auto") -> None:
        self.name = name
        self._profile = profile
        self._mode: SearchMode = mode
        self._memory = _Scratch(profile)

    def learn(
        self, references: Mapping[str, Sequence[Path]], categories: Mapping[str, str]
    ) -> None:
        """Remember the things in a new memory."""
        self._memory = _Scratch(self._profile)
        for thing, photos in references.items():
            self._memory.remember(thing, list(photos), categories[thing])

    def look(self, photo: Path) -> Look:
        """Search a photo; the scores are those of what is named."""
        start = time.perf_counter()
        named = self._memory.named(self._memory.kit.find(photo, mode=self._mode).matches)
        seconds = time.perf_counter() - start
        return Look(named, {each.name: each.score for each in reversed(named)}, seconds)


class PeKitRecognizer:
    """The product on features from a cache: they are remembered and matched by its own code.

    Args:
        features: Gives the features of photos.
        profile: Whose encoder normalises and whose settings match; None takes the features'
            own. Its encoder must pool like the features' encoder.
        name: What to call it in a report.
        threshold: tau, in place of the profile's, as for :meth:`PeKit.find`.
    """

    def __init__(
        self,
        features: Features,
        *,
        profile: Profile | None = None,
        name: str = "pekit",
        threshold: float | None = None,
    ) -> None:
        self.name = name
        self._features = features
        self._profile = profile or features.profile
        self._threshold = threshold
        self._bank = VectorMemory(self._profile.matching, threshold, self._profile.strangers)

    def learn(
        self, references: Mapping[str, Sequence[Path]], categories: Mapping[str, str]
    ) -> None:
        """Remember the things in a new memory; a photo without an object is left out."""
        encoder = self._profile.encoder
        self._bank = VectorMemory(self._profile.matching, self._threshold, self._profile.strangers)
        introduced = introduced_things(self._features, references, categories)
        details = {
            thing: [as_details(each.patches, encoder) for each in found if each.patches]
            for thing, found in introduced.items()
        }
        self._bank.fill(
            vectors_of(introduced, lambda each: mean_direction(each.looks, encoder)),
            categories,
            encoder_id=encoder.id,
            details=details if self._features.describes else None,
        )

    def threshold(self) -> float:
        """Return tau for a photo with one region."""
        return self._bank.threshold()

    def look(self, photo: Path) -> Look:
        """Search a photo as the kit does."""
        looks = CachedLooks(photo, self._features, self._profile.encoder)
        start = time.perf_counter()
        found = self._bank.find(looks, self._profile.encoder)
        if looks.seconds is None:
            return found
        return replace(found, seconds=time.perf_counter() - start)


class CorrectedRecognizer(PeKitRecognizer):
    """The product whose user rejects all that it names in some photos of nothing remembered.

    Args:
        features: Gives the features of photos.
        told: The photos; what is named in them before any correction is rejected.
        profile: As for :class:`PeKitRecognizer`.
        name: What to call it in a report.
    """

    def __init__(
        self,
        features: Features,
        told: Sequence[Path],
        *,
        profile: Profile | None = None,
        name: str = "pekit, corrected",
    ) -> None:
        super().__init__(features, profile=profile, name=name)
        self._told = tuple(told)

    def learn(
        self, references: Mapping[str, Sequence[Path]], categories: Mapping[str, str]
    ) -> None:
        """Remember the things in a new memory, and what they are not."""
        super().learn(references, categories)
        encoder = self._profile.encoder
        told = [CachedLooks(photo, self._features, encoder) for photo in self._told]
        self._bank.reject_all(told, encoder)


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
        self._memory: _Scratch | None = None

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
        self._memory = _Scratch(profile)
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
        self, memory: _Scratch, looks: Looks, encoder: Encoder
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


def introduced_things(
    features: Features,
    references: Mapping[str, Sequence[Path]],
    categories: Mapping[str, str],
) -> dict[str, list[Introduced]]:
    """Return each thing in its reference photos; photos without an object are left out."""
    return {
        thing: [
            found
            for photo in photos
            if (found := features.introduced(photo, categories[thing])) is not None
        ]
        for thing, photos in references.items()
    }


def vectors_of(
    introduced: Mapping[str, Sequence[Introduced]], vector: Callable[[Introduced], FloatArray]
) -> dict[str, FloatArray]:
    """Return the views of each thing, (V, D) float32; V is 0 where no photo gave one."""
    return {
        thing: np.stack([vector(each) for each in found]) if found else np.zeros((0, 1), np.float32)
        for thing, found in introduced.items()
    }


class _Scratch:
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
