"""Photos for calibrations: drawn ones in a folder, and what would be seen in others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from pekit_agents.calibrating.trials import Seen
from pekit_agents.testing import PALETTE

NOTHING = np.zeros((0, 3), np.float32)


def draw_things(folder, *, things: int = 8, photos: int = 3) -> None:
    """Draw photos of patches of one colour each, which differ in size, place and tint."""
    rng = np.random.default_rng(0)
    for colour in list(PALETTE)[:things]:
        (folder / colour).mkdir(parents=True)
        for number in range(photos):
            x, y = (int(v) for v in rng.integers(0, 60, 2))
            side = int(rng.integers(30, 60))
            photo = Image.new("RGB", (160, 120), (128, 128, 128))
            tint = tuple(int(abs(value - rng.integers(0, 60))) for value in PALETTE[colour])
            ImageDraw.Draw(photo).rectangle((x, y, x + side, y + side), fill=tint)
            photo.save(folder / colour / f"{number}.png")


def photo(name: str, thing: int, *regions, looks=None) -> Seen:
    vectors = np.array(regions, np.float32).reshape(-1, 3)
    given = None if looks is None else np.array([looks], np.float32)
    return Seen(Path(name), thing, NOTHING, vectors, given)


def things(*counts: int) -> list[Seen]:
    """Return photos of things with so many photos each, all of which can introduce them."""
    return [
        photo(f"{thing}/{number}", thing, (1, 0, 0), looks=(1, 0, 0))
        for thing, count in enumerate(counts)
        for number in range(count)
    ]
