"""Profiles that are calibrated on things which are not measured, one for each draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pekit_agents.evaluation.calibrating.making import fit, gather
from pekit_agents.evaluation.draws import half_of_each_kind, restrict
from pekit_agents.profiles import calibrated_profile, refitted_profile

if TYPE_CHECKING:
    from pekit_agents.evaluation.calibrating.making import Material
    from pekit_agents.evaluation.features.features import Features
    from pekit_agents.evaluation.records import Dataset
    from pekit_agents.profiles import Profile

__all__ = ["HeldOut"]


class HeldOut:
    """Halves a data set in each draw: one half is measured, the other calibrates.

    Both the encoder's statistics and the discriminant are made anew, without the measured half.

    Args:
        dataset: What is measured.
        more: Further things to calibrate on.
        photos: Photos of anything else, which give statistics as well.
        features: By the tools of ``base``.
        base: An embedded profile, whose model is run.
        progress: Called after each photo with (what, photos done, photos in all).
    """

    def __init__(
        self,
        dataset: Dataset,
        more: Sequence[Dataset],
        photos: Sequence[Path],
        features: Features,
        base: Profile,
        progress: Callable[[str, int, int], None],
    ) -> None:
        self._dataset, self._more, self._photos = dataset, tuple(more), tuple(photos)
        self._features, self._base, self._progress = features, base, progress

    def measured(self, dataset: Dataset, seed: int) -> Dataset:
        """Return the part of a data set that is measured in the draws of a seed."""
        names = {thing.name for thing in self._dataset.things}
        return restrict(dataset, names - half_of_each_kind(self._dataset, seed))

    def profile(self, seed: int) -> Profile:
        """Return the profile of a seed, which has seen nothing of what is measured."""
        half = restrict(self._dataset, half_of_each_kind(self._dataset, seed))
        further = [path for each in self._more for path in _photos_of(each)]
        profile = refitted_profile(
            _photos_of(half),
            version=f"held-out-{seed}",
            more=[*further, *self._photos],
            base=self._base,
            progress=lambda *step: self._progress("statistics", *step),
        )
        hidden = {thing.name for thing in self._dataset.things} - {t.name for t in half.things}
        made, _ = fit(
            self._material.without(self._dataset, hidden), profile, progress=self._progress
        )
        return calibrated_profile(profile, made)

    @cached_property
    def _material(self) -> Material:
        """What is seen of all things, measured or not: made once for all draws."""
        return gather(
            [self._dataset, *self._more], self._features, self._photos, progress=self._progress
        )


def _photos_of(dataset: Dataset) -> list[Path]:
    # Photos of nothing are measured, so they give no statistics.
    photos = [photo.path for photo in dataset.photos if photo.shows]
    return photos + [path for thing in dataset.things for path in thing.references]
