"""Yo'LLaVA (github.com/WisconsinAIVision/YoLLaVA): 40 subjects, and 171 questions.

Read from the repository: ``yollava-data/train/<subject>/N.png`` introduce a subject,
``yollava-data/test/<subject>/N.png`` are searched, ``train/<subject>/negative_example/`` holds
pictures retrieved from the web for training, which are not read, and
``yollava-data/yollava-visual-qa.json`` holds the questions. The photos are Git LFS objects. What
each subject is stands in no file of the data set; the categories below follow the PeKit paper,
whose published code calls people "face".
"""

from __future__ import annotations

from pathlib import Path

from pekit_agents.evaluation.datasets.files import folders_in, photos_in
from pekit_agents.evaluation.datasets.layout import Layout, bad_layout
from pekit_agents.evaluation.datasets.questions import read_questions
from pekit_agents.evaluation.records import Dataset, Photo, Question, Thing

__all__ = ["LAYOUT"]

_QUESTIONS = "yollava-visual-qa.json"
_SUBJECTS = {
    "dog": "bo butin",
    "cat": "henry mam mydieu",
    "face": "ciin denisdang khanhvy oong phuc-map thao thuytien viruss willinvietnam yuheng",
    "cup": "cat-cup neurips-cup pig-cup pusheen-cup",
    "duck plush": "brown-duck duck-banana yellow-duck",
    "plush": "dragon elephant lamb shiba-black shiba-gray shiba-sleep shiba-yellow",
    "keyboard": "tokyo-keyboard",
    "church": "nha-tho-hanoi nha-tho-hcm",
    "temple": "chua-thien-mu thap-but thap-cham",
    "cartoon cat": "marie-cat toodles-galore",
    "cartoon dog": "dug",
    "cartoon woman": "fire",
    "cartoon man": "water",
}
_CATEGORY_OF = {
    subject: category for category, subjects in _SUBJECTS.items() for subject in subjects.split()
}


def _find(path: Path) -> Path | None:
    for root in (path, path / "yollava-data"):
        if (root / "train").is_dir() and (root / "test").is_dir():
            return root
    return None


def _load(root: Path) -> Dataset:
    things = tuple(
        Thing(folder.name, _CATEGORY_OF.get(folder.name, "object"), tuple(photos_in(folder)))
        for folder in folders_in(root / "train")
    )
    photos = tuple(
        Photo(path, frozenset({folder.name}), group="test")
        for folder in folders_in(root / "test")
        for path in photos_in(folder)
    )
    if not things or not photos:
        raise bad_layout(LAYOUT, root, "no photos in train or in test")
    if empty := [thing.name for thing in things if not thing.references]:
        raise bad_layout(LAYOUT, root, f"no photos in train of {', '.join(empty)}")
    known = {thing.name for thing in things}
    if strange := sorted({name for photo in photos for name in photo.shows} - known):
        raise bad_layout(LAYOUT, root, f"subjects in test but not in train: {', '.join(strange)}")
    return Dataset("Yo'LLaVA", root, things, photos, _questions(root, known))


def _questions(root: Path, known: set[str]) -> tuple[Question, ...]:
    file = next((f / _QUESTIONS for f in (root, root.parent) if (f / _QUESTIONS).is_file()), None)
    if file is None:
        return ()
    # The file's own paths begin at the repository, which may lie or be called otherwise here.
    return tuple(
        read_questions(
            file,
            photo_of=lambda said: root.joinpath(*Path(said).parts[-3:]),
            names_of=lambda key: [key] if key in known else [],
        )
    )


LAYOUT = Layout(
    name="yollava",
    title="the Yo'LLaVA data set",
    source="Get it with Git LFS: git lfs install && git clone "
    "https://github.com/WisconsinAIVision/YoLLaVA (its authors name no licence for the photos).",
    tree="""
        yollava-data/
        ├── train/
        │   ├── <subject>/            40 of them
        │   │   ├── 0.png
        │   │   ├── ...
        │   │   └── negative_example/    not read
        │   └── ...
        ├── test/
        │   ├── <subject>/
        │   │   ├── 0.png
        │   │   └── ...
        │   └── ...
        └── yollava-visual-qa.json    the 171 questions; may be missing
    """,
    find=_find,
    load=_load,
)
