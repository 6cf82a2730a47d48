"""A data set written down: ``dataset.json`` beside the photos that this package made.

Composed scenes and frames of videos are kept like this. Paths of photos in the file's folder are
relative to it, others are absolute, so the folder may move; boxes are xyxy in pixels of the
upright photo.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.datasets.files import read_json
from pekit_agents.evaluation.datasets.layout import Layout, bad_layout
from pekit_agents.evaluation.records import Dataset, Photo, Question, Thing
from pekit_agents.files import atomic_write
from pekit_agents.types import Box
from pekit_agents.wording.messages import clause

__all__ = ["LAYOUT", "MANIFEST", "write_manifest"]

MANIFEST = "dataset.json"
_FORMAT = "pekit-dataset-1"


def write_manifest(dataset: Dataset, made: Mapping[str, Any]) -> Path:
    """Write a data set to ``dataset.json`` in its folder, for ``load_dataset`` to read.

    Args:
        dataset: The data set; its folder exists.
        made: How it was made, JSON-ready, for those who find it later; not read back.

    Returns:
        The file. One that is there already is replaced as a whole.

    Raises:
        InvalidInput: The folder cannot be written to.
    """
    said = {
        "format": _FORMAT,
        "name": dataset.name,
        "made": dict(made),
        "things": [_thing(thing, dataset.root) for thing in dataset.things],
        "photos": [_photo(photo, dataset.root) for photo in dataset.photos],
        "questions": [_question(question, dataset.root) for question in dataset.questions],
    }
    path = dataset.root / MANIFEST
    try:
        with atomic_write(path, shared=True) as file:
            file.write((json.dumps(said, indent=1, ensure_ascii=False) + "\n").encode())
    except OSError as exc:
        raise InvalidInput(
            f"{path}: expected a folder to write to, cannot ({clause(exc)})."
        ) from exc
    return path


def _thing(thing: Thing, root: Path) -> dict[str, Any]:
    references = [_relative(path, root) for path in thing.references]
    return {"name": thing.name, "category": thing.category, "references": references}


def _photo(photo: Photo, root: Path) -> dict[str, Any]:
    return {
        "path": _relative(photo.path, root),
        "shows": sorted(photo.shows),
        "boxes": {name: [box.xyxy for box in rows] for name, rows in sorted(photo.boxes.items())},
        "group": photo.group,
        "about": sorted(photo.about),
    }


def _question(question: Question, root: Path) -> dict[str, Any]:
    return {
        "photo": _relative(question.photo, root),
        "thing": question.thing,
        "text": question.text,
        "choices": dict(question.choices),
        "answer": question.answer,
    }


def _relative(path: Path, root: Path) -> str:
    full, base = path.absolute(), root.absolute()
    return (full.relative_to(base) if full.is_relative_to(base) else full).as_posix()


def _find(path: Path) -> Path | None:
    return path if (path / MANIFEST).is_file() else None


def _load(root: Path) -> Dataset:
    said = read_json(root / MANIFEST)
    if not isinstance(said, dict) or said.get("format") != _FORMAT:
        raise bad_layout(LAYOUT, root, f"a {MANIFEST} that is not of format {_FORMAT!r}")
    try:
        dataset = Dataset(
            name=said["name"],
            root=root,
            things=tuple(
                Thing(row["name"], row["category"], tuple(root / ref for ref in row["references"]))
                for row in said["things"]
            ),
            photos=tuple(_read_photo(row, root) for row in said["photos"]),
            questions=tuple(
                Question(
                    root / row["photo"],
                    row["thing"],
                    row["text"],
                    row["choices"],
                    row["answer"],
                )
                for row in said["questions"]
            ),
        )
    except (KeyError, TypeError) as exc:
        found = f"a {MANIFEST} with a missing or wrong entry ({exc!r:.100})"
        raise bad_layout(LAYOUT, root, found) from exc
    missing = [photo.path for photo in dataset.photos if not photo.path.is_file()]
    missing += [ref for thing in dataset.things for ref in thing.references if not ref.is_file()]
    if missing:
        listed = ", ".join(str(path) for path in missing[:3])
        raise bad_layout(LAYOUT, root, f"{len(missing)} of its photos missing: {listed}")
    return dataset


def _read_photo(row: Mapping[str, Any], root: Path) -> Photo:
    boxes = {name: tuple(Box(*edges) for edges in rows) for name, rows in row["boxes"].items()}
    shows, about = frozenset(row["shows"]), frozenset(row["about"])
    return Photo(root / row["path"], shows, boxes, row["group"], about)


LAYOUT = Layout(
    name="manifest",
    title="a data set that this package wrote",
    source="Make it again with `pekit eval scenes` or `pekit eval frames`.",
    tree="""
        <folder>/
        ├── dataset.json    things, photos, boxes
        └── ...             the photos
    """,
    find=_find,
    load=_load,
)
