"""What to compare the kit with, on the same photos and features.

No baseline's threshold is chosen by the photos that are searched: it is fixed, or follows from
the references alone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from pekit_agents.evaluation.recognizers.kit import PeKitRecognizer
from pekit_agents.evaluation.recognizers.recognizer import Prediction
from pekit_agents.evaluation.records import Named
from pekit_agents.settings import MatchSettings

if TYPE_CHECKING:
    from pekit_agents.evaluation.features.features import Features
    from pekit_agents.evaluation.features.records import Introduced, Regions, Whole
    from pekit_agents.evaluation.recognizers.recognizer import Recognizer
    from pekit_agents.types import FloatArray

__all__ = [
    "COSINE",
    "ConceptHeads",
    "ImageRetrieval",
    "PaperRule",
    "RegionCosine",
    "baselines",
    "reads_whole",
]

#: The name of the baseline that differs from the kit by its rule alone.
COSINE = "cosine"


Pooling = Literal["token", "mean"]

_FALSE_PAIRS = 0.05  # of pairs of different things' references may pass the threshold
_ALONE = 0.75  # the threshold where there is no other thing to compare with
_PAPER = MatchSettings(threshold=0.75)
_FIXED = MatchSettings(threshold=0.35)


def baselines(features: Features, negatives: Sequence[Path] = ()) -> list[Recognizer]:
    """Return the baselines that a profile's features allow.

    Args:
        features: Gives the features of photos.
        negatives: Photos without any of the things, for those who learn from them.
    """
    found: list[Recognizer] = [
        ImageRetrieval(features, "mean"),
        RegionCosine(features),
        PaperRule(features),
    ]
    if features.has_tokens:
        found.insert(0, ImageRetrieval(features, "token"))
    pooling: Pooling = "token" if features.has_tokens else "mean"
    return [*found, ConceptHeads(features, pooling, negatives)]


def reads_whole(baseline: Recognizer) -> bool:
    """Return whether a baseline looks at whole images."""
    return isinstance(baseline, ImageRetrieval | ConceptHeads)


class ImageRetrieval:
    """Whole images, as a multimodal RAG retrieves them: the nearest reference, if near enough.

    The threshold is the similarity that one in twenty pairs of (a reference, another thing)
    exceeds, among the references themselves.

    Args:
        features: Gives the features of photos.
        pooling: The encoder's class token, or the mean of its patch features.
    """

    def __init__(self, features: Features, pooling: Pooling) -> None:
        self.name = "image token" if pooling == "token" else "image mean"
        self._features = features
        self._pooling: Pooling = pooling
        self._views: dict[str, FloatArray] = {}
        self._threshold = _ALONE

    def learn(
        self, references: Mapping[str, Sequence[Path]], categories: Mapping[str, str]
    ) -> None:
        """Keep the vectors of the references."""
        del categories
        self._views = {
            thing: _unit(np.stack([self._vector(photo)[0] for photo in photos]))
            for thing, photos in references.items()
        }
        self._threshold = false_pair_threshold(self._views)

    def look(self, photo: Path) -> Prediction:
        """Name the thing of the nearest reference."""
        vector, seconds = self._vector(photo)
        unit = _unit(vector[None])[0]
        scores = {thing: float((views @ unit).max()) for thing, views in self._views.items()}
        best = max(scores, key=scores.__getitem__)
        near = scores[best] > self._threshold
        return Prediction((Named(best, scores[best]),) if near else (), scores, seconds)

    def _vector(self, photo: Path) -> tuple[FloatArray, float | None]:
        whole = self._features.whole(photo)
        return _pooled(whole, self._pooling), whole.seconds


class RegionCosine(PeKitRecognizer):
    """Regions and whitened vectors as the kit has them at a first look, and one fixed tau of 0.35.

    The best view of an object counts. The difference to the kit is what a discriminant is worth.

    Args:
        features: Gives the features of photos.
        settings: Another tau.
        name: What to call it in a report.
    """

    def __init__(
        self, features: Features, *, settings: MatchSettings = _FIXED, name: str = COSINE
    ) -> None:
        profile = features.profile
        by_cosine = replace(profile, matching=settings, discriminant=None, reranking=None)
        super().__init__(features, profile=by_cosine, name=name)
        self._categories: tuple[str, ...] = ()

    def learn(
        self, references: Mapping[str, Sequence[Path]], categories: Mapping[str, str]
    ) -> None:
        """Remember the regions of the references in a new memory."""
        super().learn(references, categories)
        self._categories = tuple(dict.fromkeys(categories[thing] for thing in references))

    def look(self, photo: Path) -> Prediction:
        """Compare the regions of a photo."""
        regions = self._features.regions(photo, self._categories)
        vectors = self._vectors(regions)
        start = time.perf_counter()
        (found,) = self._kit.match_regions([(regions.boxes, vectors)])
        spent = time.perf_counter() - start
        seconds = None if regions.seconds is None else regions.seconds + spent
        return self._prediction(vectors, *found, seconds)

    def _vectors(self, regions: Regions) -> FloatArray:
        pooled = regions.pooled
        return self._profile.encoder.normalize(pooled) if len(pooled) else pooled


class PaperRule(RegionCosine):
    """Eq. 2 and 4 as they stand: regions pooled over the whole photo, tau = 0.75.

    Extractor and proposer are the profile's; the features are neither centred nor whitened, one
    view counts for each photo, and the best view of an object counts.

    Args:
        features: Gives the features of photos.
    """

    def __init__(self, features: Features) -> None:
        super().__init__(features, settings=_PAPER, name="paper rule")

    def _view(self, introduced: Introduced) -> FloatArray:
        view: FloatArray = _unit(introduced.plain[None])[0]
        return view

    def _vectors(self, regions: Regions) -> FloatArray:
        return _unit(regions.plain)


class ConceptHeads:
    """A linear head for each thing on whole images, as MyVLM trains them.

    Positives are its references; negatives the other things' references and given photos. Each
    head decides for itself, at a probability of one half.

    Args:
        features: Gives the features of photos.
        pooling: The encoder's class token, or the mean of its patch features.
        negatives: Photos without any of the things.
    """

    def __init__(
        self, features: Features, pooling: Pooling, negatives: Sequence[Path] = ()
    ) -> None:
        self.name = "concept head"
        self._features = features
        self._pooling: Pooling = pooling
        self._negatives = tuple(negatives)
        self._things: list[str] = []
        self._heads: tuple[FloatArray, FloatArray] | None = None

    def learn(
        self, references: Mapping[str, Sequence[Path]], categories: Mapping[str, str]
    ) -> None:
        """Train the heads; a single thing without negatives gives none.

        Raises:
            MissingDependency: scikit-learn is not installed.
        """
        from pekit_agents.evaluation.recognizers.concept_head import fit_heads

        del categories
        self._things = list(references)
        owners = [i for i, thing in enumerate(self._things) for _ in references[thing]]
        photos = [photo for thing in self._things for photo in references[thing]]
        labels = np.zeros((len(photos) + len(self._negatives), len(self._things)), np.bool_)
        labels[np.arange(len(photos)), owners] = True
        self._heads = None
        if labels.all(axis=0).any():
            return
        vectors = np.stack([self._vector(photo)[0] for photo in (*photos, *self._negatives)])
        self._heads = fit_heads(_unit(vectors), labels)

    def look(self, photo: Path) -> Prediction:
        """Name every thing whose head says so."""
        if self._heads is None:
            return Prediction((), dict.fromkeys(self._things, 0.0))
        weights, biases = self._heads
        vector, seconds = self._vector(photo)
        chances = 1 / (1 + np.exp(-(_unit(vector[None])[0] @ weights + biases)))
        scores = dict(zip(self._things, chances.tolist(), strict=True))
        ranked = sorted(scores, key=lambda thing: -scores[thing])
        named = tuple(Named(thing, scores[thing]) for thing in ranked if scores[thing] > 0.5)
        return Prediction(named, scores, seconds)

    def _vector(self, photo: Path) -> tuple[FloatArray, float | None]:
        whole = self._features.whole(photo)
        return _pooled(whole, self._pooling), whole.seconds


def false_pair_threshold(views: Mapping[str, FloatArray]) -> float:
    """Return the similarity that 5 % of pairs (a reference, another thing) exceed.

    Args:
        views: (V, D) float32 unit vectors of each thing's references.
    """
    pairs = [
        float(similarity)
        for thing, own in views.items()
        for other, theirs in views.items()
        if other != thing
        for similarity in (own @ theirs.T).max(axis=1)
    ]
    return float(np.quantile(pairs, 1 - _FALSE_PAIRS)) if pairs else _ALONE


def _pooled(whole: Whole, pooling: Pooling) -> FloatArray:
    return whole.token if pooling == "token" else whole.mean


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: FloatArray = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit
