"""``python docs/_site/evaluation_pictures.py`` draws the mistakes of an evaluation.

The photos are made from those of the scikit-image package: cut anew, mirrored, in other light.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from random import Random

from PIL import Image

from pekit_agents.demo import photo_path
from pekit_agents.evaluation.bench import Bench
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.protocols import recognition
from pekit_agents.evaluation.report.sheet import mistake_sheet
from pekit_agents.images import load_image
from pekit_agents.images.compositing import vary

DOCS = Path(__file__).parents[1]
#: Things and the photos that theirs are cut from; the office cup is the morning cup in less light.
THINGS = {
    "ruby": ("motorcycle_left.png", "motorcycle_right.png", "motorcycle_left.png"),
    "chelsea": ("chelsea.png",) * 3,
    "morning-cup": ("coffee.png",) * 3,
    "office-cup": ("coffee.png",) * 3,
    "rocket": ("rocket.jpg",) * 3,
    "background": ("coins.png", "moon.png", "horse.png"),
}
_DIM = 0.6  # the light of the office cup
_LEAST = 0.45  # of a photo's width and height, which stays


def draw_mistakes(folder: Path) -> Path:
    """Write the picture of the worst mistakes into a folder and return its path."""
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        make_photos(work / "my-photos")
        data = load_dataset(work / "my-photos")
        bench = Bench(data, mode="fast", seeds=(0,), cache=work / "cache")
        run = recognition(bench, refs=(1, 2))
        mistakes = mistake_sheet(run)
    if mistakes is None:
        raise RuntimeError("expected a mistake to draw, found none: make the photos harder")
    folder.mkdir(parents=True, exist_ok=True)
    mistakes.thumbnail((960, 960))
    path = folder / "evaluation-mistakes.jpg"
    mistakes.save(path, quality=80)
    return path


def make_photos(folder: Path) -> None:
    """Write three photos of each thing, and of the background, below a folder."""
    random = Random(1)
    for thing, sources in THINGS.items():
        (folder / thing).mkdir(parents=True)
        for number, source in enumerate(sources):
            light = _DIM if thing == "office-cup" else 1.0
            photo = _varied(load_image(photo_path(source)), light, random)
            photo.save(folder / thing / f"{number}.jpg")


def _varied(photo: Image.Image, light: float, random: Random) -> Image.Image:
    """Return a photo cut anew, mirrored or not, in another light."""
    photo = vary(
        photo,
        brightness=light * random.uniform(0.6, 1.4),
        colour=random.uniform(0.3, 1.2),
        mirror=random.random() < 0.5,
    )
    width, height = (round(side * random.uniform(_LEAST, 1)) for side in photo.size)
    left = random.randint(0, photo.width - width)
    top = random.randint(0, photo.height - height)
    return photo.crop((left, top, left + width, top + height))


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "pictures"
    print(draw_mistakes(target))
