"""How a composed scene is drawn: tiles of a mosaic, things pasted on a background or half hidden.

Pure drawing: what is drawn where comes out with the picture, in pixels of the scene.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from pekit_agents.boxes import containment
from pekit_agents.embedding.pooling import coverage
from pekit_agents.images.compositing import lay, vary
from pekit_agents.types import Box, Mask, Proposal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pekit_agents.types import RGBImage

__all__ = [
    "SIZE",
    "Piece",
    "cut_out",
    "draw_hidden",
    "draw_mosaic",
    "draw_pasted",
    "lit",
    "moved",
    "scaled",
]

#: Width and height of a scene in pixels.
SIZE = (1024, 768)

_GAP = 6  # pixels between tiles
_CLOSEST = 0.7  # side of the closest window of a tile, in sides of the largest
_LARGE = (0.7, 0.95)  # longer side of a thing that is half hidden, in heights of the scene
_SIDES = (0.28, 0.5)  # longer side of a pasted thing, in heights of the scene
_LARGEST_ZOOM = 1.5  # a small cut-out is not blown up further
_SOFT = 0.06  # width of the soft edge around a box, in its longer sides
_OVERLAP = 0.05  # share of a box that another may hide
_TRIES = 40  # places tried at one size
_SIZES = 5  # times a thing without a place is made smaller
_OPAQUE = 128
_EVEN = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A photo to draw a scene with.

    Attributes:
        photo: The upright photo.
        box: Where its thing is, in pixels of the photo; None for a photo of nothing known.
        mask: The thing's outline; None to cut it out by its box.
    """

    photo: RGBImage
    box: Box | None = None
    mask: Mask | None = None


def draw_mosaic(pieces: Sequence[Piece], random: Random) -> tuple[RGBImage, list[Box | None]]:
    """Return a mosaic of photos, each cropped anew around its thing.

    Args:
        pieces: Four, six or nine photos; as many columns as rows, or one more.
        random: Chooses the crops and the light.

    Returns:
        The scene and each thing's box in it; None for a photo without a thing.
    """
    columns = math.ceil(len(pieces) ** 0.5)
    rows = len(pieces) // columns
    canvas = Image.new("RGB", SIZE, (random.randint(190, 255),) * 3)
    width = (SIZE[0] - (columns + 1) * _GAP) // columns
    height = (SIZE[1] - (rows + 1) * _GAP) // rows
    boxes: list[Box | None] = []
    for index, piece in enumerate(pieces):
        x = _GAP + index % columns * (width + _GAP)
        y = _GAP + index // columns * (height + _GAP)
        tile, box = _tile(piece, (width, height), random)
        canvas.paste(lit(tile, random), (x, y))
        boxes.append(None if box is None else moved(box, x, y))
    return canvas, boxes


def draw_pasted(
    background: RGBImage, pieces: Sequence[Piece], random: Random
) -> tuple[RGBImage, list[Box | None]]:
    """Return a background with things pasted onto it, moved and scaled, hardly overlapping.

    A thing with a mask is cut out along it, and its box is that of the mask where it is more
    opaque than not. Without a mask it is cut out by its box with a soft edge outside of it.

    Args:
        background: Any photo.
        pieces: Photos whose things have boxes.
        random: Chooses places, sizes and the light.

    Returns:
        The scene and each thing's box in it; None for a thing that found no place.
    """
    canvas = ImageOps.fit(background, SIZE)
    boxes: list[Box | None] = []
    for piece in pieces:
        picture, alpha, box = cut_out(piece)
        placed = _place(box, picture.size, [taken for taken in boxes if taken], random)
        if placed is None:
            boxes.append(None)
            continue
        x, y, scale = placed
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        light, small = lit(picture.resize(size), random), alpha.resize(size)
        if piece.mask is None:
            canvas.paste(light, (x, y), small)
        else:
            lay(canvas, light, small, (x, y))
        boxes.append(moved(scaled(box, size[0] / picture.width, size[1] / picture.height), x, y))
    return canvas, boxes


