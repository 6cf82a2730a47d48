"""MyVLM (github.com/snap-research/MyVLM): 29 objects, 7 to 17 photos each, and captions.

The README of the repository draws a folder for each concept, with photos (.jpg, .jpeg, .png) and
``captions.json`` or ``captions_augmented.json``. References are drawn at random, four in the
paper. Assumed: that the concepts lie in ``data/``, as the code published with the PeKit paper
(github.com/vdorovatas/personalization_toolkit) reads them, or directly in the folder; and that a
concept's name, with spaces for underscores, is its category, as that code prompts its detector.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pekit_agents.evaluation.datasets.files import folders_in
from pekit_agents.evaluation.datasets.folder import read_folders
from pekit_agents.evaluation.datasets.layout import Layout, bad_layout
from pekit_agents.evaluation.records import Dataset

__all__ = ["LAYOUT"]

_CAPTIONS = ("captions.json", "captions_augmented.json")


def _find(path: Path) -> Path | None:
    return next((root for root in (path, path / "data") if _has_captions(root)), None)


def _has_captions(root: Path) -> bool:
    return any((folder / name).is_file() for folder in folders_in(root) for name in _CAPTIONS)


def _load(root: Path) -> Dataset:
    things, photos = read_folders(root)
    if not things:
        raise bad_layout(LAYOUT, root, "captions, but no photos")
    named = tuple(replace(thing, category=_words(thing.name)) for thing in things)
    return Dataset("MyVLM", root, named, tuple(photos))


def _words(name: str) -> str:
    return " ".join(name.replace("_", " ").replace("-", " ").split())


LAYOUT = Layout(
    name="myvlm",
    title="the MyVLM data set",
    source="Get it as https://github.com/snap-research/MyVLM says (Google Drive, or "
    "huggingface.co/datasets/yuvalalaluf/MyVLM); its authors allow non-commercial, academic use.",
    tree="""
        data/                             or any folder with the concepts in it
        ├── <concept>/                    29 of them
        │   ├── <photo>.jpg
        │   ├── ...
        │   └── captions.json             or captions_augmented.json; not read
        └── ...
    """,
    find=_find,
    load=_load,
)
