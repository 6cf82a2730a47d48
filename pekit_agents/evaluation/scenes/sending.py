"""What becomes of a photo before somebody sends it: turned, made small, or taken off a screen.

Pure drawing: boxes go with the picture, in pixels of what comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from pekit_agents.types import Box

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["screenshot", "thumbnail", "turned"]

#: Of a box, in pixels, by the name of the thing in it.
_Boxes = Mapping[str, tuple[Box, ...]]

_THUMBNAIL = 320  # pixels of the longer side, as messengers show pictures in a chat
_PHONE = (1080, 1920)
_PAPER, _INK, _BUBBLE = (236, 229, 221), (96, 125, 139), (255, 255, 255)
_MARGIN = 60
_LINE = 34


def turned(picture: RGBImage, boxes: _Boxes, degrees: int) -> tuple[RGBImage, _Boxes]:
    """Return a photo that lost the mark of which way up it is, turned counter-clockwise.

    Args:
        picture: The photo.
        boxes: Of its things.
        degrees: 90 or 180.
    """
    width, height = picture.size
    way = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180}[degrees]

    def moved(box: Box) -> Box:
        if degrees == 180:
            return Box(width - box.x1, height - box.y1, width - box.x0, height - box.y0)
        return Box(box.y0, width - box.x1, box.y1, width - box.x0)

    return picture.transpose(way), {name: tuple(map(moved, some)) for name, some in boxes.items()}


def thumbnail(picture: RGBImage, boxes: _Boxes) -> tuple[RGBImage, _Boxes]:
    """Return a photo as a chat previews it: 320 pixels along its longer side."""
    scale = _THUMBNAIL / max(picture.size)
    size = (round(picture.width * scale), round(picture.height * scale))
    return picture.resize(size, Image.Resampling.LANCZOS), _placed(boxes, scale, 0, 0)


def screenshot(picture: RGBImage, boxes: _Boxes, random: Random) -> tuple[RGBImage, _Boxes]:
    """Return a screenshot of a phone that shows the photo in a chat, between lines of text.

    Args:
        picture: The photo.
        boxes: Of its things.
        random: Chooses how high the photo stands, and how long the lines are.
    """
    screen = Image.new("RGB", _PHONE, _PAPER)
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, _PHONE[0], 3 * _MARGIN), fill=_INK)
    scale = (_PHONE[0] - 3 * _MARGIN) / picture.width
    size = (round(picture.width * scale), round(picture.height * scale))
    y = random.randint(5 * _MARGIN, _PHONE[1] - size[1] - 5 * _MARGIN)
    above, below = (4 * _MARGIN, y - _MARGIN), (y + size[1] + _MARGIN, _PHONE[1] - _MARGIN)
    for first, last in (above, below):
        for top in range(first, last - 3 * _LINE, 3 * _LINE):
            right = random.randint(_PHONE[0] // 2, _PHONE[0] - _MARGIN)
            draw.rounded_rectangle((_MARGIN, top, right, top + 2 * _LINE), 16, fill=_BUBBLE)
            middle = top + _LINE
            draw.line((2 * _MARGIN, middle, right - _MARGIN, middle), fill=_INK, width=8)
    screen.paste(picture.resize(size, Image.Resampling.LANCZOS), (_MARGIN, y))
    return screen, _placed(boxes, scale, _MARGIN, y)


def _placed(boxes: _Boxes, scale: float, x: float, y: float) -> _Boxes:
    return {
        name: tuple(
            Box(b.x0 * scale + x, b.y0 * scale + y, b.x1 * scale + x, b.y1 * scale + y)
            for b in some
        )
        for name, some in boxes.items()
    }
