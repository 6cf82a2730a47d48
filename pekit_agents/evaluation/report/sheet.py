"""One picture of the worst mistakes of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from pekit_agents.evaluation.report.mistakes import KINDS, Kind, worst_mistakes
from pekit_agents.evaluation.report.tiles import mistake_tile

if TYPE_CHECKING:
    from pekit_agents.evaluation.records import Draw, Run
    from pekit_agents.evaluation.report.content import Tile
    from pekit_agents.types import RGBImage

__all__ = ["mistake_sheet"]

_PHOTO, _SMALL, _GAP, _LETTERS = 320, 90, 10, 14  # pixels
_WIDTH = _PHOTO + 2 * _GAP
_HEIGHT = _PHOTO + _SMALL + 3 * (_LETTERS + 4) + 3 * _GAP


def mistake_sheet(run: Run, *, recognizer: str = "pekit", most: int = 3) -> RGBImage | None:
    """Return a sheet with the worst mistakes of each kind; None without any.

    Under each photo stand what went wrong and the photos that the thing was remembered from.

    Args:
        run: Whose answers.
        recognizer: Whose mistakes.
        most: Of one kind, in one row.
    """
    ours = [draw for draw in run.draws if draw.recognizer == recognizer]
    rows = [row for kind in KINDS if (row := list(islice(_tiles(run, ours, kind), most)))]
    if not rows:
        return None
    sheet = Image.new("RGB", (max(map(len, rows)) * _WIDTH, len(rows) * _HEIGHT), "white")
    for down, row in enumerate(rows):
        for across, tile in enumerate(row):
            _paste(sheet, tile, (across * _WIDTH + _GAP, down * _HEIGHT + _GAP))
    return sheet


def _tiles(run: Run, draws: Sequence[Draw], kind: Kind) -> Iterator[Tile]:
    for mistake in worst_mistakes(draws, kind):
        tile = mistake_tile(mistake, Path(run.root), kind)
        if tile.data is not None:
            yield tile


def _paste(sheet: RGBImage, tile: Tile, corner: tuple[int, int]) -> None:
    left, top = corner
    # A tile without a picture is not on the sheet.
    sheet.paste(Image.open(BytesIO(tile.data or b"")), (left, top))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_LETTERS)
    top += _PHOTO + _GAP // 2
    for line in (tile.title, *tile.lines[1:3]):
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
