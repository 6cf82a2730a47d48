"""Vision tools for tests: deterministic, numpy only, done in milliseconds.

They live in a world where every object is a patch of one plain colour on a grey ground. Two
patches are the same object when they have the same colour. Everything around them is real, so a
test of an agent needs no model and no download::

    kit = PeKit.open(tmp_path, profile=fake_profile())
    kit.remember("Biscuit", solid_scene({"red": (20, 20, 80, 80)}), category="dog")
    kit.find(solid_scene({"red": (5, 30, 60, 90), "blue": (100, 10, 150, 60)})).matches
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from pekit_agents.profiles import Profile
from pekit_agents.scoring import Discriminant
from pekit_agents.settings import MatchSettings
from pekit_agents.types import Box, Proposal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.protocols import SearchMode
    from pekit_agents.types import FloatArray, RGBImage

__all__ = [
    "PALETTE",
    "SHADES",
    "ColourEncoder",
    "ColourExtractor",
    "ColourProposer",
    "fake_profile",
    "graded_profile",
    "solid_scene",
    "to_png",
]

#: The colours of objects; any two are at most 1/3 alike.
PALETTE: dict[str, tuple[int, int, int]] = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "magenta": (255, 0, 255),
    "cyan": (0, 255, 255),
    "white": (255, 255, 255),
    "black": (0, 0, 0),
}
#: Shades of some of them: to :func:`graded_profile` they may be the same object, and may not.
SHADES: dict[str, tuple[int, int, int]] = {
    "pale red": (255, 54, 54),
    "pale green": (54, 255, 54),
    "pale blue": (54, 54, 255),
}
_SPREAD, _APART = 0.04, 0.5  # of vectors of one colour, and of the colours
_COLOURS = {**PALETTE, **SHADES}
_GREY = (128, 128, 128)
_CONTRAST = 60  # how far from grey a channel of an object is at least
_CELLS = 32  # cells a side of the raster on which regions grow together
_PATCH = 8  # pixels a side of what the encoder sees as one patch


class ColourEncoder:
    """F_emb: a patch feature is the patch's mean colour, seen from grey.

    Attributes:
        id: Names the encoder in the memory.
        dim: 4: red, green, blue and a constant that keeps grey from being nothing.
    """

    def __init__(self, id: str = "colour@1") -> None:
        self.id = id
        self.dim = 4

    def encode(self, images: Sequence[RGBImage]) -> list[FloatArray]:
        """Return a (rows, columns, 4) grid for each image."""
        return [_grid(image) for image in images]

    def normalize(self, vectors: FloatArray) -> FloatArray:
        """Scale (K, 4) features to unit length."""
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        scaled: FloatArray = (vectors / lengths).astype(np.float32)
        return scaled


class ColourProposer:
    """F_prop: every patch of one colour is a proposal, the largest first."""

    def propose(
        self, image: RGBImage, categories: Sequence[str], mode: SearchMode
    ) -> list[Proposal]:
        """Return all patches, or only the largest in mode ``"fast"``."""
        del categories
        regions = _regions(image)
        return regions[:1] if mode == "fast" else regions


class ColourExtractor:
    """F_ext: the object of a reference photo is its largest patch."""

    def extract(self, image: RGBImage, category: str) -> list[Proposal]:
        """Return the patches, the largest first; ``[]`` for a plain grey photo."""
        del category
        return _regions(image)


def fake_profile(encoder_id: str = "colour@1") -> Profile:
    """Return a profile that needs no model.

    Args:
        encoder_id: Another id stands for another encoder, whose memories do not fit.
    """
    return Profile(
        name="fake",
        extractor=ColourExtractor(),
        proposer=ColourProposer(),
        encoder=ColourEncoder(encoder_id),
        matching=MatchSettings(threshold=0.75),
        augment=False,
    )


def graded_profile(encoder_id: str = "colour@1") -> Profile:
    """Return a profile that needs no model and knows probabilities.

    As :func:`fake_profile`, with a discriminant in place of the threshold: a patch of the same
    colour is certain, one of its :data:`SHADES` is possible (0.36), any other is another thing.

    Args:
        encoder_id: Another id stands for another encoder, whose memories do not fit.
    """
    dim = ColourEncoder().dim
    discriminant = Discriminant(
        centre=np.zeros(dim, np.float32),
        axes=np.eye(dim, dtype=np.float32),
        origin=np.zeros(dim, np.float32),
        basis=np.eye(dim, dtype=np.float32) / np.float32(_SPREAD),
        between=np.full(dim, (_APART / _SPREAD) ** 2, np.float32),
        conditions=np.zeros((0, dim), np.float32),
        spreads=np.zeros((0, dim), np.float32),
        slope=1.0,
        offset=0.0,
        rates=np.array([0.01, 0.06, 0.5], np.float32),
        priors=np.array([4.0, 0.0, -4.0], np.float32),
    )
    return replace(fake_profile(encoder_id), name="graded", discriminant=discriminant)


def solid_scene(
    patches: Mapping[str, tuple[int, int, int, int]], size: tuple[int, int] = (160, 120)
) -> RGBImage:
    """Draw a photo: patches of plain colour on grey.

    Args:
        patches: Name of a colour in :data:`PALETTE` or :data:`SHADES` -> box, xyxy in pixels,
            ends exclusive.
        size: Width and height in pixels.
    """
    photo = Image.new("RGB", size, _GREY)
    draw = ImageDraw.Draw(photo)
    for colour, (x0, y0, x1, y1) in patches.items():
        draw.rectangle((x0, y0, x1 - 1, y1 - 1), fill=_COLOURS[colour])
    return photo


def to_png(image: RGBImage) -> bytes:
    """Return a picture as the content of a PNG file."""
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _grid(image: RGBImage) -> FloatArray:
    shape = (max(1, image.width // _PATCH), max(1, image.height // _PATCH))
    colours = np.asarray(image.resize(shape, Image.Resampling.BOX), np.float32) - _GREY[0]
    constant = np.full((*colours.shape[:2], 1), 8.0, np.float32)
    return np.concatenate([colours, constant], axis=2)


def _regions(image: RGBImage) -> list[Proposal]:
    pixels = _signs(np.asarray(image, np.int16))  # (H, W)
    rows = np.linspace(0, image.height - 1, _CELLS).round().astype(int)
    columns = np.linspace(0, image.width - 1, _CELLS).round().astype(int)
    found = []
    for colour, cells in _grown(pixels[np.ix_(rows, columns)]):
        box = _exact(pixels == colour, rows[cells[:, 0]], columns[cells[:, 1]])
        found.append(Proposal(box, min(1.0, box.area / (image.width * image.height))))
    return sorted(found, key=lambda proposal: -proposal.box.area)


def _signs(pixels: NDArray[np.int16]) -> NDArray[np.int64]:
    """Return each pixel's colour as a number; 0 where a channel is too close to grey."""
    away = pixels - _GREY[0]
    colours = ((away > 0) * np.array([1, 2, 4])).sum(axis=2) + 1
    return np.where((np.abs(away) >= _CONTRAST).all(axis=2), colours, 0)


