"""How often a thing is found in photos that lie on a side or upside down, without their mark.

``python -m benchmarks.recognition.turned FOLDER`` takes a data set in any layout of ``pekit eval``,
introduces each thing with its first photos, all into one memory, searches the next ones as they
are and turned, and prints what was named. ``--turned-references`` introduces turned copies, too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.progress import track

from pekit_agents import PeKit
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.draws import candidates
from pekit_agents.evaluation.records import Dataset
from pekit_agents.images.loading import load_image
from pekit_agents.profiles import Profile, load_profile
from pekit_agents.retrieval.finding import Finding

#: Counter-clockwise, in degrees; None is the photo as it is.
TURNS = {
    0: None,
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


def turned(photo: Image.Image, degrees: int) -> Image.Image:
    """Return the photo turned counter-clockwise by 0, 90, 180 or 270 degrees."""
    way = TURNS[degrees]
    return photo if way is None else photo.transpose(way)


def answer(finding: Finding, name: str) -> str:
    """Return what was said of a thing: "named", "asked", "wrong" or "missed".

    What names another thing is wrong, whatever else is right.
    """
    certain = {obj.name for match in finding.matches for obj in match.candidates}
    if certain - {name} and name not in certain:
        return "wrong"
    if name in certain:
        return "named"
    possible = {obj.name for match in finding.possible for obj in match.candidates}
    return "asked" if name in possible else "missed"


def split(
    dataset: Dataset, things: int, references: int, photos: int
) -> Iterator[tuple[str, str, Sequence[Path], Sequence[Path]]]:
    """Yield name, category, references and photos to search, of things that have enough."""
    enough = 0
    for thing in dataset.things:
        own = candidates(dataset, thing)
        if len(own) >= references + photos and enough < things:
            enough += 1
            yield thing.name, thing.category, own[:references], own[references:][:photos]


def measure(
    parts: Sequence[tuple[str, str, Sequence[Path], Sequence[Path]]],
    profile: Profile,
    *,
    turned_references: bool = False,
) -> dict[int, Counter[str]]:
    """Return what was said of the photos for each turn.

    Args:
        parts: What :func:`split` yielded.
        profile: The vision tools.
        turned_references: Whether turned copies of the references are remembered as well.
    """
    said: dict[int, Counter[str]] = {degrees: Counter() for degrees in TURNS}
    with tempfile.TemporaryDirectory() as folder:
        kit = PeKit.open(folder, profile=profile)
        ways = TURNS if turned_references else (0,)
        for name, category, references, _ in track(parts, "remembering", console=_console()):
            images = [turned(load_image(path), way) for path in references for way in ways]
            kit.remember(name, images, category=category)
        photos = [(name, path) for name, _, _, search in parts for path in search]
        for name, path in track(photos, "searching", console=_console()):
            photo = load_image(path)
            for degrees, counts in said.items():
                counts[answer(kit.find(turned(photo, degrees)), name)] += 1
    return said


def _console() -> Console:
    return Console(stderr=True)


def main() -> None:
    """Measure, and print a line for each turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--things", type=int, default=sys.maxsize)
    parser.add_argument("--references", type=int, default=2)
    parser.add_argument("--photos", type=int, default=2)
    parser.add_argument("--turned-references", action="store_true")
    asked = parser.parse_args()
    parts = list(split(load_dataset(asked.folder), asked.things, asked.references, asked.photos))
    said = measure(parts, load_profile("embedded"), turned_references=asked.turned_references)
    for degrees, counts in said.items():
        total = sum(counts.values())
        told = ", ".join(f"{kind} {counts[kind]}" for kind in ("named", "asked", "missed", "wrong"))
        print(f"turned by {degrees}: of {total} photos {told}")


if __name__ == "__main__":
    main()
