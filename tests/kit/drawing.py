"""A photo of patches of plain colours, side by side."""

from __future__ import annotations

from PIL import Image

Colour = tuple[int, int, int] | str


def photo(*colours: Colour, ground: Colour = (128, 128, 128)) -> Image.Image:
    picture = Image.new("RGB", (60 + 80 * len(colours), 120), ground)
    for place, colour in enumerate(colours):
        picture.paste(colour, (20 + 80 * place, 20, 80 + 80 * place, 90))
    return picture
