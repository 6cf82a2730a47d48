"""What scenes and clips are composed of: ``gather`` picks things, references and photos."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from pekit_agents.errors import InvalidInput, NoObjectFound
from pekit_agents.evaluation.records import Dataset, Photo, Thing
from pekit_agents.evaluation.scenes.drawing import Piece
from pekit_agents.images.loading import load_image
from pekit_agents.introduction.view_extraction import Reference, find_object

if TYPE_CHECKING:
    from pekit_agents.protocols import ViewExtractor

__all__ = ["Deck", "Sources", "gather", "piece_of"]

_LOGGER = logging.getLogger(__name__)
_KNOWN_SHARE = 2 / 3


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """What scenes are made of.

    Attributes:
        known: Things to be remembered, with their references.
        unknown: Names of the things that nobody introduces.
        photos: The photos to draw each of them from; no reference among them.
        categories: What each of them is.
        backgrounds: Photos of nothing known.
        extractor: Outlines things; None to cut them out by their boxes.
    """

    known: tuple[Thing, ...]
    unknown: tuple[str, ...]
    photos: dict[str, list[Photo]]
    categories: dict[str, str]
    backgrounds: tuple[Path, ...]
    extractor: ViewExtractor | None


class Deck:
    """Deals names in random order, all of them before any comes again."""

    def __init__(self, names: Sequence[str], random: Random) -> None:
        self._names, self._random = list(names), random
        self._left: list[str] = []

    def deal(self, count: int) -> list[str]:
        """Return so many different names, or all there are."""
        hand: list[str] = []
        while len(hand) < min(count, len(self._names)):
            if not self._left:
                self._left = self._random.sample(self._names, len(self._names))
            hand.append(self._left.pop(self._next(hand)))
        return hand

    def _next(self, hand: Sequence[str]) -> int:
        fresh = (i for i in range(len(self._left)) if self._left[i] not in hand)
        return next(fresh, 0)


def gather(
    dataset: Dataset,
    backgrounds: Sequence[Path],
    known: Sequence[str] | None,
    references: int,
    extractor: ViewExtractor | None,
    random: Random,
) -> Sources:
    """Pick what scenes are composed of; a seed gives the same again.

    Args:
        dataset: As for :func:`pekit_agents.evaluation.scenes.composing.compose_scenes`.
        backgrounds: Photos that show none of the things.
        known: The things to be remembered; None for two in three.
        references: How many photos of each to set aside.
        extractor: Finds and outlines things; None to cut them out by their boxes.
        random: Draws what is not given.

    Raises:
        InvalidInput: There are too few photos, boxes or backgrounds, or a name is unknown.
    """
    if not backgrounds:
        raise InvalidInput("expected at least one background photo, found none")
    names = [thing.name for thing in dataset.things]
    chosen = _choose(names, random) if known is None else list(known)
    missing = sorted(set(chosen) - set(names))
    if missing or not chosen:
        raise InvalidInput(f"expected things of {dataset.name!r} as known, found {missing}")
    aside = {ref.absolute() for thing in dataset.things for ref in thing.references}
    photos, introduced, unknown = {}, [], []
    for thing in dataset.things:
        left = _photos_of(thing.name, dataset, aside)
        drawn: list[Photo] = []
        if thing.name in chosen and not thing.references:
            drawn = random.sample(left, min(references, max(0, len(left) - 1)))
        photos[thing.name] = usable = [
            photo
            for photo in left
            if photo not in drawn and (extractor is not None or photo.boxes.get(thing.name))
        ]
        if thing.name in chosen:
            introduced.append(_introduced(thing, drawn, usable))
        elif usable:
            unknown.append(thing.name)
    categories = {thing.name: thing.category for thing in dataset.things}
    backdrops = tuple(sorted(backgrounds))
    return Sources(tuple(introduced), tuple(unknown), photos, categories, backdrops, extractor)


def _choose(names: Sequence[str], random: Random) -> list[str]:
    return random.sample(list(names), max(1, round(_KNOWN_SHARE * len(names))))


def _photos_of(name: str, dataset: Dataset, aside: set[Path]) -> list[Photo]:
    """Return the photos of one thing alone that are no references."""
    alone = frozenset({name})
    photos = (photo for photo in dataset.photos if photo.shows == alone)
    return [photo for photo in photos if photo.path.absolute() not in aside]


def _introduced(thing: Thing, drawn: Sequence[Photo], usable: Sequence[Photo]) -> Thing:
    """Return a thing with its references: its own, or the photos drawn for it."""
    references = thing.references or tuple(sorted(photo.path for photo in drawn))
    if references and usable:
        return replace(thing, references=references)
    raise InvalidInput(
        f"{thing.name}: expected photos of it alone, one to introduce it and one with a box to "
        f"compose scenes of, found {len(references)} and {len(usable)}; add photos or boxes "
        "(boxes.json), pass an extractor, or leave it out of known"
    )


def piece_of(name: str, sources: Sources, random: Random, *, outlined: bool) -> Piece | None:
    """Return a photo of a thing with its box, and its outline where one is wanted."""
    photo = random.choice(sources.photos[name])
    picture = load_image(photo.path)
    known = photo.boxes.get(name, ())
    if sources.extractor is None or (known and not outlined):
        return Piece(picture, known[0])
    reference = Reference(picture, box=known[0] if known else None)
    try:
        region = find_object(picture, reference, sources.categories[name], sources.extractor)
    except NoObjectFound as exc:
        _LOGGER.warning("%s: not used for a scene: %s", photo.path, exc)
        return None
    return Piece(picture, region.box, region.mask)
