"""What happens in a composed shot: an ``Actor`` is a cut-out that comes and goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Literal, TypeAlias

from PIL import Image

from pekit_agents.boxes import containment
from pekit_agents.evaluation.scenes.drawing import Piece, cut_out, lit, moved, scaled
from pekit_agents.types import Box

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["Actor", "Way", "cast", "place", "still_strip"]

Way: TypeAlias = Literal["put", "slide", "pass", "rest"]

_SIDES = (0.25, 0.5)  # longer side of a thing, in heights of the frame
_LARGEST_ZOOM = 1.5  # a small cut-out is not blown up further
_SLIDING = 0.6  # seconds to come in from the side
_OVERLAP = 0.05  # share of a thing that another may hide where both rest
_TRIES = 60


@dataclass(frozen=True, slots=True, eq=False)
class Actor:
    """One cut-out in a shot. Times are seconds since the shot began.

    Attributes:
        thing: Its name; empty for something that only hides others.
        picture: The cut-out at its largest.
        alpha: Mode ``L``, of the same size: where it is opaque.
        box: The thing in the cut-out.
        corner: Upper left corner of the cut-out where it rests, in pixels of the world.
        away: How far from there it waits out of sight, across; where it slides or passes.
        way: It is put down and taken away at once, slides in and out, passes from one side to
            the other, or is there for the whole shot.
        start: When it comes.
        end: When it is gone.
        sizes: Its size when it comes and when it goes, in shares of the largest.
    """

    thing: str
    picture: RGBImage
    alpha: Image.Image
    box: Box
    corner: tuple[float, float]
    way: Way = "rest"
    start: float = 0.0
    end: float = 1e9
    away: float = 0.0
    sizes: tuple[float, float] = (1.0, 1.0)

    def at(self, time: float) -> tuple[float, float, float] | None:
        """Return the corner of the cut-out in the world and its size in shares; None if absent."""
        if not self.start <= time < self.end:
            return None
        along = (time - self.start) / (self.end - self.start)
        size = self.sizes[0] + along * (self.sizes[1] - self.sizes[0])
        x, y = self.corner
        if self.way == "pass":
            x += self.away * (1 - 2 * along)
        elif self.way == "slide":
            near = min(time - self.start, self.end - time) / _SLIDING
            x += self.away * max(0.0, 1 - near)
        return x, y, size


def cast(piece: Piece, height: int, random: Random) -> tuple[RGBImage, Image.Image, Box]:
    """Return a thing cut out at the size that it has in a clip, its alpha and its box.

    Args:
        piece: A photo with the thing's box.
        height: Of the frame, in pixels.
        random: Chooses the size and the light.
    """
    picture, alpha, box = cut_out(piece)
    scale = random.uniform(*_SIDES) * height / max(box.width, box.height)
    scale = min(scale, _LARGEST_ZOOM)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    exact = (size[0] / picture.width, size[1] / picture.height)
    return lit(picture.resize(size), random), alpha.resize(size), scaled(box, *exact)


def place(
    box: Box, area: tuple[float, float, float, float], taken: Sequence[Box], random: Random
) -> tuple[float, float]:
    """Return the corner of a cut-out whose box lies in an area and hides others least.

    Args:
        box: The thing's box in the cut-out.
        area: Edges of where it may lie, xyxy in pixels of the world.
        taken: The boxes of others, in the world.
        random: Chooses.
    """
    best, least = (area[0] - box.x0, area[1] - box.y0), 2.0
    for _ in range(_TRIES):
        corner = (
            random.uniform(area[0], max(area[0], area[2] - box.width)) - box.x0,
            random.uniform(area[1], max(area[1], area[3] - box.height)) - box.y0,
        )
        spot = moved(box, *corner).xyxy
        hidden = containment([spot], [each.xyxy for each in taken]).max() if taken else 0.0
        if hidden < least:
            best, least = corner, float(hidden)
        if least <= _OVERLAP:
            break
    return best


def still_strip(photo: RGBImage, size: tuple[int, int]) -> tuple[RGBImage, Image.Image]:
    """Return a strip of a photo that hides what is behind it, and its alpha."""
    width, height = size
    scale = max(width / photo.width, height / photo.height)
    whole = photo.resize(
        (max(width, round(photo.width * scale)), max(height, round(photo.height * scale)))
    )
    return whole.crop((0, 0, width, height)), Image.new("L", size, 255)
