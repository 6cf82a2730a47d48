"""Clips of a coloured thing that is turned: frames, files, and eyes that tell its sides apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from PIL import Image, ImageFilter

from pekit_agents.profiles import Profile
from pekit_agents.settings import MatchSettings
from pekit_agents.testing import ColourEncoder, fake_profile
from pekit_agents.video.frames import Frame

if TYPE_CHECKING:
    from pekit_agents.types import FloatArray

#: Sides of one red thing: 0.6 to 0.7 alike.
FRONT, LEFT, TOP = (255, 48, 58), (198, 14, 58), (198, 48, 0)
#: Another thing, and no thing.
HAND, NOTHING = (0, 0, 255), None
SIZE = (160, 120)
Colour = tuple[int, int, int] | None


class Sides(ColourEncoder):
    """Sees shades of a colour as sides of a thing: further apart than they are."""

    def normalize(self, vectors: FloatArray) -> FloatArray:
        return super().normalize(np.sign(vectors) * np.abs(vectors) ** np.float32(2))


def sides_profile() -> Profile:
    """Return the fake vision tools with such eyes: what is more than half alike is one thing."""
    return replace(fake_profile(), encoder=Sides("sides@1"), matching=MatchSettings(threshold=0.5))


def look(colour: Colour, *, stripe: int = 2, blur: float = 0, side: int = 64) -> Image.Image:
    """Draw a frame: a patch with lines across; the wider they are, the less sharp it is."""
    picture = Image.new("RGB", SIZE, (128, 128, 128))
    if colour is None:
        return picture
    patch = Image.new("RGB", (side, side))
    red, green, blue = colour
    for line in range(side):
        shade = green + (20 if line // stripe % 2 else -20)
        patch.paste((red, min(max(shade, 0), 68), blue), (0, line, side, line + 1))
    patch = patch.filter(ImageFilter.GaussianBlur(blur)) if blur else patch
    picture.paste(patch, ((SIZE[0] - side) // 2, (SIZE[1] - side) // 2))
    return picture


def frames(pictures: Iterable[Image.Image], every: float = 0.3) -> list[Frame]:
    """Return frames of pictures."""
    return [Frame(n * every, picture, picture.size) for n, picture in enumerate(pictures)]


def timed(colours: Sequence[Colour], every: float = 0.3) -> list[tuple[float, Image.Image]]:
    """Return what a clip may be made of: (seconds, picture)."""
    return [(n * every, look(colour)) for n, colour in enumerate(colours)]


def write_clip(path: Path, colours: Sequence[Colour], *, rate: int = 10, each: int = 3) -> Path:
    """Write an MP4 in which each colour is shown for so many frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "10"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv444p"  # colours stay what they are
        for colour in colours:
            for _ in range(each):
                frame = av.VideoFrame.from_image(look(colour, stripe=8))
                for packet in stream.encode(frame):
                    container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path
