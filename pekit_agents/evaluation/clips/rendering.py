"""How a composed shot is drawn: the frame at a time, and where its things are in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from pekit_agents.boxes import containment
from pekit_agents.evaluation.clips.camera import Camera, blurred
from pekit_agents.evaluation.clips.staging import Actor
from pekit_agents.evaluation.scenes.drawing import moved, scaled
from pekit_agents.images.loading import load_image
from pekit_agents.types import Box

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["InSight", "Shot", "draw", "in_sight"]

_NOISE = 3.0  # standard deviation of a sensor's noise, in levels of 256
_LEAST_SIDE = 2.0  # pixels: less of a thing at the edge of a frame shows nothing of it


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A piece of a clip without a cut.

    Attributes:
        start: When it begins in the clip, in seconds.
        seconds: How long it is.
        background: The photo behind the things.
        world_wh: Width and height to which it is enlarged.
        size_wh: Width and height of a frame.
        camera: What part of the world is shown.
        actors: Things, and what hides them; later ones lie before earlier ones.
    """

    start: float
    seconds: float
    background: Path
    world_wh: tuple[int, int]
    size_wh: tuple[int, int]
    camera: Camera
    actors: tuple[Actor, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class InSight:
    """A thing in one frame.

    Attributes:
        thing: Its name.
        box: The part of it within the frame, in pixels of the frame.
        share: How much of the whole thing is within the frame and not hidden, in [0, 1].
    """

    thing: str
    box: Box
    share: float


def in_sight(shot: Shot, time: float) -> Iterator[InSight]:
    """Yield the things that a shot shows at a time, in seconds of the clip."""
    width, height = shot.size_wh
    places = list(_places(shot, time))
    for index, (actor, box) in enumerate(places):
        inner = Box(max(0.0, box.x0), max(0.0, box.y0), min(width, box.x1), min(height, box.y1))
        if not actor.thing or min(inner.width, inner.height) < _LEAST_SIDE:
            continue
        before = [other.xyxy for _, other in places[index + 1 :]]
        # The part that the largest of the others hides, where they are larger than it as well.
        hidden = max((_shared(inner, each) for each in before), default=0.0)
        share = max(0.0, inner.area - hidden) / box.area
        if share > 0:
            yield InSight(actor.thing, inner, share)


def draw(shot: Shot, time: float) -> RGBImage:
    """Return the frame of a shot at a time, in seconds of the clip."""
    width, height = shot.size_wh
    inner = time - shot.start
    x, y = shot.camera.corner(inner)
    world = _world(shot.background, shot.world_wh)
    # Whole pixels: what does not move stays as it is, and the picture as sharp.
    frame = world.crop((round(x), round(y), round(x) + width, round(y) + height))
    for actor in shot.actors:
        at = actor.at(inner)
        if at is None:
            continue
        picture, alpha = actor.picture, actor.alpha
        if at[2] != 1.0:
            size = (max(1, round(picture.width * at[2])), max(1, round(picture.height * at[2])))
            picture, alpha = picture.resize(size), alpha.resize(size)
        frame.paste(picture, (round(at[0] - round(x)), round(at[1] - round(y))), alpha)
    for episode in shot.camera.episodes:
        frame = blurred(frame, episode.kind, episode.strength(inner))
    return _noisy(frame, round(1000 * time))


def _places(shot: Shot, time: float) -> Iterator[tuple[Actor, Box]]:
    """Yield what is there at a time, with its box in pixels of the frame."""
    x, y = map(round, shot.camera.corner(time - shot.start))
    for actor in shot.actors:
        at = actor.at(time - shot.start)
        if at is not None:
            box = moved(scaled(actor.box, at[2], at[2]), at[0] - x, at[1] - y)
            yield actor, box


def _shared(box: Box, other: tuple[float, ...]) -> float:
    """Return how many square pixels of a box another hides."""
    smaller = min(box.area, (other[2] - other[0]) * (other[3] - other[1]))
    return float(containment([box.xyxy], [other])[0, 0]) * smaller


@lru_cache(maxsize=4)  # the shots of one clip, drawn in turn
def _world(path: Path, size: tuple[int, int]) -> RGBImage:
    return ImageOps.fit(load_image(path), size)


@lru_cache(maxsize=1)
def _grain(width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """Return noise a little larger than a frame: each frame takes another part of it."""
    chance = np.random.default_rng(0)
    return np.rint(chance.normal(0, _NOISE, (height + 64, width + 64, 1))).astype(np.int16)


def _noisy(frame: RGBImage, seed: int) -> RGBImage:
    random = Random(seed)  # noqa: S311  # the same frame has the same noise
    x, y = random.randrange(64), random.randrange(64)
    grain = _grain(*frame.size)[y : y + frame.height, x : x + frame.width]
    values = np.asarray(frame, np.int16) + grain
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
