"""Frames of coloured things that come, move and go: what the fake vision tools can search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from PIL import Image

from pekit_agents.testing import PALETTE, SHADES
from pekit_agents.video.frames import Frame

SIZE = (320, 240)
SIDE = 60  # of a thing, in pixels
Corner = tuple[int, int]
#: With strictness "precision" "light red" is to the graded vision tools possibly what is red.
_COLOURS = {**PALETTE, **SHADES, "light red": (255, 48, 48)}


def ground(seed: int = 0, shift: Corner = (0, 0)) -> Image.Image:
    """Draw a place: grey with soft marks, none of which is a thing."""
    noise = np.random.default_rng(seed).integers(100, 156, (40, 52), np.uint8)
    large = Image.fromarray(noise).resize((SIZE[0] + 96, SIZE[1] + 80), Image.Resampling.BICUBIC)
    left, top = 48 + shift[0], 40 + shift[1]
    return large.crop((left, top, left + SIZE[0], top + SIZE[1])).convert("RGB")


def scene(things: Mapping[str, Corner], place: Image.Image | None = None) -> Image.Image:
    """Draw things with lines across, by which they can be followed."""
    picture = (place or ground()).copy()
    for number, (colour, corner) in enumerate(things.items()):
        # Closer to grey in places: to the tools that is the same colour.
        marks = np.random.default_rng(100 + number).uniform(0.82, 1, (SIDE // 6, SIDE // 6, 1))
        marks = np.kron(marks, np.ones((6, 6, 1)))
        patch = (128 + marks * (np.array(_COLOURS[colour]) - 128)).round().astype(np.uint8)
        picture.paste(Image.fromarray(patch), corner)
    return picture


def film(scenes: Sequence[Image.Image], every: float = 0.2) -> Iterator[Frame]:
    """Yield scenes as the sampled frames of a clip."""
    for number, picture in enumerate(scenes):
        yield Frame(round(number * every, 6), picture, picture.size)


def timed(scenes: Sequence[Image.Image], every: float = 0.2) -> list[tuple[float, Image.Image]]:
    """Return scenes as a clip of one's own: (seconds, picture)."""
    return [(frame.time, frame.image) for frame in film(scenes, every)]
