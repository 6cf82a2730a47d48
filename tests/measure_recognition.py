"""Measures recognition on a folder of objects through the public API, at the default settings.

    python tests/measure_recognition.py FOLDER [--refs 3] [--draws 1] [--mode auto] [--held-out]

FOLDER holds one folder of photos for each object. In each draw, ``--refs`` random photos of each
object are remembered and all other photos are searched with ``find``. A photo counts as accepted
for an object when ``find`` names that object anywhere in it. Recall, specificity and precision
are per object and averaged over objects (paper, section 4); weighted is the mean of recall and
specificity. The open-set figures come from a second memory that knows only half of the objects.

With ``--held-out`` the objects are halved at random in each draw: one half gives the encoder's
statistics, in place of those that ship, and only the other half is measured.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from pekit_agents import PeKit, Profile, load_profile
from pekit_agents.models.focus import FocusModel
from pekit_agents.models.focus_statistics import sample, write_statistics
from pekit_agents.models.focus_tools import FocusEncoder

PHOTOS = {".jpg", ".jpeg", ".png", ".webp"}
CONSOLE = Console(stderr=True)
Objects = dict[str, list[Path]]


@dataclass(frozen=True)
class Recognition:
    """Figures of one draw; all are shares except ``false_alarms`` (matches a photo)."""

    recall: float
    specificity: float
    weighted: float
    precision: float
    open_recall: float
    false_alarms: float


def photos_by_object(folder: Path) -> Objects:
    """Return each object's photos, by the name of its folder."""
    objects = {
        entry.name: sorted(p for p in entry.iterdir() if p.suffix.lower() in PHOTOS)
        for entry in sorted(folder.iterdir())
        if entry.is_dir()
    }
    return {name: photos for name, photos in objects.items() if photos}


def split(
    objects: Objects, refs: int, rng: random.Random
) -> tuple[Objects, list[tuple[str, Path]]]:
    """Return random references of each object and all remaining photos with their object."""
    references = {name: rng.sample(photos, refs) for name, photos in objects.items()}
    queries = [
        (name, photo)
        for name, photos in objects.items()
        for photo in photos
        if photo not in references[name]
    ]
    return references, queries


def held_out_profile(objects: Objects, folder: Path) -> Profile:
    """Return the embedded profile with statistics of these objects in place of the shipped."""
    model = FocusModel(cache_size=1)
    photos = [photo for group in objects.values() for photo in group]
    patches = [sample(model, photo, 256) for photo in track(photos, "statistics", console=CONSOLE)]
    path = folder / "statistics.npz"
    write_statistics(path, np.concatenate(patches), version="held-out")
    shipped = load_profile("embedded")
    return replace(shipped, encoder=FocusEncoder(FocusModel(), statistics=path))


def accepted(
    references: Objects, queries: list[tuple[str, Path]], mode: str, profile: Profile
) -> list[tuple[str, list[str]]]:
    """Return, for each query, its true object and the names that ``find`` gave."""
    with tempfile.TemporaryDirectory() as folder:
        kit = PeKit.open(folder, profile=profile)
        for name, photos in track(references.items(), "remembering", console=CONSOLE):
            kit.remember(name, photos, category="object")
        return [
            (truth, [match.object.name for match in kit.find(photo, mode=mode).matches])
            for truth, photo in track(queries, "finding", console=CONSOLE)
        ]


def recognition(answers: list[tuple[str, list[str]]], names: list[str]) -> tuple[float, ...]:
    """Return (recall, specificity, precision), averaged over objects."""
    recalls, specificities, precisions = [], [], []
    for name in names:
        positives = [name in found for truth, found in answers if truth == name]
        negatives = [name in found for truth, found in answers if truth != name]
        recalls.append(sum(positives) / len(positives))
        specificities.append(1 - sum(negatives) / len(negatives))
        if sum(positives) + sum(negatives):
            precisions.append(sum(positives) / (sum(positives) + sum(negatives)))
    return statistics.mean(recalls), statistics.mean(specificities), statistics.mean(precisions)


def measure(
    folder: Path, *, refs: int, seed: int, mode: str, held_out: bool = False
) -> Recognition:
    """Return the figures of one random draw."""
    rng = random.Random(seed)
    objects = photos_by_object(folder)
    with tempfile.TemporaryDirectory() as scratch:
        profile = load_profile("embedded")
        if held_out:
            base = set(rng.sample(sorted(objects), (len(objects) + 1) // 2))
            profile = held_out_profile({n: objects[n] for n in sorted(base)}, Path(scratch))
            objects = {name: photos for name, photos in objects.items() if name not in base}
        return _measure(objects, refs, rng, mode, profile)


def _measure(
    objects: Objects, refs: int, rng: random.Random, mode: str, profile: Profile
) -> Recognition:
    references, queries = split(objects, refs, rng)
    answers = accepted(references, queries, mode, profile)
    recall, specificity, precision = recognition(answers, list(objects))
    known = set(rng.sample(sorted(objects), (len(objects) + 1) // 2))
    some = {name: photos for name, photos in references.items() if name in known}
    open_answers = accepted(some, queries, mode, profile)
    hits = [truth in found for truth, found in open_answers if truth in known]
    alarms = [len(found) for truth, found in open_answers if truth not in known]
    return Recognition(
        recall=recall,
        specificity=specificity,
        weighted=(recall + specificity) / 2,
        precision=precision,
        open_recall=statistics.mean(hits),
        false_alarms=statistics.mean(alarms),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--refs", type=int, default=3)
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--mode", choices=("auto", "scene", "fast"), default="auto")
    parser.add_argument("--held-out", action="store_true", help="statistics of other objects")
    args = parser.parse_args()
    if not args.folder.is_dir():
        sys.exit(f"expected a folder of objects, found none at {args.folder}")
    started = time.perf_counter()
    options = {"refs": args.refs, "mode": args.mode, "held_out": args.held_out}
    draws = [asdict(measure(args.folder, seed=seed, **options)) for seed in range(args.draws)]
    settings = ", ".join(f"{key} {value}" for key, value in options.items())
    table = Table(title=f"{args.folder.name}: {settings}")
    for column in ("figure", "mean", "lowest draw", "highest draw"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    for key in draws[0]:
        values = [draw[key] for draw in draws]
        row = (statistics.mean(values), min(values), max(values))
        table.add_row(key.replace("_", " "), *(f"{value:.3f}" for value in row))
    Console().print(table)
    print(f"{len(draws)} draws in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
