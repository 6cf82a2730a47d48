"""What is drawn at random, and from which seed it comes again: references and halves.

The photos of a thing are shuffled by the seed and the thing's name alone. So a draw of one
reference is part of the draw of three, and leaving a thing out changes no other thing's.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pekit_agents.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pekit_agents.evaluation.records import Dataset, Photo, Thing

__all__ = ["Task", "draw_task", "half_of", "half_of_each_kind", "restrict", "usable"]

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Task:
    """What a recognizer is to do: learn these, search those.

    Attributes:
        seed: Gives the same task again.
        refs: References of each thing.
        references: What it is introduced to, by thing, in the order of the data set.
        categories: What each of these things is.
        photos: What it searches.
        condition: As in :class:`~pekit_agents.evaluation.records.Draw`.
    """

    seed: int
    refs: int
    references: Mapping[str, tuple[Path, ...]]
    categories: Mapping[str, str]
    photos: tuple[Photo, ...]
    condition: str = ""


def candidates(dataset: Dataset, thing: Thing) -> tuple[Path, ...]:
    """Return the photos that may introduce a thing: those set aside, else those of it alone."""
    if thing.references:
        return thing.references
    return tuple(photo.path for photo in dataset.photos if photo.shows == {thing.name})


def usable(dataset: Dataset, refs: int) -> Dataset:
    """Return the data set without the things that have too few photos.

    A thing needs ``refs`` references, and one photo more where they are drawn from the photos
    that are searched. Photos of a thing that is left out stay, as photos of an unknown thing.

    Raises:
        InvalidInput: Fewer than two things are left.
    """
    things = tuple(
        thing
        for thing in dataset.things
        if len(candidates(dataset, thing)) >= refs + (not thing.references)
    )
    if len(things) < 2:
        most = max((len(candidates(dataset, thing)) for thing in dataset.things), default=0)
        raise InvalidInput(
            f"expected two or more things with photos for {refs} references and a test, found "
            f"{len(things)} in {dataset.root} (its largest has {most} photos of it alone); "
            "ask for fewer references or add photos"
        )
    return replace(dataset, things=things)


def draw_task(
    dataset: Dataset,
    refs: int,
    seed: int,
    *,
    reserve: int = 0,
    known: Collection[str] | None = None,
    condition: str = "",
) -> Task:
    """Return one random draw.

    Args:
        dataset: As :func:`usable` returned it for at least ``refs`` and ``reserve``.
        refs: References of each thing.
        seed: Gives the same draw again.
        reserve: How many photos of each thing are not searched, at the least: with one reserve
            draws of 1 and of 3 references search the same photos.
        known: The things to introduce; None introduces all. The others' references are not
            searched either.
        condition: Names what was varied.
    """
    drawn = {
        thing.name: tuple(_shuffled(candidates(dataset, thing), seed, thing.name))
        for thing in dataset.things
    }
    used = {path for paths in drawn.values() for path in paths[: max(refs, reserve)]}
    introduced = [t for t in dataset.things if known is None or t.name in known]
    return Task(
        seed=seed,
        refs=refs,
        references={thing.name: drawn[thing.name][:refs] for thing in introduced},
        categories={thing.name: thing.category for thing in introduced},
        photos=tuple(photo for photo in dataset.photos if photo.path not in used),
        condition=condition,
    )


def half_of(dataset: Dataset, seed: int, purpose: str) -> frozenset[str]:
    """Return a random half of the things, the larger one of an odd number.

    Args:
        dataset: Whose things.
        seed: Gives the same half again.
        purpose: Another purpose gives another half.
    """
    names = _shuffled([thing.name for thing in dataset.things], seed, purpose)
    return frozenset(names[: (len(names) + 1) // 2])


def half_of_each_kind(dataset: Dataset, seed: int) -> frozenset[str]:
    """Return a random half of the things of each category, so that both halves have look-alikes.

    Of a category with an odd number either half may be the larger one: by turns, and which comes
    first is drawn. So a thing that is the only one of its category is in either half.

    Args:
        dataset: Whose things.
        seed: Gives the same halves again.
    """
    categories: dict[str, list[str]] = {}
    for thing in dataset.things:
        categories.setdefault(thing.category, []).append(thing.name)
    half: list[str] = []
    (more, _) = _shuffled([False, True], seed, "larger half")
    for category, names in sorted(categories.items()):
        shuffled = _shuffled(names, seed, f"half of {category}")
        odd = len(names) % 2
        more = more != bool(odd)
        half += shuffled[: len(names) // 2 + (odd and more)]
    return frozenset(half)


def restrict(dataset: Dataset, things: Collection[str]) -> Dataset:
    """Return the data set with these things only, and without any photo of or about another."""
    kept = set(things)
    return replace(
        dataset,
        things=tuple(thing for thing in dataset.things if thing.name in kept),
        photos=tuple(
            photo
            for photo in dataset.photos
            if photo.shows <= kept and (not photo.about or photo.about & kept)
        ),
    )


def _shuffled(items: Sequence[_Item], seed: int, purpose: str) -> list[_Item]:
    return random.Random(f"{seed}/{purpose}").sample(items, len(items))  # noqa: S311
