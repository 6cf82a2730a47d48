"""Scenes of several things, composed from photos of single ones, with every box known.

Two kinds take turns: mosaics (the photos themselves, cropped anew, in two rows) and cut-outs
pasted onto a background. In each lie things to be remembered, unknown things (those of the data
set that nobody introduces) and, in mosaics, background photos. Every eighth scene holds nothing to
be remembered. A cut-out follows the outline that an extractor finds, or the thing's box with a
soft edge; the scene's group says which: "mosaic", "pasted (mask)" or "pasted (box)".

Other arrangements are groups of their own: collages of 4, 6 or 9 photos, one large thing of which
half is hidden, or the two kinds as people send them on: turned, from a screen, or small.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.datasets.manifest import write_manifest
from pekit_agents.evaluation.records import Dataset, Photo
from pekit_agents.evaluation.scenes.arrangement import ARRANGEMENTS
from pekit_agents.evaluation.scenes.drawing import (
    Piece,
    draw_hidden,
    draw_mosaic,
    draw_pasted,
)
from pekit_agents.evaluation.scenes.sending import screenshot, thumbnail, turned
from pekit_agents.evaluation.scenes.sources import Deck, Sources, gather, piece_of
from pekit_agents.images.loading import load_image
from pekit_agents.types import Box

if TYPE_CHECKING:
    from pekit_agents.evaluation.scenes.arrangement import Arrangement
    from pekit_agents.protocols import ViewExtractor
    from pekit_agents.types import RGBImage

__all__ = ["compose_scenes"]

_MOSAIC = "mosaic"
_WITHOUT = 8  # every so manyth scene holds nothing to be remembered


def compose_scenes(
    dataset: Dataset,
    backgrounds: Sequence[Path],
    *,
    seed: int,
    count: int,
    out: Path,
    known: Sequence[str] | None = None,
    references: int = 3,
    extractor: ViewExtractor | None = None,
    arrangement: Arrangement = "mixed",
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Compose scenes, write them as files, and return them as a data set.

    The first scenes of a seed are the same whatever the count.

    Args:
        dataset: Things, and photos of one thing each, with its box unless ``extractor`` is given.
        backgrounds: Photos that show none of the things.
        seed: Gives the same scenes again.
        count: How many.
        out: Folder for the scenes (``scene-000.jpg``) and ``dataset.json``; created, and empty.
        known: The things to be remembered; the others are unknown. Default: two in three,
            chosen by the seed.
        references: How many photos to set aside for introducing a thing, where the data set does
            not do so itself. No scene is made of them.
        extractor: Finds and outlines things in their photos, for cut-outs along the outline.
        arrangement: How things lie in them.
        progress: Called after each scene with (scenes done, scenes in all).

    Returns:
        The known things with their references, and the scenes. ``shows`` and ``boxes`` name the
        unknown ones as well; boxes are in pixels of the scene, exact as far as those of the data
        set (or the outlines) are.

    Raises:
        InvalidInput: There are too few photos, boxes or backgrounds, a name or the arrangement is
            unknown, a number is below 1, or the folder is not empty.
        ImageError: A photo cannot be read.
    """
    if count < 1 or references < 1:
        raise InvalidInput(
            f"expected count and references of at least 1, found {count} and {references}"
        )
    if arrangement not in ARRANGEMENTS:
        raise InvalidInput(
            f"expected one of {', '.join(ARRANGEMENTS)} as arrangement, found {arrangement!r}"
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidInput(
            f"{out}: expected an empty folder for scenes, found files; choose another, or load "
            "the scenes that are there with load_dataset"
        )
    random = Random(seed)  # noqa: S311  # a seed is to give the same scenes again
    sources = gather(dataset, backgrounds, known, references, extractor, random)
    decks = (
        Deck([thing.name for thing in sources.known], random),
        Deck(sources.unknown, random),
    )
    out.mkdir(parents=True, exist_ok=True)
    photos = []
    for index in range(count):
        picture, photo = _scene(index, sources, decks, random, arrangement)
        path = out / f"scene-{index:03}.jpg"
        picture.save(path, quality=92)
        photos.append(replace(photo, path=path))
        if progress is not None:
            progress(index + 1, count)
    scenes = Dataset(f"scenes of {dataset.name}", out, sources.known, tuple(photos))
    made = {
        "of": dataset.name,
        "seed": seed,
        "arrangement": arrangement,
        "strangers": list(sources.unknown),
    }
    write_manifest(scenes, made)
    return scenes


def _scene(
    index: int,
    sources: Sources,
    decks: tuple[Deck, Deck],
    random: Random,
    arrangement: Arrangement,
) -> tuple[RGBImage, Photo]:
    """Return one scene and what it shows; its path is not set yet."""
    collage = int(arrangement.removeprefix("collage-")) if "collage" in arrangement else None
    hidden = arrangement == "hidden"
    mosaic = collage is not None or (index % 2 == 0 and not hidden)
    none_known = index % _WITHOUT == _WITHOUT - 1
    several = 0 if none_known else 1 if hidden else random.randint(1, 3)
    names = decks[0].deal(several)
    names += decks[1].deal(int(none_known) if hidden else random.randint(0 if several else 1, 2))
    pieces = {
        name: piece
        for name in names
        if (piece := piece_of(name, sources, random, outlined=not mosaic))
    }
    boxes: Mapping[str, tuple[Box, ...]]
    if mosaic:
        picture, boxes = _mosaic(pieces, sources, random, collage)
        group = _MOSAIC
    else:
        picture, boxes = _laid(pieces, sources, random, hidden=hidden)
        group = "pasted (box)" if sources.extractor is None else "pasted (mask)"
    if arrangement in ("turned-90", "turned-180"):
        picture, boxes = turned(picture, boxes, int(arrangement.removeprefix("turned-")))
    elif arrangement == "screenshot":
        picture, boxes = screenshot(picture, boxes, random)
    elif arrangement == "thumbnail":
        picture, boxes = thumbnail(picture, boxes)
    group = group if arrangement == "mixed" else arrangement
    return picture, Photo(Path(), frozenset(boxes), boxes, group)


def _laid(
    pieces: dict[str, Piece], sources: Sources, random: Random, *, hidden: bool
) -> tuple[RGBImage, dict[str, tuple[Box, ...]]]:
    """Return the things on a background, or half of the only one."""
    backdrop = load_image(random.choice(sources.backgrounds))
    if hidden and pieces:
        ((name, piece),) = pieces.items()
        before = load_image(random.choice(sources.backgrounds))
        picture, box = draw_hidden(backdrop, piece, before, random)
        return picture, {name: (box,)}
    picture, drawn = draw_pasted(backdrop, list(pieces.values()), random)
    return picture, {name: (box,) for name, box in zip(pieces, drawn, strict=True) if box}


def _mosaic(
    pieces: dict[str, Piece], sources: Sources, random: Random, count: int | None
) -> tuple[RGBImage, dict[str, tuple[Box, ...]]]:
    """Return a mosaic of the things, filled up with backgrounds to so many tiles, or 4 or 6."""
    things: list[tuple[str | None, Piece]] = [*pieces.items()]
    tiles = things[:count]
    for _ in range((count or (4 if len(tiles) <= 4 else 6)) - len(tiles)):
        tiles.append((None, Piece(load_image(random.choice(sources.backgrounds)))))
    random.shuffle(tiles)
    picture, boxes = draw_mosaic([piece for _, piece in tiles], random)
    placed = zip(tiles, boxes, strict=True)
    return picture, {name: (box,) for (name, _), box in placed if name is not None and box}
