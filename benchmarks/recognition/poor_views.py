"""Whether a poor reference draws other things: one blurred or dark photo beside a sharp one.

``python -m benchmarks.recognition.poor_views FOLDER`` takes a data set in any layout of ``pekit
eval``. Each thing is remembered alone, once with one photo and once with that photo and another one
made worse. Searched are photos of the other things and its own, made worse in the same way, and
photos of the others as they are. For each way a photo may be poor it prints how many get the
thing's name.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from PIL import Image
from rich.progress import track

from pekit_agents import PeKit
from pekit_agents.errors import NoObjectFound
from pekit_agents.evaluation.calibrating.conditions import CONDITIONS
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.draws import candidates
from pekit_agents.images.loading import load_image
from pekit_agents.profiles import Profile, embedded_profile
from pekit_agents.protocols import SearchMode

Change = Callable[[Image.Image], Image.Image]
_SIDE = 800  # pixels of the longer side, which the ways below refer to
_PHOTOS = 4  # of each thing: two to remember, two to search


def compressed(quality: int) -> Change:
    """Return a JPEG of a low quality."""

    def change(photo: Image.Image) -> Image.Image:
        buffer = BytesIO()
        photo.save(buffer, "JPEG", quality=quality)
        return load_image(buffer.getvalue())

    return change


def tiny(pixels: int) -> Change:
    """Return a photo of so many pixels a side, scaled up again."""

    def change(photo: Image.Image) -> Image.Image:
        small = photo.copy()
        small.thumbnail((pixels, pixels))
        return small.resize(photo.size, Image.Resampling.BICUBIC)

    return change


WAYS: Mapping[str, Change] = {
    **{
        f"{condition}, way {number}": make
        for condition, ways in CONDITIONS.items()
        for number, make in enumerate(ways, 1)
    },
    "64 pixels wide": tiny(64),
    "100 pixels wide": tiny(100),
    "JPEG of quality 3": compressed(3),
}


@dataclass
class Row:
    """Of how many photos how many got the thing's name, certain or "A or B".

    Each is ``[named, searched]``; the first with one sharp reference, the second with a poor one
    beside it.
    """

    others: tuple[list[int], list[int]]
    others_sharp: tuple[list[int], list[int]]
    own: tuple[list[int], list[int]]
    told: list[int]


def measure(
    folder: Path,
    profile: Profile,
    *,
    ways: Mapping[str, Change] = WAYS,
    mode: SearchMode = "auto",
    most: int | None = None,
) -> Iterator[tuple[str, Row]]:
    """Yield what each way of being poor does.

    Args:
        folder: The data set.
        profile: The vision tools.
        ways: What makes a photo poor.
        mode: How hard to look, as in ``find``.
        most: How many things to take; None takes all.
    """
    dataset = load_dataset(folder)
    photos = {}
    for thing in dataset.things[:most]:
        paths = candidates(dataset, thing)[:_PHOTOS]
        if len(paths) == _PHOTOS:
            photos[thing.name] = [_scaled(path) for path in paths]
    for way, change in ways.items():
        row = Row(([0, 0], [0, 0]), ([0, 0], [0, 0]), ([0, 0], [0, 0]), [0, 0])
        worse = {name: [change(photo) for photo in some[1:]] for name, some in photos.items()}
        for name in track(photos, f"{way:<20}", transient=True, disable=not sys.stderr.isatty()):
            _one_thing(name, photos, worse, partial(PeKit.open, profile=profile), mode, row)
        yield way, row


def _one_thing(
    name: str,
    photos: Mapping[str, list[Image.Image]],
    worse: Mapping[str, list[Image.Image]],
    open_kit: Callable[[str], PeKit],
    mode: SearchMode,
    row: Row,
) -> None:
    others = [other for other in photos if other != name]
    with TemporaryDirectory() as folder:
        kit = open_kit(folder)
        kit.remember(name, photos[name][0], category="thing")
        for place in (0, 1):
            if place:
                try:
                    stored = kit.add_views(name, worse[name][0])
                except NoObjectFound:
                    return  # nothing was stored, so that nothing can be drawn
                row.told[0] += any(
                    each.kind in ("blurred", "small", "poor") for each in stored.advice
                )
                row.told[1] += 1
            searched = (
                (row.others, [photo for other in others for photo in worse[other][1:]]),
                (row.others_sharp, [photos[other][2] for other in others]),
                (row.own, worse[name][1:]),
            )
            for counts, some in searched:
                counts[place][0] += sum(bool(kit.find(photo, mode=mode).matches) for photo in some)
                counts[place][1] += len(some)


def _scaled(path: Path) -> Image.Image:
    photo = load_image(path)
    photo.thumbnail((_SIDE, _SIDE))
    return photo


def _of(counts: list[int]) -> str:
    return f"{counts[0]} of {counts[1]}"


def main(arguments: list[str]) -> None:
    """Print the table of a data set."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recognition.poor_views", description=__doc__
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, help="how many things to take (default: all)")
    parser.add_argument("--mode", choices=get_args(SearchMode), default="auto")
    options = parser.parse_args(arguments)
    print("others in poor photos, others in sharp photos, own in poor photos: named with one sharp")
    print("reference -> with a poor one beside it; told: how many poor references advice names")
    print(f"{'way':<20}{'others':>26}{'others, sharp':>26}{'own':>24}{'told':>12}")
    profile = embedded_profile(cache_size=2000)
    for way, row in measure(options.folder, profile, mode=options.mode, most=options.most):
        pairs = [f"{_of(a)} -> {_of(b)}" for a, b in (row.others, row.others_sharp, row.own)]
        print(f"{way:<20}{pairs[0]:>26}{pairs[1]:>26}{pairs[2]:>24}{_of(row.told):>12}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
