"""How often advice on reference photos is right: real photos, as they are and made worse.

``python -m benchmarks.recognition.advice FOLDER`` takes a data set in any layout of ``pekit eval``
and prints for each kind of change in how many photos which advice was given.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from pekit_agents.errors import NoObjectFound
from pekit_agents.evaluation.calibrating.conditions import CONDITIONS
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.draws import candidates
from pekit_agents.images.loading import load_image
from pekit_agents.introduction.quality import advise
from pekit_agents.introduction.views import extract_view
from pekit_agents.profiles import Profile, load_profile
from pekit_agents.types import Box, View

Change = Callable[[Image.Image, Box], Image.Image]
KINDS = ("duplicate", "outlier", "blurred", "small", "poor")


def saved_again(photo: Image.Image, box: Box) -> Image.Image:
    """Return the photo as a smaller JPEG."""
    del box
    buffer = BytesIO()
    size = (round(0.7 * photo.width), round(0.7 * photo.height))
    photo.resize(size, Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=70)
    return load_image(buffer.getvalue())


def blurred(share: float) -> Change:
    """Return a blur by a share of the object's longer side."""

    def change(photo: Image.Image, box: Box) -> Image.Image:
        radius = share * max(box.width, box.height)
        return photo.filter(ImageFilter.GaussianBlur(radius))

    return change


def shrunk(pixels: int) -> Change:
    """Return a scaling that leaves the object's shorter side so many pixels."""

    def change(photo: Image.Image, box: Box) -> Image.Image:
        scale = min(1.0, pixels / min(box.width, box.height))
        size = (max(16, round(scale * photo.width)), max(16, round(scale * photo.height)))
        return photo.resize(size, Image.Resampling.LANCZOS)

    return change


def _all_over(make: Callable[[Image.Image], Image.Image]) -> Change:
    def change(photo: Image.Image, box: Box) -> Image.Image:
        del box
        return make(photo)

    return change


CHANGES: dict[str, Change] = {
    "saved again as a smaller JPEG": saved_again,
    "blurred by 1 % of the object's side": blurred(0.01),
    "blurred by 2 % of the object's side": blurred(0.02),
    "shrunk to 32 pixels": shrunk(32),
    **{
        f"{condition}, way {number}": _all_over(make)
        for condition, ways in CONDITIONS.items()
        for number, make in enumerate(ways, 1)
    },
}


def measure(
    folder: Path,
    profile: Profile,
    *,
    refs: int,
    draws: int,
    changed: int,
    most: int | None = None,
    seed: int = 0,
) -> Iterator[tuple[str, int, Counter[str]]]:
    """Yield for each change the number of photos, and to how many each advice was given.

    Args:
        folder: The data set.
        profile: The vision tools.
        refs: Photos of an object that are introduced together.
        draws: How often each object's untouched photos are drawn.
        changed: How many photos of each object are changed.
        most: How many objects to take; None takes all.
        seed: Of the draws.
    """
    dataset = load_dataset(folder)
    rng = random.Random(seed)
    views = {}
    for thing in dataset.things[:most]:
        found = {path: seen(load_image(path), profile) for path in candidates(dataset, thing)}
        views[thing.name] = {path: view for path, view in found.items() if view is not None}
    usable = [name for name, seen_in in views.items() if len(seen_in) >= refs]

    def told(others: list[View], view: View) -> set[str]:
        held = np.stack([other.vector for other in others])
        found = advise([view], held, profile.discriminant)
        return {each.kind for each in found if each.photo}

    def counted(cases: list[set[str]]) -> tuple[int, Counter[str]]:
        return len(cases), Counter(kind for case in cases for kind in case)

    plain, swapped = [], []
    for name in usable:
        for _ in range(draws):
            *others, last = rng.sample(sorted(views[name]), refs)
            held = [views[name][path] for path in others]
            plain.append(told(held, views[name][last]))
            other = views[rng.choice([each for each in usable if each != name])]
            swapped.append(told(held, other[rng.choice(sorted(other))]))
    yield ("as they are", *counted(plain))
    yield ("of another object", *counted(swapped))
    for change, make in CHANGES.items():
        cases = []
        for name in usable:
            for path in sorted(views[name])[:changed]:
                view = views[name][path]
                worse = seen(make(load_image(path), view.proposal.box), profile)
                if worse is not None:
                    cases.append(told([*list(views[name].values())[: refs - 1], view], worse))
        yield (change, *counted(cases))


def seen(photo: Image.Image, profile: Profile) -> View | None:
    """Return the view that a photo gives; None when no object is found in it."""
    try:
        return extract_view(photo, "object", profile)
    except NoObjectFound:
        return None


def main(arguments: list[str]) -> None:
    """Print the table of a data set."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recognition.advice", description=__doc__
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--refs", type=int, default=3)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--changed", type=int, default=2, help="photos of each object to change")
    options = parser.parse_args(arguments)
    print(f"{'photos':<38}{'number':>7}" + "".join(f"{kind:>11}" for kind in KINDS))
    for change, number, given in measure(
        options.folder,
        load_profile("embedded"),
        refs=options.refs,
        draws=options.draws,
        changed=options.changed,
    ):
        shares = "".join(f"{given[kind] / max(number, 1):>11.1%}" for kind in KINDS)
        print(f"{change:<38}{number:>7}{shares}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
