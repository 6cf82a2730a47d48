"""``python docs/_site/ingest_picture.py`` draws what ``pekit ingest`` makes of folders of photos.

The photos are those of the scikit-image package, one of them darkened; one file is no photo.
"""

from __future__ import annotations

import sys
import tempfile
import textwrap
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from pekit_agents import PeKit
from pekit_agents.demo import photo_path
from pekit_agents.images import load_image
from pekit_agents.images.compositing import vary
from pekit_agents.introduction.folders import find_jobs

PICTURES = Path(__file__).parents[1] / "pictures"
_LIGHT = 0.7  # of the second photo of the cat
_COLUMNS = 5  # two photos, an arrow, two crops


def draw_ingest() -> Figure:
    """Return a figure with a row for each folder: its photos, and the object they became."""
    with tempfile.TemporaryDirectory() as temporary:
        photos = Path(temporary) / "photos"
        make_folders(photos)
        kit = PeKit.open(Path(temporary) / "memory", keep_crops=True)
        report = kit.ingest(find_jobs(photos, category="thing"))
        skipped = {
            path: textwrap.fill(f"skipped: {why}"[:80], 26) + " ..." for path, why in report.skipped
        }
        folders = sorted(photos.iterdir())
        figure = Figure(figsize=(8.6, 1.45 * len(folders)), layout="constrained")
        grid = figure.subplots(len(folders), _COLUMNS, width_ratios=(3, 3, 2.4, 3, 3))
        for row, folder in zip(grid, folders, strict=True):
            for axes in row:
                axes.set_axis_off()
            for axes, path in zip(row[:2], sorted(folder.iterdir()), strict=False):
                axes.set_title(f"{folder.name}/{path.name}", fontsize=8)
                if reason := skipped.get(path):
                    axes.text(0.5, 0.5, reason, ha="center", va="center", fontsize=8)
                else:
                    axes.imshow(_small(load_image(path)))
            stored = kit.views(folder.name)
            row[2].annotate("", (1, 0.5), (0, 0.5), arrowprops={"arrowstyle": "->", "lw": 2})
            row[2].set_title(f'"{folder.name}"\nviews: {len(stored)}', fontsize=9, y=0.5)
            for axes, view in zip(row[3:], stored, strict=False):
                axes.imshow(_small(Image.open(BytesIO(view.crop.picture))))
    return figure


def make_folders(photos: Path) -> None:
    """Write a folder of photos for each of three things."""
    cat = load_image(photo_path("chelsea.png"))
    things = {
        "Chelsea": (cat, vary(cat, brightness=_LIGHT, mirror=True)),
        "Morning cup": (load_image(photo_path("coffee.png")),),
        "Ruby": tuple(
            load_image(photo_path(f"motorcycle_{side}.png")) for side in ("left", "right")
        ),
    }
    for name, pictures in things.items():
        (photos / name).mkdir(parents=True)
        for number, picture in enumerate(pictures, 1):
            picture.save(photos / name / f"{number}.jpg")
    (photos / "Morning cup" / "2.jpg").write_text("This is no photo.")


def _small(photo: Image.Image) -> Image.Image:
    photo.thumbnail((240, 160))
    return photo


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    path = target / "ingest.jpg"
    draw_ingest().savefig(path, dpi=100, pil_kwargs={"quality": 80})
    print(path)
