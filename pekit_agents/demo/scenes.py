"""Scenes for ``pekit demo``, composed from the photos that the scikit-image package ships.

No set of photos of one object comes with a package, so the scenes are made: prints of photos lie
on a table, moved, scaled, turned and recoloured, among prints of things nobody introduced. One
object needs no help: the motorcycle was photographed twice, from two places.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from pekit_agents.errors import MissingDependency
from pekit_agents.images.compositing import lay, vary
from pekit_agents.images.loading import load_image
from pekit_agents.types import Box

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["OBJECTS", "SCENES", "DemoObject", "Print", "Scene", "compose", "photo_path"]


@dataclass(frozen=True, slots=True)
class DemoObject:
    """An object that the demo introduces from one photo."""

    name: str
    category: str
    context: str
    photo: str


@dataclass(frozen=True, slots=True)
class Print:
    """A photo print on the table.

    Attributes:
        photo: File name of the photo.
        name: The personal object it shows; None for a thing nobody introduced.
        centre: (x, y) in shares of the scene.
        side: Longer side in shares of the scene's height.
        turn: Degrees, counter-clockwise.
        brightness: Factor.
        colour: Saturation factor.
        mirror: Whether it is mirrored.
    """

    photo: str
    name: str | None
    centre: tuple[float, float]
    side: float
    turn: float = 0.0
    brightness: float = 1.0
    colour: float = 1.0
    mirror: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """A table with prints on it."""

    title: str
    table: str
    tint: tuple[int, int, int]
    prints: tuple[Print, ...]


OBJECTS = (
    DemoObject("Chelsea", "cat", "A tabby who only drinks from the tap.", "chelsea.png"),
    DemoObject(
        "Ruby", "motorcycle", "Rebuilt by Ann and her father in 2014.", "motorcycle_left.png"
    ),
    DemoObject(
        "Morning cup", "coffee cup", "The red one; belongs to Ann, not to guests.", "coffee.png"
    ),
    DemoObject("Snake badge", "badge", "From Ann's first open-source sprint.", "logo.png"),
)

SCENES = (
    Scene(
        "three of Ann's things among unknown things",
        "brick.png",
        (196, 164, 132),
        (
            Print("motorcycle_right.png", "Ruby", (0.27, 0.29), 0.52, 7.0, 0.9, 0.8),
            Print("chelsea.png", "Chelsea", (0.73, 0.70), 0.42, -9.0, 1.15, 0.7, mirror=True),
            Print("coffee.png", "Morning cup", (0.25, 0.76), 0.36, 12.0, 0.85, 1.2),
            Print("rocket.jpg", None, (0.74, 0.24), 0.42, -5.0),
            Print("coins.png", None, (0.50, 0.56), 0.26, 4.0),
        ),
    ),
    Scene(
        "the cat twice, and the badge",
        "gravel.png",
        (170, 180, 190),
        (
            Print("chelsea.png", "Chelsea", (0.20, 0.28), 0.38, 10.0, 0.8, 1.0),
            Print("chelsea.png", "Chelsea", (0.80, 0.68), 0.46, -6.0, 1.2, 0.6, mirror=True),
            Print("logo.png", "Snake badge", (0.50, 0.72), 0.34, -15.0, 0.9, 0.8),
            Print("camera.png", None, (0.20, 0.74), 0.36, 5.0),
            Print("astronaut.png", None, (0.62, 0.25), 0.40, -4.0),
        ),
    ),
    Scene(
        "nothing of Ann's",
        "grass.png",
        (150, 176, 132),
        (
            Print("rocket.jpg", None, (0.26, 0.28), 0.46, 6.0),
            Print("camera.png", None, (0.76, 0.30), 0.40, -8.0),
            Print("coins.png", None, (0.28, 0.76), 0.40, -4.0),
            Print("astronaut.png", None, (0.74, 0.74), 0.42, 9.0),
        ),
    ),
)

_SIZE = (1280, 960)


def photo_path(name: str) -> Path:
    """Return where the scikit-image package keeps a photo; the package is not imported.

    Raises:
        MissingDependency: The package is not installed.
    """
    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependency(
            "the demo needs the photos of the scikit-image package, which is not installed; "
            'type: pip install "pekit-agents[demo]"'
        )
    return Path(spec.submodule_search_locations[0]) / "data" / name


def compose(scene: Scene) -> tuple[RGBImage, list[tuple[str | None, Box]]]:
    """Return a scene and where its prints lie.

    Returns:
        The picture, 1280 x 960, and for each print its object (None for an unknown thing) and its
        upright bounding box in pixels.
    """
    canvas = _table(scene)
    truth = []
    for item in scene.prints:
        picture, alpha = _printed(item)
        x = round(item.centre[0] * _SIZE[0] - picture.width / 2)
        y = round(item.centre[1] * _SIZE[1] - picture.height / 2)
        lay(canvas, picture, alpha, (x, y))
        truth.append((item.name, Box(x, y, x + picture.width, y + picture.height)))
    return canvas, truth


def _table(scene: Scene) -> RGBImage:
    """Return the table top: a photo of a surface, softened and tinted."""
    surface = ImageOps.fit(load_image(photo_path(scene.table)), _SIZE)
    soft = ImageEnhance.Contrast(surface.filter(ImageFilter.GaussianBlur(2))).enhance(0.35)
    return ImageChops.multiply(
        ImageEnhance.Brightness(soft).enhance(1.5), Image.new("RGB", _SIZE, scene.tint)
    )


def _printed(item: Print) -> tuple[RGBImage, Image.Image]:
    """Return a print with its white border, turned, and its alpha."""
    photo = vary(
        load_image(photo_path(item.photo)),
        brightness=item.brightness,
        colour=item.colour,
        mirror=item.mirror,
    )
    scale = item.side * _SIZE[1] / max(photo.size)
    photo = photo.resize((round(photo.width * scale), round(photo.height * scale)))
    framed = ImageOps.expand(photo, border=12, fill="white")
    opaque = Image.new("L", framed.size, 255)
    bicubic = Image.Resampling.BICUBIC
    return framed.rotate(item.turn, bicubic, expand=True), opaque.rotate(
        item.turn, bicubic, expand=True
    )
