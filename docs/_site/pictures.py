"""``python docs/_site/pictures.py`` draws the pictures of the documentation into a folder.

All of them show what the embedded profile does with photos of the scikit-image package.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from pekit_agents import PeKit
from pekit_agents.demo import OBJECTS, SCENES, compose, photo_path
from pekit_agents.embedding import coverage
from pekit_agents.images import load_image
from pekit_agents.images.compositing import vary
from pekit_agents.types import Box, Proposal
from pekit_agents.video.contact_sheet import contact_sheet

DOCS = Path(__file__).parents[1]
_GREEN = (25, 155, 80)
_SHADE = 0.25  # brightness of what lies outside of a mask


def draw_pictures(folder: Path) -> list[Path]:
    """Write all pictures below a folder and return their paths."""
    with tempfile.TemporaryDirectory() as memory:
        kit = PeKit.open(memory, user_id="ann")
        motorcycle = load_image(photo_path("motorcycle_left.png"))
        view = kit.extract_view(motorcycle, category="motorcycle")
        for thing in OBJECTS:
            kit.remember(thing.name, photo_path(thing.photo), category=thing.category)
        finding = kit.find(compose(SCENES[0])[0])
        cup = load_image(photo_path("coffee.png"))
        darker = vary(cup, brightness=0.95, mirror=True)
        kit.remember("Office cup", darker, category="coffee cup")
        unsure = kit.find(vary(cup, mirror=True))
        kit.forget("Office cup")
        seen = kit.find_in_video(panned(compose(SCENES[0])[0]))
    return [
        _save(shaded(motorcycle, view.proposal), folder / "pictures" / "view.jpg", 480),
        _save(boxed(finding.image, finding.proposals), folder / "pictures" / "proposals.jpg", 640),
        _save(finding.annotated, folder / "scene.jpg", 800),
        _save(unsure.annotated, folder / "pictures" / "ambiguous.jpg", 480),
        _save(contact_sheet(seen), folder / "pictures" / "clip.jpg", 760),
    ]


def panned(scene: Image.Image, seconds: float = 5.0) -> Iterator[tuple[float, Image.Image]]:
    """Yield the frames of a clip in which a camera moves across a scene."""
    width, height = scene.width // 2, scene.height
    steps = round(seconds / 0.2)
    for step in range(steps + 1):
        left = round((scene.width - width) * step / steps)
        yield 0.2 * step, scene.crop((left, 0, left + width, height))


def shaded(photo: Image.Image, region: Proposal) -> Image.Image:
    """Return the photo with everything outside of a region's mask darkened."""
    mask = coverage(region, Box(0, 0, *photo.size), (photo.height, photo.width))
    light = _SHADE + (1 - _SHADE) * mask[:, :, None]
    return Image.fromarray((np.asarray(photo) * light).round().astype(np.uint8))


def boxed(photo: Image.Image, regions: tuple[Proposal, ...]) -> Image.Image:
    """Return a copy of the photo with the box of every region."""
    copy = photo.copy()
    draw = ImageDraw.Draw(copy)
    for region in regions:
        draw.rectangle(region.box.xyxy, outline=_GREEN, width=4)
    return copy


def _save(picture: Image.Image, path: Path, width: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    small = picture.copy()
    small.thumbnail((width, width))
    small.save(path, quality=85)
    return path


if __name__ == "__main__":
    for drawn in draw_pictures(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS):
        print(drawn)
