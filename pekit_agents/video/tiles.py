"""Pictures in rows with captions under them, on one white sheet: ``Tile`` and ``sheet_of``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING, TypeAlias

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["Tile", "columns_of", "fitting", "font_of", "sheet_of", "shortened"]

_Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont
_GAP, _LETTERS, _LEADING = 8, 15, 4


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A picture and what stands under it.

    Attributes:
        picture: Not larger than the tile.
        lines: Its caption, which is as wide as the tile at most; see :func:`shortened`.
    """

    picture: RGBImage
    lines: Sequence[str]


def sheet_of(tiles: Sequence[Tile], tile_wh: tuple[int, int]) -> RGBImage:
    """Return tiles row by row, about as many in a row as there are rows.

    Args:
        tiles: At least one.
        tile_wh: Width and height of the room for each picture.
    """
    columns = columns_of(len(tiles))
    rows = ceil(len(tiles) / columns)
    most = max(len(tile.lines) for tile in tiles)
    caption = most * (_LETTERS + _LEADING) - _LEADING
    width, height = tile_wh[0] + _GAP, tile_wh[1] + caption + 2 * _GAP
    sheet = Image.new("RGB", (columns * width + _GAP, rows * height + _GAP), "white")
    draw, font = ImageDraw.Draw(sheet), font_of()
    for number, tile in enumerate(tiles):
        left, top = number % columns * width + _GAP, number // columns * height + _GAP
        free = tile_wh[0] - tile.picture.width, tile_wh[1] - tile.picture.height
        sheet.paste(tile.picture, (left + free[0] // 2, top + free[1] // 2))
        for line, text in enumerate(tile.lines):
            down = top + tile_wh[1] + 2 + line * (_LETTERS + _LEADING)
            draw.text((left, down), text, "black", font)
    return sheet


def columns_of(count: int) -> int:
    """Return how many tiles stand in a row of a sheet."""
    return ceil(sqrt(count))


def fitting(picture: RGBImage, tile_wh: tuple[int, int]) -> RGBImage:
    """Return a picture as large as a tile has room for, in its own shape."""
    scale = min(tile_wh[0] / picture.width, tile_wh[1] / picture.height)
    return picture.resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    )


def font_of() -> _Font:
    """Return the font of captions."""
    return ImageFont.load_default(_LETTERS)


def shortened(text: str, width: float, *, end: str = "") -> str:
    """Return as much of a text as there is room for in a caption.

    Args:
        text: What to cut.
        width: The room in pixels.
        end: What follows it and is never cut.
    """
    font, shown = font_of(), text
    while shown.strip("…") and font.getlength(f"{shown}{end}") > width:
        shown = f"{shown.removesuffix('…')[:-1].rstrip()}…"
    return f"{shown}{end}"
