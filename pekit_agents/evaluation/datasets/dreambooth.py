"""DreamBooth (github.com/google/dreambooth): 30 subjects of 15 classes, 4 to 6 photos each.

Read from the repository's own files: ``dataset/<subject>/NN.jpg``, and
``dataset/prompts_and_classes.txt``, whose block "Classes" has lines ``subject_name,class``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pekit_agents.evaluation.datasets.files import photos_in
from pekit_agents.evaluation.datasets.folder import read_folders
from pekit_agents.evaluation.datasets.layout import Layout, bad_layout
from pekit_agents.evaluation.records import Dataset

__all__ = ["LAYOUT"]

_CLASSES = "prompts_and_classes.txt"
_HEADER = "subject_name,class"


def _find(path: Path) -> Path | None:
    return next((root for root in (path, path / "dataset") if (root / _CLASSES).is_file()), None)


def _load(root: Path) -> Dataset:
    things, photos = read_folders(root)
    if not things:
        raise bad_layout(LAYOUT, root, "no folder with photos")
    classes = _read_classes(root)
    if unknown := sorted({thing.name for thing in things} - set(classes)):
        raise bad_layout(LAYOUT, root / _CLASSES, f"no class for {', '.join(unknown)}")
    if missing := sorted(name for name in classes if not photos_in(root / name)):
        found = f"no photos of {', '.join(missing)} (a part of it loads with layout='folder')"
        raise bad_layout(LAYOUT, root, found)
    named = tuple(replace(thing, category=classes[thing.name]) for thing in things)
    return Dataset("DreamBooth", root, named, tuple(photos))


def _read_classes(root: Path) -> dict[str, str]:
    """Return subject -> class: the lines after the header, up to the first blank one."""
    lines = [line.strip() for line in (root / _CLASSES).read_text("utf-8").splitlines()]
    if _HEADER not in lines:
        raise bad_layout(LAYOUT, root / _CLASSES, f"no line {_HEADER!r}")
    classes = {}
    for line in lines[lines.index(_HEADER) + 1 :]:
        if not line:
            break
        subject, _, name = line.partition(",")
        classes[subject.strip()] = name.strip()
    return classes


LAYOUT = Layout(
    name="dreambooth",
    title="the DreamBooth data set",
    source="Get it from https://github.com/google/dreambooth (terms of each photo: its "
    "dataset/references_and_licenses.txt).",
    tree="""
        dataset/
        ├── prompts_and_classes.txt    with lines <subject>,<class>
        ├── backpack/
        │   ├── 00.jpg
        │   └── ...
        └── <29 more subjects>/
    """,
    find=_find,
    load=_load,
)
