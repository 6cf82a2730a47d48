"""Photos for calibrations: drawn ones in a folder, and what would be seen in others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from pekit_agents.evaluation.calibrating.seeing import Seen
from pekit_agents.testing import PALETTE

NOTHING = np.zeros((0, 3), np.float32)
#: What is added to a colour of the palette: the things of one kind.
_SHADES = ((0, 0, 0), (40, 0, 40), (0, 40, 40), (40, 40, 0))


def draw_things(folder: Path, *, kinds: int = 3, each: int = 3, photos: int = 3) -> None:
    """Draw photos of patches, a kind for each colour and a thing for each of its shades.

    Photos of a thing differ in the size and place of the patch, and a little in its tint.
    """
    rng = np.random.default_rng(0)
    categories = {}
    for colour, rgb in list(PALETTE.items())[:kinds]:
        for number, shade in enumerate(_SHADES[:each]):
            name = f"{colour} {number}"
            categories[name] = colour
            (folder / name).mkdir(parents=True)
            for photo in range(photos):
                x, y = (int(v) for v in rng.integers(0, 60, 2))
                side = int(rng.integers(30, 60))
                picture = Image.new("RGB", (160, 120), (128, 128, 128))
                tint = np.abs(np.array(rgb) - shade - rng.integers(0, 8, 3))
                box = (x, y, x + side, y + side)
                ImageDraw.Draw(picture).rectangle(box, fill=tuple(tint.tolist()))
                picture.save(folder / name / f"{photo}.png")
    (folder / "categories.json").write_text(json.dumps(categories))


def seen(thing: int, *regions, view=None, worse=(), conditions=()) -> Seen:
    """Return what is seen in a photo, (K, 3) regions and a view that is averaged of nothing."""
    vectors = np.array(regions, np.float32).reshape(-1, 3)
    given = None if view is None else np.array([view], np.float32)
    bad = np.array(worse, np.float32).reshape(-1, 3)
    return Seen(thing, given, vectors, max(len(vectors), 1), bad, conditions)


class Unit:
    """An encoder whose features need scaling only."""

    id, dim = "unit@1", 3

    def normalize(self, vectors):
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