def _grown(raster: NDArray[np.int64]) -> list[tuple[int, NDArray[np.int64]]]:
    """Return (colour, (n, 2) rows and columns) of each connected patch."""
    left = {(int(row), int(column)) for row, column in np.argwhere(raster > 0)}
    patches = []
    while left:
        todo = [left.pop()]
        cells = list(todo)
        colour = int(raster[todo[0]])
        while todo:
            row, column = todo.pop()
            beside = ((row, column + 1), (row, column - 1))
            for near in ((row + 1, column), (row - 1, column), *beside):
                if near in left and raster[near] == colour:
                    left.remove(near)
                    todo.append(near)
                    cells.append(near)
        patches.append((colour, np.array(sorted(cells))))
    return sorted(patches, key=lambda patch: patch[1][0].tolist())


def _exact(same: NDArray[np.bool_], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Box:
    """Return the box of the pixels of one colour in and next to the cells of a patch."""
    step_y, step_x = -(-same.shape[0] // _CELLS), -(-same.shape[1] // _CELLS)
    top, left = max(0, rows.min() - step_y), max(0, columns.min() - step_x)
    near = same[top : rows.max() + step_y + 1, left : columns.max() + step_x + 1]
    down, across = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    return Box(
        float(left + across[0]),
        float(top + down[0]),
        float(left + across[-1] + 1),
        float(top + down[-1] + 1),
    )
