"""Files that anyone may add to a data set: categories.json and boxes.json beside its folders.

- ``categories.json``: ``{"<thing>": "<category>"}``, in words a detector knows.
- ``boxes.json``: ``{"<photo, relative to the folder>": [x0, y0, x1, y1]}`` with edges in [0, 1]
  of the upright photo's width and height; for several things or sightings
  ``{"<photo>": {"<thing>": [[x0, y0, x1, y1], ...]}}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.datasets.files import read_json, upright_size
from pekit_agents.evaluation.records import Dataset, Photo
from pekit_agents.types import Box

__all__ = ["add_sidecars"]

_RULE = "expected edges in [0, 1] with x0 < x1 and y0 < y1, as shares of the upright photo"


def add_sidecars(dataset: Dataset) -> Dataset:
    """Return a data set with the categories and boxes of the files in its folder.

    Raises:
        InvalidInput: A file cannot be read, speaks of things or photos that are not there, or
            holds something that is not a box.
    """
    return _with_boxes(_with_categories(dataset))


def _with_categories(dataset: Dataset) -> Dataset:
    path = dataset.root / "categories.json"
    if not path.is_file():
        return dataset
    said = _mapping(path)
    _refuse_unknown(path, said, [thing.name for thing in dataset.things], "things")
    for name, category in said.items():
        if not isinstance(category, str) or not category.strip():
            raise InvalidInput(
                f"{path}: expected a word as category of {name!r}, found {category!r}"
            )
    things = tuple(
        replace(thing, category=said.get(thing.name, thing.category)) for thing in dataset.things
    )
    return replace(dataset, things=things)


def _with_boxes(dataset: Dataset) -> Dataset:
    path = dataset.root / "boxes.json"
    if not path.is_file():
        return dataset
    said = _mapping(path)
    references = [ref for thing in dataset.things for ref in thing.references]
    files = [*(photo.path for photo in dataset.photos), *references]
    _refuse_unknown(path, said, [_key(file, dataset.root) for file in files], "photos")
    photos = tuple(
        replace(photo, boxes=_boxes(said[key], photo, key, path)) if key in said else photo
        for photo, key in ((photo, _key(photo.path, dataset.root)) for photo in dataset.photos)
    )
    return replace(dataset, photos=photos)


def _boxes(value: Any, photo: Photo, key: str, path: Path) -> dict[str, tuple[Box, ...]]:
    if not isinstance(value, Mapping):
        if len(photo.shows) != 1:
            raise InvalidInput(
                f"{path}: {key!r} shows {len(photo.shows)} things, expected an object of thing "
                'and boxes: {"<thing>": [[x0, y0, x1, y1]]}.'
            )
        value = {next(iter(photo.shows)): [value]}
    if wrong := sorted(set(value) - photo.shows):
        raise InvalidInput(
            f"{path}: {key!r}: expected boxes of {sorted(photo.shows)}, found {wrong}; the photo "
            "is not said to show them."
        )
    width, height = upright_size(photo.path)
    return {
        name: tuple(_box(edges, width, height, key, path) for edges in rows)
        for name, rows in sorted(value.items())
    }


def _box(edges: Any, width: int, height: int, key: str, path: Path) -> Box:
    try:
        x0, y0, x1, y1 = (float(edge) for edge in edges)
    except (TypeError, ValueError) as exc:
        raise InvalidInput(f"{path}: {key!r}: {_RULE}, found {edges!r:.80}.") from exc
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise InvalidInput(
            f"{path}: {key!r}: {_RULE}, found {edges!r:.80}; pixels are to be divided by the "
            f"photo's {width} x {height}."
        )
    return Box(x0 * width, y0 * height, x1 * width, y1 * height)


def _mapping(path: Path) -> dict[str, Any]:
    said = read_json(path)
    if not isinstance(said, dict):
        raise InvalidInput(f"{path}: expected a JSON object, found {type(said).__name__}.")
    return said


def _refuse_unknown(path: Path, said: Iterable[str], known: Iterable[str], what: str) -> None:
    if wrong := sorted(set(said) - set(known)):
        raise InvalidInput(
            f"{path}: expected {what} of this data set, found {wrong[:5]!r:.300}"
            f"{' and more' if len(wrong) > 5 else ''}; correct or delete these entries."
        )


def _key(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
