"""``picked_sheet``: the frames that were picked from a clip, with outlines, as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from pekit_agents.boxes import resized_proposal
from pekit_agents.embedding.pooling import coverage
from pekit_agents.types import Box
from pekit_agents.video.tiles import Tile, fitting, sheet_of, shortened

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage
    from pekit_agents.video.picking import Picked, PickedFrame

__all__ = ["picked_sheet"]

_TILE = (360, 270)  # pixels
_OUTLINE, _HALO = (255, 140, 0), (0, 0, 0)


def picked_sheet(clips: Sequence[Picked]) -> RGBImage:
    """Return one picture of all picked frames, with the outline of the object and the time of each.

    Args:
        clips: What was picked, at least one.
    """
    several = len(clips) > 1
    tiles = [
        Tile(_outlined(frame), (_caption(frame.time, clip.name if several else ""),))
        for clip in clips
        for frame in clip.frames
    ]
    return sheet_of(tiles, _TILE)


def _caption(time: float, name: str) -> str:
    return shortened(name, _TILE[0], end=f", {time:.1f} s") if name else f"{time:.1f} s"


def _outlined(frame: PickedFrame) -> RGBImage:
    """Return a frame in the size of a tile, with the outline or the box of its object."""
    picture = fitting(frame.picture, _TILE)
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
