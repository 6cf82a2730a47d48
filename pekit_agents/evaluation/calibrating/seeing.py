"""What is seen of things in their photos: views, regions, and views of photos made worse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.calibration.fitting import BESIDE, Samples
from pekit_agents.embedding.pooling import mean_direction, pool_reference
from pekit_agents.errors import NoObjectFound
from pekit_agents.evaluation.calibrating.conditions import CONDITIONS
from pekit_agents.evaluation.features.compute import load
from pekit_agents.introduction.view_extraction import Reference, find_object
from pekit_agents.retrieval.matching import distinct_places

if TYPE_CHECKING:
    from pekit_agents.evaluation.features.features import Features
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import Encoder
    from pekit_agents.types import FloatArray

__all__ = ["Seen", "looks_at", "see", "vectors_of_regions"]

#: Photos of a thing that are made worse.
_WORSE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is seen in one photo of a thing, before the encoder's ``normalize``.

    Attributes:
        thing: The number of what it shows.
        view: (L, D) float32, what its reference vector is averaged of; None where no object is
            found.
        regions: (K, D) float32, its pooled proposals, the main one first; K may be 0.
        places: How many distinct places of the photo these are.
        worse: (C, D) float32, the plain view of the photo made worse.
        conditions: (C,) int64, in which way each was, from 1.
    """

    thing: int
    view: FloatArray | None
    regions: FloatArray
    places: int
    worse: FloatArray
    conditions: tuple[int, ...]


def see(
    photos: Mapping[str, Sequence[Path]],
    features: Features,
    categories: Mapping[str, str],
    progress: Callable[[int, int], None],
) -> list[Seen]:
    """Return what is seen of things in their photos.

    Args:
        photos: Of each thing, numbered in this order.
        features: Makes the features, or has them.
        categories: What each thing is, for tools that take words.
        progress: Called after each photo with (photos done, photos in all).

    Raises:
        ImageError: A photo cannot be read; the message names it.
    """
    total, seen = sum(map(len, photos.values())), []
    for number, (thing, paths) in enumerate(photos.items()):
        for place, path in enumerate(paths):
            introduced = features.introduced(path, categories[thing])
            worse, conditions = (
                _worse(path, categories[thing], features.profile)
                if place < _WORSE and introduced is not None
                else (np.zeros((0, features.profile.encoder.dim), np.float32), ())
            )
            regions = features.regions(path, (categories[thing],))
            places = distinct_places(regions.boxes, features.profile.matching)
            looks = None if introduced is None else introduced.looks
            seen.append(Seen(number, looks, regions.pooled, places, worse, conditions))
            progress(len(seen), total)
    return seen


def looks_at(seen: Sequence[Seen], encoder: Encoder) -> Samples:
    """Return the looks at things that a discriminant is fitted to: views and regions.

    Args:
        seen: What is seen in photos.
        encoder: Normalises it.
    """
    vectors: list[FloatArray] = []
    labels: list[tuple[int, int]] = []
    for each in seen:
        if each.view is not None:
            vectors.append(mean_direction(each.view, encoder)[None])
            labels.append((each.thing, 0))
        if len(each.regions):
            vectors.append(encoder.normalize(each.regions))
            labels += [(each.thing, 0), *[(each.thing, BESIDE)] * (len(each.regions) - 1)]
        if len(each.worse):
            vectors.append(encoder.normalize(each.worse))
            labels += [(each.thing, condition) for condition in each.conditions]
    things, conditions = np.array(labels, np.int64).reshape(-1, 2).T
    stacked = np.concatenate(vectors) if vectors else np.zeros((0, encoder.dim), np.float32)
    return Samples(stacked, things, conditions)


def vectors_of_regions(
    photos: Sequence[Path],
    features: Features,
    category: str,
    progress: Callable[[int, int], None],
) -> FloatArray:
    """Return all regions of some photos, (M, D) float32, as pooled.

    Raises:
        ImageError: A photo cannot be read; the message names it.
    """
    found = []
    for done, path in enumerate(photos, start=1):
        found.append(features.regions(path, (category,)).pooled)
        progress(done, len(photos))
    return np.concatenate([np.zeros((0, features.profile.encoder.dim), np.float32), *found])


def _worse(path: Path, category: str, profile: Profile) -> tuple[FloatArray, tuple[int, ...]]:
    """Return the plain views of a photo made worse, (C, D), and in which way each was."""
    image = load(path)
    pooled, conditions = [], []
    for number, ways in enumerate(CONDITIONS.values(), start=1):
        for make in ways:
            photo = make(image)
            try:
                region = find_object(photo, Reference(photo), category, profile.extractor)
            except NoObjectFound:
                continue
            pooled.append(pool_reference(photo, region, profile.encoder, augment=False)[0])
            conditions.append(number)
    if not pooled:
        return np.zeros((0, profile.encoder.dim), np.float32), ()
    return np.stack(pooled), tuple(conditions)
