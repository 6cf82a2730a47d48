"""Several photos on one sheet."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps

__all__ = ["contact_sheet"]

_CELL = (320, 240)
_LINE = 24
_GAP = 12


def contact_sheet(photos: Sequence[tuple[str, Image.Image]], *, columns: int = 3) -> Image.Image:
    """Return a sheet of (caption, photo) pairs, row by row."""
    columns = min(columns, len(photos))
    step_x, step_y = _CELL[0] + _GAP, _CELL[1] + _LINE + _GAP
    rows = -(-len(photos) // columns)
    sheet = Image.new("RGB", (columns * step_x + _GAP, rows * step_y + _GAP), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for index, (caption, photo) in enumerate(photos):
        left, top = _GAP + index % columns * step_x, _GAP + index // columns * step_y
        sheet.paste(ImageOps.pad(photo, _CELL, color="white"), (left, top))
        draw.text((left, top + _CELL[1] + 4), caption, fill="black", font=font)
    return sheet
