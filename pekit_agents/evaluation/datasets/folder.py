"""The plain layout: a folder for each thing, with its photos; one's own photos need no other.

Optional beside the folders: ``categories.json`` and ``boxes.json`` (see
:mod:`pekit_agents.evaluation.datasets.sidecars`), and a folder ``background`` with photos that
show none of the things.
"""

from __future__ import annotations

from pathlib import Path

from pekit_agents.evaluation.datasets.files import folders_in, photos_in
from pekit_agents.evaluation.datasets.layout import Layout, bad_layout
from pekit_agents.evaluation.records import Dataset, Photo, Thing

__all__ = ["BACKGROUND", "LAYOUT", "read_folders"]

#: The folder with photos that show none of the things, and the group of these photos.
BACKGROUND = "background"


def read_folders(root: Path) -> tuple[list[Thing], list[Photo]]:
    """Return the things and photos of a folder of folders; empty folders do not count.

    The references of a thing are drawn at random from its photos: none are set aside.
    """
    things, photos = [], []
    for folder in folders_in(root):
        paths = photos_in(folder)
        nothing = folder.name == BACKGROUND
        shows = frozenset[str]() if nothing else frozenset({folder.name})
        photos += [Photo(path, shows, group=BACKGROUND if nothing else "") for path in paths]
        if paths and not nothing:
            things.append(Thing(folder.name))
    return things, photos


def _find(path: Path) -> Path | None:
    return path if any(photos_in(folder) for folder in folders_in(path)) else None


def _load(root: Path) -> Dataset:
    things, photos = read_folders(root)
    if not things:
        raise bad_layout(LAYOUT, root, "no folder with photos of a thing")
    return Dataset(root.resolve().name, root, tuple(things), tuple(photos))


LAYOUT = Layout(
    name="folder",
    title="a folder of things and their photos",
    source="Any photos will do; three to ten of each thing from different sides and places.",
    tree="""
        <folder>/
        ├── <thing>/
        │   ├── <photo>.jpg
        │   └── ...
        ├── background/        optional: photos that show none of the things
        ├── categories.json    optional: {"<thing>": "<category>"}
        └── boxes.json         optional: {"<thing>/<photo>.jpg": [x0, y0, x1, y1]}, in [0, 1]
    """,
    find=_find,
    load=_load,
)
