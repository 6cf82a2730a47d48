"""A threshold for each object, chosen from the references alone: an ablation of tau."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.embedding import mean_direction
from pekit_agents.evaluation.introductions import introduced_things, vectors_of
from pekit_agents.evaluation.kit_recognizers import PeKitRecognizer
from pekit_agents.evaluation.recognizers import Look

if TYPE_CHECKING:
    from pekit_agents.evaluation.features import Features
    from pekit_agents.types import FloatArray

__all__ = ["PerObjectThreshold", "raised_thresholds"]


class PerObjectThreshold:
    """The kit, with a higher threshold for whatever resembles another remembered object.

    An object's threshold is tau, or the best score that a reference of another object has for
    it, if that is higher. A sighting below its object's threshold is left out.

    Args:
        features: Gives the features of photos.
        name: What to call it in a report.
        threshold: tau, in place of the profile's.
    """

    def __init__(
        self, features: Features, *, name: str = "per object", threshold: float | None = None
    ) -> None:
        self.name = name
        self._kit = PeKitRecognizer(features, name=name, threshold=threshold)
        self._features = features
        self._thresholds: dict[str, float] = {}

    def learn(
        self, references: Mapping[str, Sequence[Path]], categories: Mapping[str, str]
    ) -> None:
        """Remember the things and compare them with each other."""
        self._kit.learn(references, categories)
        encoder = self._features.profile.encoder
        introduced = introduced_things(self._features, references, categories)
        views = vectors_of(introduced, lambda each: mean_direction(each.looks, encoder))
        weight = self._features.profile.matching.max_weight
        self._thresholds = raised_thresholds(views, self._kit.threshold(), weight)

    def look(self, photo: Path) -> Look:
        """Search a photo and leave out what is under its object's threshold."""
        look = self._kit.look(photo)
        named = tuple(each for each in look.named if each.score > self._thresholds[each.name])
        return Look(named, look.scores, look.seconds)


def raised_thresholds(
    views: Mapping[str, FloatArray], tau: float, max_weight: float
) -> dict[str, float]:
    """Return each object's threshold.

    Args:
        views: (V, D) float32 unit vectors of each object; V may be 0.
        tau: The least threshold.
        max_weight: Share of the best view in an object's score.
    """
    thresholds = {}
    for thing, own in views.items():
        others = [v for other, v in views.items() if other != thing and len(v)]
        if not len(own) or not others:
            thresholds[thing] = tau
            continue
        cosines = np.concatenate(others) @ own.T
        scores = max_weight * cosines.max(axis=1) + (1 - max_weight) * cosines.mean(axis=1)
        thresholds[thing] = max(tau, float(scores.max()))
    return thresholds
