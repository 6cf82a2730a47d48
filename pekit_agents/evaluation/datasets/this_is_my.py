"""This-Is-My-Img, the evaluation set of the PeKit paper's authors.

Read from their published README and code (github.com/vdorovatas/personalization_toolkit), not
from the data. ``Single-concept/train/<thing>/`` introduces 14 things;
``Single-concept/test/<part>/<thing>/`` holds the frames of four parts: "Positive" shows the
thing, "Negative (Hard)" and "Negative (Other)" do not, "Fake" is generated after it.
``Multi-concept/test/<thing>_and_<thing>/`` shows two of ``Multi-concept/train``'s 21. A folder is
called "<name>-<category>" or just "<name>"; a positive frame whose file name ends in "_double"
also shows the thing's partner. The older words of that README ("Reference Images",
"Validation") are read as well.

Assumed: that questions refer to photos relative to the folder of their file, as the code reads
them. A negative or fake frame is only about its own thing: others may be in view.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pekit_agents.evaluation.datasets.files import folders_in, photos_in
from pekit_agents.evaluation.datasets.layout import Layout, bad_layout
from pekit_agents.evaluation.datasets.questions import read_questions
from pekit_agents.evaluation.records import Dataset, Photo, Question, Thing

__all__ = ["LAYOUT"]

_TRAIN = ("train", "reference images")
_TEST = ("test", "validation")
_PARTS = ("positive", "negative (hard)", "negative (other)", "fake")
_PAIR = "_and_"
_VIDEOS = ("train_segment", "train_video", "this-is-my-dataset")
_DOUBLES = (
    frozenset({"Reynards keyboard", "Reynards work chair"}),
    frozenset({"Nikkis car", "Nikkis camper bag"}),
)


def _find(path: Path) -> Path | None:
    """Return the folder with train and test: the one given, or that of single concepts."""
    multi = [path, path / "Multi-concept"]
    for root in (path / "Single-concept", path / "This-is-My-Img" / "Single-concept", *multi):
        test = _child(root, _TEST)
        if _child(root, _TRAIN) and test and _is_ours(test):
            return root
    return path if any((path / name).is_dir() for name in _VIDEOS) else None


def _is_ours(test: Path) -> bool:
    names = [folder.name.casefold() for folder in folders_in(test)]
    return any(name in _PARTS or _PAIR in name for name in names)


def _load(root: Path) -> Dataset:
    train, test = _child(root, _TRAIN), _child(root, _TEST)
    if train is None or test is None:
        found = (
            "the This-Is-My videos; take frames of them with "
            "pekit_agents.evaluation.datasets.frames.sample_frames, and load what that wrote"
        )
        raise bad_layout(LAYOUT, root, found)
    things = tuple(
        Thing(*_split(folder.name), references=tuple(photos_in(folder)))
        for folder in folders_in(train)
    )
    if empty := [thing.name for thing in things if not thing.references]:
        raise bad_layout(LAYOUT, root, f"no reference photos of {', '.join(empty)}")
    known = {thing.name for thing in things}
    single = any(folder.name.casefold() in _PARTS for folder in folders_in(test))
    photos = _of_one(test, known) if single else _of_two(test, known)
    if not things or not photos:
        raise bad_layout(LAYOUT, root, "no photos")
    title = "This-Is-My-Img" if single else "This-Is-My-Img, two concepts"
    return Dataset(title, root, things, tuple(photos), _questions(root, known))


def _of_one(test: Path, known: set[str]) -> list[Photo]:
    photos = []
    for part in folders_in(test):
        group = part.name.casefold()
        if group not in _PARTS:
            raise bad_layout(LAYOUT, test, f"a folder {part.name!r} that is none of the parts")
        for folder in folders_in(part):
            name = _known(folder.name, known, folder)
            for path in photos_in(folder):
                if group == "positive":
                    photos.append(Photo(path, _shown(path, name), group=group))
                else:
                    photos.append(Photo(path, frozenset(), group=group, about=frozenset({name})))
    return photos


def _of_two(test: Path, known: set[str]) -> list[Photo]:
    photos = []
    for folder in folders_in(test):
        names = frozenset(_known(name, known, folder) for name in folder.name.split(_PAIR))
        photos += [Photo(path, names, group="multi") for path in photos_in(folder)]
    return photos


def _shown(path: Path, name: str) -> frozenset[str]:
    """Return what a positive frame shows: its thing, and the partner in a double one."""
    if not path.stem.endswith("_double"):
        return frozenset({name})
    return next((pair for pair in _DOUBLES if name in pair), frozenset({name}))


def _questions(root: Path, known: set[str]) -> tuple[Question, ...]:
    files = sorted(root.glob("*visual-qa*.json")) + sorted((root / "VQA").glob("*.json"))

    def names_of(key: str) -> list[str]:
        names = [name for name in _pair(key) if name in known]
        return names if len(names) == len(_pair(key)) else []

    questions: list[Question] = []
    for file in files:
        questions += read_questions(file, partial(_photo_of, (file.parent, root)), names_of)
    return tuple(questions)


def _photo_of(bases: tuple[Path, ...], said: str) -> Path:
    return next((base / said for base in bases if (base / said).is_file()), bases[0] / said)


def _pair(key: str) -> list[str]:
    """Return the names in "<thing>", "<thing>_<thing>" or "<thing>_and_<thing>"."""
    return [_split(name)[0] for name in key.replace(_PAIR, "_").split("_")]


def _known(said: str, known: set[str], folder: Path) -> str:
    name = _split(said)[0]
    if name not in known:
        raise bad_layout(LAYOUT, folder, f"no reference photos of {name!r}")
    return name


def _split(name: str) -> tuple[str, str]:
    """Return name and category of "Alexs hat-hat"; without a dash the category is "object"."""
    thing, dash, category = name.rpartition("-")
    return (thing, category) if dash else (name, "object")


def _child(root: Path, names: tuple[str, ...]) -> Path | None:
    return next((f for f in folders_in(root) if f.name.casefold() in names), None)


LAYOUT = Layout(
    name="this-is-my",
    title="the This-Is-My-Img data set",
    source="Get it as https://github.com/vdorovatas/personalization_toolkit says (Google Drive; "
    "no licence is named). For two concepts give the folder Multi-concept itself.",
    tree="""
        This-is-My-Img/
        ├── Single-concept/
        │   ├── train/<thing>/*.png                    14 things, called <name>-<category>
        │   ├── test/
        │   │   ├── Positive/<thing>/*.png
        │   │   ├── Negative (Hard)/<thing>/*.png
        │   │   ├── Negative (Other)/<thing>/*.png
        │   │   └── Fake/<thing>/*.png
        │   └── this-is-my-visual-qa*.json             may be missing
        └── Multi-concept/
            ├── train/<thing>/*.png                    21 things
            ├── test/<thing>_and_<thing>/*.png         11 pairs
            └── VQA/*.json                             may be missing
    """,
    find=_find,
    load=_load,
)