def draw_hidden(
    background: RGBImage, piece: Piece, before: RGBImage, random: Random
) -> tuple[RGBImage, Box]:
    """Return a large thing of which another photo hides the left or the right half.

    Args:
        background: Any photo.
        piece: A photo whose thing has a box.
        before: What hides it.
        random: Chooses the size, the place, the side and the light.

    Returns:
        The scene and the box of the half that shows.
    """
    canvas = ImageOps.fit(background, SIZE)
    picture, alpha, box = cut_out(piece)
    scale = random.uniform(*_LARGE) * SIZE[1] / max(box.width, box.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    x = random.randint(0, max(0, SIZE[0] - size[0]))
    y = random.randint(0, max(0, SIZE[1] - size[1]))
    lay(canvas, lit(picture.resize(size), random), alpha.resize(size), (x, y))
    whole = moved(scaled(box, scale, scale), x, y)
    middle = round((whole.x0 + whole.x1) / 2)
    shown = min(whole.y1, float(SIZE[1]))
    cover = ImageOps.fit(before, SIZE)
    if random.random() < _EVEN:
        canvas.paste(cover.crop((0, 0, middle, SIZE[1])), (0, 0))
        return canvas, Box(middle, whole.y0, min(whole.x1, float(SIZE[0])), shown)
    canvas.paste(cover.crop((middle, 0, *SIZE)), (middle, 0))
    return canvas, Box(whole.x0, whole.y0, middle, shown)


def _tile(piece: Piece, size: tuple[int, int], random: Random) -> tuple[RGBImage, Box | None]:
    """Return a window of the photo that shows the whole thing, as large as the tile."""
    photo, box = piece.photo, piece.box
    largest = min(photo.width / size[0], photo.height / size[1])  # photo pixels to one of a tile
    least = 0.0 if box is None else max(box.width / size[0], box.height / size[1])
    if box is not None and least > largest:
        return _padded(photo, box, size)
    pixel = random.uniform(max(least, _CLOSEST * largest), largest)
    width, height = size[0] * pixel, size[1] * pixel
    x = _start(photo.width, width, None if box is None else (box.x0, box.x1), random)
    y = _start(photo.height, height, None if box is None else (box.y0, box.y1), random)
    tile = photo.resize(size, Image.Resampling.LANCZOS, (x, y, x + width, y + height))
    return tile, None if box is None else scaled(moved(box, -x, -y), 1 / pixel, 1 / pixel)


def _start(whole: float, part: float, held: tuple[float, float] | None, random: Random) -> float:
    """Return where a part of a line begins so that it holds an interval of it."""
    low, high = 0.0, max(0.0, whole - part)
    if held is not None:
        low, high = max(low, held[1] - part), min(high, held[0])
    return min(random.uniform(low, high), max(0.0, whole - part))


def _padded(photo: RGBImage, box: Box, size: tuple[int, int]) -> tuple[RGBImage, Box]:
    """Return the whole photo in the middle of a tile of its mean colour."""
    scale = min(size[0] / photo.width, size[1] / photo.height)
    whole = photo.resize((round(photo.width * scale), round(photo.height * scale)))
    tile = photo.resize((1, 1), Image.Resampling.BOX).resize(size)
    x, y = (size[0] - whole.width) // 2, (size[1] - whole.height) // 2
    tile.paste(whole, (x, y))
    inner = scaled(box, whole.width / photo.width, whole.height / photo.height)
    return tile, moved(inner, x, y)


def cut_out(piece: Piece) -> tuple[RGBImage, Image.Image, Box]:
    """Return the part of a photo around its thing, its alpha and the thing's box in it."""
    if piece.box is None:
        raise ValueError("a piece without a box cannot be cut out")
    photo = piece.photo
    margin = _SOFT * max(piece.box.width, piece.box.height)
    x0, y0, x1, y1 = Box(
        max(0.0, piece.box.x0 - margin),
        max(0.0, piece.box.y0 - margin),
        min(float(photo.width), piece.box.x1 + margin),
        min(float(photo.height), piece.box.y1 + margin),
    ).pixels
    crop = photo.crop((x0, y0, x1, y1))
    box = moved(piece.box, -x0, -y0)
    if piece.mask is None:
        return crop, _soft_box(crop.size, box, margin), box
    region = Proposal(piece.box, 1.0, piece.mask)
    values = coverage(region, Box(x0, y0, x1, y1), (crop.height, crop.width))
    alpha = Image.fromarray((values * 255).round().astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(max(1.0, margin / 8))
    )
    rows, columns = np.nonzero(np.asarray(alpha) >= _OPAQUE)
    if not rows.size:
        return crop, _soft_box(crop.size, box, margin), box
    tight = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    return crop, alpha, tight


def _soft_box(size: tuple[int, int], box: Box, margin: float) -> Image.Image:
    """Return an alpha that is opaque on the box and fades out over the margin around it."""
    alpha = Image.new("L", size, 0)
    half = margin / 2
    edges = (box.x0 - half, box.y0 - half, box.x1 + half, box.y1 + half)
    ImageDraw.Draw(alpha).rectangle(edges, fill=255)
    return alpha.filter(ImageFilter.GaussianBlur(margin / 4))


def _place(
    box: Box, size: tuple[int, int], taken: Sequence[Box], random: Random
) -> tuple[int, int, float] | None:
    """Return the corner of a cut-out in the scene and its scale; None where it has no room."""
    side = max(box.width, box.height)
    scale = min(random.uniform(*_SIDES) * SIZE[1] / side, _LARGEST_ZOOM)
    for _ in range(_SIZES):
        room = (SIZE[0] - round(size[0] * scale), SIZE[1] - round(size[1] * scale))
        for _ in range(_TRIES if min(room) >= 0 else 0):
            x, y = random.randint(0, room[0]), random.randint(0, room[1])
            spot = moved(scaled(box, scale, scale), x, y)
            others = [other.xyxy for other in taken]
            if not others or containment([spot.xyxy], others).max() <= _OVERLAP:
                return x, y, scale
        scale *= 0.85
    return None


def lit(picture: RGBImage, random: Random) -> RGBImage:
    """Return a picture in a light of its own."""
    return vary(picture, brightness=random.uniform(0.85, 1.15), colour=random.uniform(0.85, 1.15))


def moved(box: Box, x: float, y: float) -> Box:
    """Return a box so far to the right and down."""
    return Box(box.x0 + x, box.y0 + y, box.x1 + x, box.y1 + y)


def scaled(box: Box, x: float, y: float) -> Box:
    """Return a box with its edges multiplied, as when its picture is resized."""
    return Box(box.x0 * x, box.y0 * y, box.x1 * x, box.y1 * y)
