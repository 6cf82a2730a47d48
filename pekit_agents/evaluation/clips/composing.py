"""Clips composed from photos of single things: ``compose_clips`` makes them, with what is true.

Cut-outs of things to be remembered and of strangers (things of the data set that nobody
introduces, of the same kind where there are any) come and go before photos of something else.
A clip is of one kind: "static" (a camera that stands still, little happens), "handheld" (shaking,
now and then blurred), "pan" (it turns past things) or "cuts" (several shots). Every fifth holds
nothing that is remembered. They are composed, and not filmed: nothing turns round, light and
shadow do not fit, and edges are those of an outline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.clips.rendering import Shot, draw, in_sight
from pekit_agents.evaluation.clips.shots import CLIP_KINDS, Frames, shots_of
from pekit_agents.evaluation.clips.truth import Appearance, ClipTruth
from pekit_agents.evaluation.records import NO_CATEGORY, Dataset, Thing
from pekit_agents.evaluation.scenes.sources import Deck, Sources, gather, piece_of
from pekit_agents.video.timeline import TimedBox

if TYPE_CHECKING:
    from pekit_agents.evaluation.clips.shots import ClipKind
    from pekit_agents.protocols import ViewExtractor
    from pekit_agents.types import RGBImage

__all__ = ["SIZE", "ClipSet", "ComposedClip", "compose_clips"]

#: Width and height of a frame in pixels.
SIZE = (960, 540)
#: Frames a second.
FRAME_RATE = 25.0

_WITHOUT = 5  # every so manyth clip holds nothing that is remembered
_IN_SIGHT = 0.5  # share of a thing from which it has to be found
_OUT_OF_SIGHT = 1.0  # seconds out of sight after which it comes anew


@dataclass(frozen=True, slots=True, eq=False)
class ComposedClip:
    """One clip; its frames are drawn when they are asked for.

    Attributes:
        truth: What is true of it.
        shots: What is drawn.
        frame_rate: Frames a second.
    """

    truth: ClipTruth
    shots: tuple[Shot, ...] = field(repr=False)
    frame_rate: float = FRAME_RATE

    def frames(self, every: float | None = None) -> Iterator[tuple[float, RGBImage]]:
        """Yield the frames with their times in seconds; the same ones each time.

        Args:
            every: Seconds between two frames; None for all.
        """
        for index in range(_count(self.truth.seconds, every or 1 / self.frame_rate)):
            time = round(index * (every or 1 / self.frame_rate), 6)
            yield time, draw(_shot_at(self.shots, time), time)


@dataclass(frozen=True, slots=True, eq=False)
class ClipSet:
    """Composed clips and what is to be remembered to search them.

    Attributes:
        name: For titles.
        things: What is to be remembered, each with its references; no clip is made of these.
        strangers: The names of the things that nobody introduces.
        clips: The clips, kinds in turns.
    """

    name: str
    things: tuple[Thing, ...]
    strangers: tuple[str, ...]
    clips: tuple[ComposedClip, ...]


def compose_clips(
    dataset: Dataset,
    backgrounds: Sequence[Path],
    *,
    seed: int = 0,
    count: int = 20,
    kinds: Sequence[ClipKind] = CLIP_KINDS,
    known: Sequence[str] | None = None,
    references: int = 3,
    extractor: ViewExtractor | None = None,
    size_wh: tuple[int, int] = SIZE,
    seconds: tuple[float, float] | None = None,
) -> ClipSet:
    """Compose clips. The first ones of a seed are the same whatever the count.

    Args:
        dataset: Things, and photos of one thing each, with its box unless ``extractor`` is given.
        backgrounds: Photos that show none of the things.
        seed: Gives the same clips again.
        count: How many.
        kinds: Which kinds, in turns.
        known: The things to be remembered; the others are strangers. Default: two in three, chosen
            by the seed, and of several of a kind (one category, or ``dog3`` and ``dog6``) not all.
        references: How many photos to set aside for introducing a thing.
        extractor: Finds and outlines things in their photos, for cut-outs along the outline.
        size_wh: Width and height of the frames.
        seconds: The shortest and the longest clip; default as is usual for the kind, 6 to 20.

    Raises:
        InvalidInput: There are too few photos, boxes or backgrounds, a name or kind is unknown, or
            a number is too small.
        ImageError: A photo cannot be read.
    """
    unknown = sorted(set(kinds) - set(CLIP_KINDS))
    if unknown or not kinds:
        raise InvalidInput(f"expected kinds of {', '.join(CLIP_KINDS)}, found {unknown or 'none'}")
    if count < 1 or references < 1:
        raise InvalidInput(
            f"expected count and references of at least 1, found {count} and {references}"
        )
    if min(size_wh) < 2 or size_wh[0] % 2 or size_wh[1] % 2:
        raise InvalidInput(f"expected an even width and height, as encoders do, found {size_wh}")
    if seconds is not None and not 2 <= seconds[0] <= seconds[1]:
        raise InvalidInput(f"expected a shortest clip of 2 seconds or more, found {seconds}")
    random = Random(seed)  # noqa: S311  # a seed is to give the same clips again
    if known is None:
        known = _some_of_each_kind(dataset, random)
    sources = gather(dataset, backgrounds, known, references, extractor, random)
    decks = Deck([thing.name for thing in sources.known], random), Deck(sources.unknown, random)
    frames = Frames(size_wh, sources.backgrounds, seconds)
    clips = [_clip(i, kinds[i % len(kinds)], sources, decks, frames, random) for i in range(count)]
    title = f"clips composed of {dataset.name}"
    return ClipSet(title, sources.known, sources.unknown, tuple(clips))


def _some_of_each_kind(dataset: Dataset, random: Random) -> list[str]:
    """Return two in three things, and never all of a kind: strangers are to look like them."""
    names = [thing.name for thing in dataset.things]
    drawn = random.sample(names, max(1, round(2 / 3 * len(names))))
    kinds = {thing.name: _kind(thing) for thing in dataset.things}
    for kind in sorted(set(kinds.values())):
        alike = [name for name in names if kinds[name] == kind]
        if len(alike) > 1 and set(alike) <= set(drawn):
            drawn.remove(random.choice(alike))
    return drawn


def _kind(thing: Thing) -> str:
    """Return what a thing is: its category, or its name without a number at the end."""
    return thing.name.rstrip("0123456789") if thing.category == NO_CATEGORY else thing.category


def _clip(
    index: int,
    kind: ClipKind,
    sources: Sources,
    decks: tuple[Deck, Deck],
    frames: Frames,
    random: Random,
) -> ComposedClip:
    without = index % _WITHOUT == _WITHOUT - 1
    mine = [] if without else decks[0].deal(random.randint(1, 3))
    alike = _alike(mine, sources)
    others = decks[1].deal(random.randint(1, 2) if without else random.randint(0, 1))
    if alike and random.random() < 1 / 2:
        others = [random.choice(alike)]
    names = [*mine, *others]
    random.shuffle(names)
    pieces = {
        name: piece for name in names if (piece := piece_of(name, sources, random, outlined=True))
    }
    shots = tuple(shots_of(kind, pieces, frames, random))
    seconds = round(shots[-1].start + shots[-1].seconds, 1)
    remembered = frozenset(thing.name for thing in sources.known)
    appearances = sorted(
        (appearance for shot in shots for appearance in _appearances(shot, remembered, seconds)),
        key=lambda each: (each.start, each.thing),
    )
    truth = ClipTruth(f"clip-{index:03}", kind, seconds, frames.size_wh, tuple(appearances))
    return ComposedClip(truth, shots)


def _alike(names: Sequence[str], sources: Sources) -> list[str]:
    """Return the strangers that are of the same kind as one of the things."""
    kinds = {_kind(Thing(name, sources.categories[name])) for name in names}
    return [s for s in sources.unknown if _kind(Thing(s, sources.categories[s])) in kinds]


def _appearances(shot: Shot, remembered: frozenset[str], seconds: float) -> Iterator[Appearance]:
    """Yield what is in sight in a shot, with its box in every frame."""
    seen: dict[str, list[tuple[float, TimedBox]]] = {}
    for index in range(_count(seconds, 1 / FRAME_RATE)):
        time = round(index / FRAME_RATE, 6)
        if shot.start <= time < shot.start + shot.seconds:
            for each in in_sight(shot, time):
                seen.setdefault(each.thing, []).append((each.share, TimedBox(time, each.box)))
    for thing, found in seen.items():
        for run in _runs(found):
            yield _appearance(thing, run, remembered=thing in remembered)


def _runs(found: list[tuple[float, TimedBox]]) -> Iterator[list[tuple[float, TimedBox]]]:
    run = found[:1]
    for before, after in pairwise(found):
        if after[1].time - before[1].time > _OUT_OF_SIGHT:
            yield run
            run = []
        run.append(after)
    yield run


def _appearance(thing: str, run: list[tuple[float, TimedBox]], *, remembered: bool) -> Appearance:
    boxes = tuple(box for _, box in run)
    half = [box.time for share, box in run if share >= _IN_SIGHT]
    whole = Appearance(thing, boxes[0].time, boxes[-1].time, boxes, remembered, glimpse=not half)
    return replace(whole, start=half[0], end=half[-1]) if half else whole


def _shot_at(shots: Sequence[Shot], time: float) -> Shot:
    return next(shot for shot in reversed(shots) if shot.start <= time)


def _count(seconds: float, every: float) -> int:
    """Return how many frames there are, the first at 0."""
    return int((seconds - 1e-6) / every) + 1
