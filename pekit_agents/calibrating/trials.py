"""What is tried in a cross-validation: memories of some things, and photos of others.

Pure array code on pooled features. The things are split into folds. Those of all other folds give
the statistics and the bank of unknown things; of a fold's own things some are remembered, and the
photos of the others are those of new strangers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from pekit_agents.types import FloatArray

__all__ = [
    "NOTHING",
    "Fold",
    "Highest",
    "Normalize",
    "Own",
    "Seen",
    "Trial",
    "drawn",
    "folds_of",
    "half_of",
    "own_things",
    "trials_in",
]

_FOLDS = 5
_OWN = 5  # things in a fold that can be remembered, if there are so many
#: The score of what no region was compared with.
NOTHING = -1.0

#: Makes unit vectors of pooled features, (K, D) float32.
Normalize = Callable[["FloatArray"], "FloatArray"]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was seen in one photo, before any statistics.

    Attributes:
        path: Its file.
        thing: The number of what it shows.
        patches: (P, D) float32, some of its patch features.
        regions: (K, D) float32, its pooled proposals; K may be 0.
        looks: (L, D) float32, what a reference photo is averaged of; None where it introduces
            nothing.
    """

    path: Path
    thing: int
    patches: FloatArray
    regions: FloatArray
    looks: FloatArray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """A part of the photos that is tested with the statistics of the others.

    Attributes:
        base: The photos that give statistics and the bank.
        tested: The photos of its own things.
        own: The numbers of those of them that can be remembered.
    """

    base: tuple[Seen, ...]
    tested: tuple[Seen, ...]
    own: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Highest:
    """The highest score of each of S photos against a memory.

    Attributes:
        scores: (S,) float64.
        halves: (S,) float64, what it would be with half of its regions, on average.
        regions: (S,) int64, how many there are, at least 1.
        things: (S,) int64: what the photo shows.
    """

    scores: NDArray[np.float64]
    halves: NDArray[np.float64]
    regions: NDArray[np.int64]
    things: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """Photos of remembered things.

    Attributes:
        scores: (S,) float64, the right object's highest; -1 in a photo without regions.
        others: (S,) float64, the highest of any other object; -1 where there is none.
        regions: (S,) int64, how many the photo has.
        things: (S,) int64: what it shows.
    """

    scores: NDArray[np.float64]
    others: NDArray[np.float64]
    regions: NDArray[np.int64]
    things: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One memory, and what photos score against it.

    Attributes:
        refs: References of each thing, as far as it has so many.
        bank: Of the photos of unknown things.
        new: Of the photos of new strangers.
        own: Of other photos of what is remembered.
    """

    refs: int
    bank: Highest
    new: Highest
    own: Own


def own_things(seen: Sequence[Seen]) -> list[int]:
    """Return the things with a photo that introduces them and another one to find them in."""
    photos: dict[int, list[bool]] = {}
    for each in seen:
        photos.setdefault(each.thing, []).append(each.looks is not None)
    return sorted(thing for thing, given in photos.items() if any(given) and len(given) > 1)


def folds_of(seen: Sequence[Seen], rng: np.random.Generator) -> list[Fold]:
    """Return a random split of the things, those that can be remembered spread evenly.

    Args:
        seen: The photos.
        rng: Draws.
    """
    own = own_things(seen)
    others = sorted({each.thing for each in seen} - set(own))
    count = min(max(len(own) // _OWN, 2), _FOLDS)
    order = [*rng.permutation(own).tolist(), *rng.permutation(others).tolist()]
    place = {thing: index % count for index, thing in enumerate(order)}
    return [
        Fold(
            tuple(each for each in seen if place[each.thing] != number),
            tuple(each for each in seen if place[each.thing] == number),
            tuple(thing for thing in own if place[thing] == number),
        )
        for number in range(count)
    ]


def half_of(things: Sequence[int], rng: np.random.Generator) -> list[int]:
    """Return a random half of the things, the larger one of an odd number."""
    half: list[int] = rng.permutation(things)[: (len(things) + 1) // 2].tolist()
    return half


def drawn(tested: Sequence[Seen], thing: int, most: int, rng: np.random.Generator) -> list[Seen]:
    """Return photos that introduce a thing; one of its photos at least is left."""
    photos = [each for each in tested if each.thing == thing]
    given = [each for each in photos if each.looks is not None]
    count = min(most, len(given), len(photos) - 1)
    return [given[index] for index in rng.permutation(len(given))[:count]]


def trials_in(
    fold: Fold,
    normalize: Normalize,
    refs: Sequence[int],
    *,
    max_weight: float,
    draws: int,
    rng: np.random.Generator,
) -> tuple[list[Trial], list[Trial]]:
    """Return what comes of random halves of a fold's own things, and of each of them alone.

    Args:
        fold: What is tested with what.
        normalize: With the statistics of the fold's base.
        refs: Numbers of references; all of them search the same photos.
        max_weight: Share of the best view in an object's score.
        draws: How many halves.
        rng: Draws.
    """
    base = _Regions(fold.base, normalize, max_weight)
    tested = _Regions(fold.tested, normalize, max_weight)
    views = {
        each.path: _view(normalize(each.looks)) for each in fold.tested if each.looks is not None
    }

    def tried(things: Sequence[int], counts: Sequence[int]) -> Iterator[Trial]:
        chosen = [drawn(fold.tested, thing, max(counts), rng) for thing in things]
        used = {each.path for photos in chosen for each in photos}
        for count in counts:
            memory = [np.stack([views[each.path] for each in some[:count]]) for some in chosen]
            own = tested.own(memory, things, used)
            yield Trial(count, base.highest(memory), tested.highest(memory, things), own)

    several = [trial for _ in range(draws) for trial in tried(half_of(fold.own, rng), refs)]
    return several, [trial for thing in fold.own for trial in tried([thing], refs[:1])]


def _view(looks: FloatArray) -> FloatArray:
    mean = looks.mean(axis=0)
    unit: FloatArray = (mean / np.linalg.norm(mean)).astype(np.float32)
    return unit


class _Regions:
    """The regions of photos, as unit vectors."""

    def __init__(self, photos: Sequence[Seen], normalize: Normalize, max_weight: float) -> None:
        self._photos, self._max_weight = photos, max_weight
        self._vectors = normalize(np.concatenate([each.regions for each in photos]))
        self._ends = np.cumsum([len(each.regions) for each in photos])[:-1]

    def highest(self, memory: Sequence[FloatArray], without: Sequence[int] = ()) -> Highest:
        """Return the highest scores of photos with regions, but those of some things."""
        best = [
            (scores.max(axis=1), photo.thing)
            for photo, scores in self._scores(memory)
            if len(scores) and photo.thing not in without
        ]
        return Highest(
            np.array([scores.max() for scores, _ in best], np.float64),
            np.array([_of_half(scores) for scores, _ in best], np.float64),
            np.array([len(scores) for scores, _ in best], np.int64),
            np.array([thing for _, thing in best], np.int64),
        )

    def own(self, memory: Sequence[FloatArray], known: Sequence[int], used: set[Path]) -> Own:
        """Return the scores of the photos of remembered things that introduce nothing."""
        found = []
        for photo, scores in self._scores(memory):
            if photo.thing not in known or photo.path in used:
                continue
            place = known.index(photo.thing)
            best = scores.max(axis=0, initial=NOTHING)
            other = np.delete(best, place).max(initial=NOTHING)
            found.append((best[place], other, max(len(scores), 1), photo.thing))
        right, others, regions, things = np.array(found, np.float64).reshape(-1, 4).T
        return Own(right, others, regions.astype(np.int64), things.astype(np.int64))

    def _scores(self, memory: Sequence[FloatArray]) -> Iterator[tuple[Seen, FloatArray]]:
        """Yield each photo with its regions' scores for each object, (K, N)."""
        columns = []
        for views in memory:
            cosines = self._vectors @ views.T
            best, mean = cosines.max(axis=1), cosines.mean(axis=1)
            columns.append(self._max_weight * best + (1 - self._max_weight) * mean)
        parts = np.split(np.stack(columns, axis=1), self._ends)
        yield from zip(self._photos, parts, strict=True)


def _of_half(scores: FloatArray) -> float:
    """Return the highest of a half of some scores, on average over all halves."""
    count = len(scores)
    half = (count + 1) // 2
    total, left = 0.0, 1.0
    for index, score in enumerate(np.sort(scores)[::-1][: count - half + 1]):
        chance = left * half / (count - index)  # that it is in the half, and none before it
        total += chance * float(score)
        left -= chance
    return total
