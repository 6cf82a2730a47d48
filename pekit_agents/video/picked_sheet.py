"""``picked_sheet``: the frames that were picked from a clip, with outlines, as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from pekit_agents.boxes import resized_proposal
from pekit_agents.embedding.pooling import coverage
from pekit_agents.types import Box

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage
    from pekit_agents.video.picking import Picked, PickedFrame

__all__ = ["picked_sheet"]

_TILE = (360, 270)  # pixels
_GAP, _LETTERS = 8, 15
_OUTLINE, _HALO = (255, 140, 0), (0, 0, 0)


def picked_sheet(clips: Sequence[Picked]) -> RGBImage:
    """Return one picture of all picked frames, with the outline of the object and the time of each.

    Args:
        clips: What was picked, at least one.
    """
    several = len(clips) > 1
    tiles = [
        (frame, f"{clip.name}, {frame.time:.1f} s" if several else f"{frame.time:.1f} s")
        for clip in clips
        for frame in clip.frames
    ]
    columns = ceil(sqrt(len(tiles)))
    rows = ceil(len(tiles) / columns)
    width, height = _TILE[0] + _GAP, _TILE[1] + _LETTERS + 2 * _GAP
    sheet = Image.new("RGB", (columns * width + _GAP, rows * height + _GAP), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_LETTERS)
    for number, (frame, caption) in enumerate(tiles):
        left, top = number % columns * width + _GAP, number // columns * height + _GAP
        picture = _outlined(frame)
        sheet.paste(
            picture,
            (left + (_TILE[0] - picture.width) // 2, top + (_TILE[1] - picture.height) // 2),
        )
        draw.text((left, top + _TILE[1] + 2), _fitting(caption, font), "black", font)
    return sheet


def _outlined(frame: PickedFrame) -> RGBImage:
    """Return a frame in the size of a tile, with the outline or the box of its object."""
    picture = frame.picture.copy()
    scale = min(_TILE[0] / picture.width, _TILE[1] / picture.height)
    picture = picture.resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    )
    region = resized_proposal(frame.view.proposal, frame.size_wh, picture.size)
    inside = coverage(region, Box(0, 0, *picture.size), (picture.height, picture.width)) > 0.5
    # A frame of its own, so that there is an outline at the border of the picture as well.
    mask = Image.fromarray(np.pad(inside, 3).astype(np.uint8) * np.uint8(255))
    for colour, size in ((_HALO, 5), (_OUTLINE, 3)):
        grown = np.asarray(mask.filter(ImageFilter.MaxFilter(size))) > 0
        shrunk = np.asarray(mask.filter(ImageFilter.MinFilter(size))) > 0
        line = (grown & ~shrunk)[3:-3, 3:-3]
        picture.paste(colour, mask=Image.fromarray(line.astype(np.uint8) * np.uint8(255)))
    return picture


def _fitting(caption: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Return a caption without its beginning where there is no room: the time is at its end."""
    shown = caption
    while font.getlength(shown) > _TILE[0]:
        shown = f"…{shown.removeprefix('…')[1:]}"
    return shown
