"""The shots of each kind of clip: ``shots_of`` lets things come and go before a camera."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from pekit_agents.evaluation.clips.camera import Camera, episodes, shake
from pekit_agents.evaluation.clips.rendering import Shot
from pekit_agents.evaluation.clips.staging import Actor, cast, place, still_strip
from pekit_agents.evaluation.scenes.drawing import moved
from pekit_agents.images.loading import load_image
from pekit_agents.types import Box

if TYPE_CHECKING:
    from pekit_agents.evaluation.clips.staging import Way
    from pekit_agents.evaluation.scenes.drawing import Piece

__all__ = ["CLIP_KINDS", "ClipKind", "Frames", "shots_of"]

#: A camera that stands still before a place where little happens; one in a hand; one that turns
#: past things; and several shots, cut together.
ClipKind: TypeAlias = Literal["static", "handheld", "pan", "cuts"]
#: All of them.
CLIP_KINDS: tuple[ClipKind, ...] = get_args(ClipKind)

_SECONDS = {"static": (12, 20), "handheld": (6, 12), "pan": (8, 14), "cuts": (8, 14)}
_SHOT_SECONDS = 2.5  # about, where several are cut together
_ROOM = {"static": 1.0, "handheld": 1.15, "pan": 2.2}  # width of the world, in frames
_REACH = {"static": 0.0, "handheld": 0.012, "pan": 0.004}  # of shaking, in frame widths
_STAY = (2.0, 5.0)  # seconds that a thing stays
_HIDING = 1 / 3  # share of the things that a strip hides in part
_STRIP = (0.25, 0.4)  # width of it, in widths of the thing
_GROWTH = (0.85, 1.0)


@dataclass(frozen=True, slots=True)
class Frames:
    """What all frames have in common.

    Attributes:
        size_wh: Width and height.
        backgrounds: Photos to draw those behind the things from.
        seconds: Shortest and longest clip; None for what is usual for its kind.
    """

    size_wh: tuple[int, int]
    backgrounds: Sequence[Path]
    seconds: tuple[float, float] | None = None


def shots_of(
    kind: ClipKind, pieces: Mapping[str, Piece], frames: Frames, random: Random
) -> list[Shot]:
    """Return the shots of a clip, one after another.

    Args:
        kind: Which kind of clip.
        pieces: A photo of each thing that comes into sight, with its box.
        frames: Of what size, before what.
        random: Chooses all else.
    """
    shortest, longest = frames.seconds or _SECONDS[kind]
    seconds = round(random.uniform(shortest, longest), 1)
    if kind != "cuts":
        return [_shot(kind, 0.0, seconds, pieces, frames, random)]
    count = max(2, round(seconds / _SHOT_SECONDS))
    shots, start = [], 0.0
    for index in range(count):
        lasts = round((seconds - start) / (count - index) * random.uniform(0.8, 1.2), 1)
        lasts = lasts if index < count - 1 else round(seconds - start, 1)
        names = random.sample(sorted(pieces), random.randint(min(1, len(pieces)), len(pieces)))
        shown = {name: pieces[name] for name in names} if index % 3 != 1 else {}
        inner: ClipKind = random.choice(("static", "handheld"))
        shots.append(_shot(inner, round(start, 1), lasts, shown, frames, random, cut=True))
        start += lasts
    return shots


def _shot(
    kind: ClipKind,
    start: float,
    seconds: float,
    pieces: Mapping[str, Piece],
    frames: Frames,
    random: Random,
    *,
    cut: bool = False,
) -> Shot:
    width, height = frames.size_wh
    world = (round(width * _ROOM[kind]), round(height * min(_ROOM[kind], 1.15)))
    camera = _camera(kind, world, frames.size_wh, seconds, random)
    actors: list[Actor] = []
    taken: list[Box] = []
    for index, (name, piece) in enumerate(pieces.items()):
        picture, alpha, box = cast(piece, height, random)
        area = _area(kind, world, (index, len(pieces)))
        corner = place(box, area, taken, random)
        actor = Actor(name, picture, alpha, box, corner)
        taken.append(moved(box, *corner))
        way: Way = "rest" if cut or kind == "pan" else random.choice(_WAYS[kind])
        actors.append(_timed(actor, way, (index, len(pieces)), seconds, width, random))
        if way != "pass" and random.random() < _HIDING:
            actors.append(_strip_before(taken[-1], actors[-1], frames, random))
    background = random.choice(frames.backgrounds)
    return Shot(start, seconds, background, world, frames.size_wh, camera, tuple(actors))


#: How things come where the camera does not turn.
_WAYS: Mapping[str, tuple[Way, ...]] = {
    "static": ("put", "put", "slide"),
    "handheld": ("pass", "slide", "rest"),
}


def _camera(
    kind: ClipKind,
    world: tuple[int, int],
    size: tuple[int, int],
    seconds: float,
    random: Random,
) -> Camera:
    room = (world[0] - size[0], world[1] - size[1])
    middle = (room[0] / 2, room[1] / 2)
    shakes = shake(_REACH[kind] * size[0], random) if _REACH[kind] else ((), ())
    blurs = episodes(seconds, size[0], random) if kind != "static" else ()
    if kind != "pan":
        return Camera(middle, middle, seconds, shakes, blurs)
    margin = 0.02 * size[0]  # for shaking
    ends = [(margin, middle[1]), (room[0] - margin, middle[1])]
    random.shuffle(ends)
    return Camera(ends[0], ends[1], seconds, shakes, blurs)


def _area(
    kind: ClipKind, world: tuple[int, int], turn: tuple[int, int]
) -> tuple[float, float, float, float]:
    """Return where one thing of several may rest: those that a camera turns past lie in a row."""
    inner = 0.03 * world[1] if kind == "static" else 0.1 * world[1]
    if kind != "pan":
        return inner, inner, world[0] - inner, world[1] - inner
    step = (world[0] - 2 * inner) / turn[1]
    return inner + turn[0] * step, inner, inner + (turn[0] + 1) * step, world[1] - inner


def _timed(
    actor: Actor,
    way: Way,
    turn: tuple[int, int],
    seconds: float,
    width: int,
    random: Random,
) -> Actor:
    """Return a cut-out that comes and goes: the first of several early, the last late."""
    if way == "rest":
        return replace(actor, way=way, end=seconds)
    stays = min(random.uniform(*_STAY), 0.6 * seconds)
    slot = (seconds - stays - 1.0) / turn[1]
    start = round(0.5 + turn[0] * slot + random.uniform(0, max(0.0, slot)), 2)
    side = random.choice((-1, 1))
    sizes = (1.0, 1.0)
    away = side * 1.3 * width
    if way == "pass":
        away = side * 0.9 * width
        sizes = random.choice((_GROWTH, _GROWTH[::-1]))
        middle = width / 2 - (actor.box.x0 + actor.box.x1) / 2
        actor = replace(actor, corner=(middle, actor.corner[1]))
    end = round(start + stays, 2)
    return replace(actor, way=way, start=start, end=end, away=away, sizes=sizes)


def _strip_before(box: Box, actor: Actor, frames: Frames, random: Random) -> Actor:
    """Return a strip of a photo that hides a third of a thing, for as long as that is there."""
    width = max(4, round(random.uniform(*_STRIP) * box.width))
    height = round(1.2 * box.height)
    picture, alpha = still_strip(load_image(random.choice(frames.backgrounds)), (width, height))
    left = random.choice((box.x0, box.x1 - width))
    corner = (left, box.y0 - 0.1 * box.height)
    whole = Box(0, 0, width, height)
    return replace(
        actor, thing="", picture=picture, alpha=alpha, box=whole, corner=corner, sizes=(1.0, 1.0)
    )
