"""One picture of the worst mistakes of several runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from pekit_agents.evaluation.report.mistakes import KINDS, worst_mistakes
from pekit_agents.evaluation.report.tiles import mistake_tile

if TYPE_CHECKING:
    from pekit_agents.evaluation.records import Run
    from pekit_agents.evaluation.report.content import Tile
    from pekit_agents.types import RGBImage

__all__ = ["mistake_sheet"]

_PHOTO, _SMALL, _GAP, _LETTERS = 320, 90, 10, 14  # pixels
_ACROSS = 3
_WIDTH = _PHOTO + 2 * _GAP
_HEIGHT = _PHOTO + _SMALL + 3 * (_LETTERS + 4) + 3 * _GAP


def mistake_sheet(
    runs: Mapping[str, Run], *, recognizer: str = "pekit", most: int = 1
) -> RGBImage | None:
    """Return a sheet with the worst mistakes of each kind in each run; None without any.

    Under each photo stand what went wrong and the photos that the thing was remembered from.

    Args:
        runs: By what to call them.
        recognizer: Whose mistakes.
        most: Of one kind in one run.
    """
    tiles = list(_tiles(runs, recognizer, most))
    if not tiles:
        return None
    rows = -(-len(tiles) // _ACROSS)
    columns = min(len(tiles), _ACROSS)
    sheet = Image.new("RGB", (columns * _WIDTH, rows * _HEIGHT), "white")
    for number, (title, tile) in enumerate(tiles):
        corner = (number % _ACROSS * _WIDTH + _GAP, number // _ACROSS * _HEIGHT + _GAP)
        _paste(sheet, title, tile, corner)
    return sheet


def _tiles(runs: Mapping[str, Run], recognizer: str, most: int) -> Iterator[tuple[str, Tile]]:
    for name, run in runs.items():
        ours = [draw for draw in run.draws if draw.recognizer == recognizer]
        for kind in KINDS:
            for mistake in worst_mistakes(ours, kind)[:most]:
                tile = mistake_tile(mistake, Path(run.root), kind)
                if tile.data is not None:
                    yield name, tile


def _paste(sheet: RGBImage, name: str, tile: Tile, corner: tuple[int, int]) -> None:
    left, top = corner
    # A tile without a picture is not on the sheet.
    sheet.paste(Image.open(BytesIO(tile.data or b"")), (left, top))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_LETTERS)
    top += _PHOTO + _GAP // 2
    for line in (f"{name}: {tile.title}", *tile.lines[1:3]):
        draw.text((left, top), _short(line, font), "black", font)
        top += _LETTERS + 4
    for number, (_, data) in enumerate(tile.beside):
        sheet.paste(Image.open(BytesIO(data)), (left + number * (_SMALL + _GAP), top + _GAP // 2))


def _short(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Return as much of a line as there is room for."""
    cut = line
    while font.getlength(cut) > _PHOTO:
        cut = f"{cut.rstrip('…')[:-1]}…"
    return cut
