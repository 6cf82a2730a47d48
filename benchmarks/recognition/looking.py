"""What each number of where to look is worth: the same photos, with one number changed at a time.

``python -m benchmarks.recognition.looking THINGS --backgrounds PHOTOS`` remembers half of the
things of a data set and searches the others' photos and composed scenes, as the package is and with
each of ``ALTERNATIVES``; ``NAME=VALUE`` asks for others (``models.embedded.guidance._REACH=2.2``),
several at once with semicolons between. The discriminant that ships may have seen the things: this
says what a change is worth, not how good recognition is.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pekit_agents import PeKit
    from pekit_agents.evaluation.draws import Task
    from pekit_agents.evaluation.passes import Passes
    from pekit_agents.evaluation.records import Photo
    from pekit_agents.profiles import Profile

#: For each number the simplest rule, which does without it, and others.
ALTERNATIVES: dict[str, tuple[Any, ...]] = {
    "settings.MatchSettings.overlap": (0.5,),
    "settings.MatchSettings.inside": (1.0, 0.5),
    "settings.MatchSettings.framing": (0.0, 2.0),
    "retrieval.matching.CROWD": (0.0, 0.6, 1.0),
    "models.embedded.proposer._QUARTER": (0.5,),
    "models.embedded.proposer._MAX_SALIENT": (0, 4),
    "models.embedded.proposer._MAX_PLACES": (4,),
    "models.embedded.proposer._SAME_PLACE": (0.4,),
    "models.embedded.scene._SIMPLE": (0.0, 0.2),
    "models.embedded.scene._INSIDE": (0.7, 0.9),
    "models.embedded.windows._POSSIBLE": (0.0, 4.5),
    "models.embedded.windows._WIDE": (1.4,),
    "models.embedded.proposer._SAME_FRAMING": (1.1, 0.4),
    "models.embedded.guidance._SIZES": ((5.0,), (3.5, 7.0), (2.5, 5.0, 10.0)),
    "models.embedded.guidance._ASPECTS": ((1.0,),),
    "models.embedded.guidance._REACH": (2.2, 9.0),
    "models.embedded.guidance._WITHIN": (1.1, 0.7),
    "models.embedded.guidance.NEARLY": (0.1, 2.0),
}
_PASSES = 6000  # kept in RAM, about 1 MB each: most changes look at the same close-ups
_LIKE_IT = 0.5  # IoU from which a box is that of the thing


@dataclass
class Count:
    """What was found in all photos.

    Attributes:
        things: Known things in scenes.
        framed: Those that any region has the box of: no rule of what is named could find more.
        found: Those that were named with their box.
        boxes: Named boxes in scenes.
        right: Those that are of the thing.
        own: Photos of a known thing.
        own_named: Those in which it is named first.
        others: Photos of an unknown thing.
        others_named: Those in which anything is named.
        passes: Forward passes in scenes, in photos of known and of unknown things.
    """

    things: int = 0
    framed: int = 0
    found: int = 0
    boxes: int = 0
    right: int = 0
    own: int = 0
    own_named: int = 0
    others: int = 0
    others_named: int = 0
    passes: tuple[int, int, int] = (0, 0, 0)

    def __add__(self, other: Count) -> Count:
        summed = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(Count)}
        both = zip(self.passes, other.passes, strict=True)
        return Count(**{**summed, "passes": tuple(a + b for a, b in both)})


@contextmanager
def changed(profile: Profile, name: str, value: Any) -> Iterator[Profile]:
    """Give a profile with one number changed; module-level numbers are put back afterwards."""
    path, _, leaf = name.rpartition(".")
    if path == "settings.MatchSettings":
        yield replace(profile, matching=replace(profile.matching, **{leaf: value}))
        return
    places = [importlib.import_module(f"pekit_agents.{path}")]
    # A number that another module imports has a copy there.
    importers = [m for n, m in sys.modules.items() if n.startswith("pekit_agents.models.")]
    if not leaf.startswith("_"):
        places += [m for m in importers if m not in places and hasattr(m, leaf)]
    before = [getattr(place, leaf) for place in places]
    ladder = importlib.import_module("pekit_agents.models.embedded.guidance").box_ladder
    try:
        for place in places:
            setattr(place, leaf, value)
        ladder.cache_clear()
        yield profile
    finally:
        for place, old in zip(places, before, strict=True):
            setattr(place, leaf, old)
        ladder.cache_clear()


@dataclass(frozen=True)
class Material:
    """What one draw remembers and searches.

    Attributes:
        known: Names of the remembered things.
        task: Their references, and the photos of single things.
        scenes: Composed of other photos of all things.
    """

    known: frozenset[str]
    task: Task
    scenes: tuple[Photo, ...]


def material(options: argparse.Namespace, seed: int, folder: Path) -> Material:
    """Draw references and compose scenes; the same for a seed."""
    from pekit_agents.evaluation.datasets import load_dataset
    from pekit_agents.evaluation.datasets.files import photos_in
    from pekit_agents.evaluation.draws import draw_task, half_of, usable
    from pekit_agents.evaluation.scenes.composing import compose_scenes

    dataset = load_dataset(options.things)
    known = half_of(usable(dataset, options.refs), seed, "known")
    task = draw_task(dataset, options.refs, seed)
    things = tuple(replace(t, references=task.references.get(t.name, ())) for t in dataset.things)
    scenes = compose_scenes(
        replace(dataset, things=things, photos=task.photos),
        photos_in(options.backgrounds),
        seed=seed,
        count=options.scenes,
        out=folder / str(seed),
        known=sorted(known),
        references=options.refs,
        arrangement=options.arrangement,
        extractor=options.profile.extractor,
    )
    return Material(known, task, scenes.photos)


def measure(draws: Sequence[Material], profile: Profile, passes: Passes) -> Count:
    """Return what is found of all draws."""
    from pekit_agents import PeKit

    count = Count()
    for each in draws:
        with tempfile.TemporaryDirectory() as folder:
            kit = PeKit.open(folder, profile=profile)
            for name in sorted(each.known):
                kit.remember(name, each.task.references[name], category="object")
            passes.taken()
            for photo in each.scenes:
                count += _in_scene(kit, photo, each.known, passes)
            for photo in each.task.photos:
                count += _in_photo(kit, photo, each.known, passes)
    return count


def _in_scene(kit: PeKit, photo: Photo, known: frozenset[str], passes: Passes) -> Count:
    from pekit_agents.boxes import iou_matrix

    laid = [(name, box) for name in photo.shows & known for box in photo.boxes[name]]
    finding = kit.find(photo.path)
    named = [(match.object.name, match.box) for match in finding.matches]
    regions = [region.box.xyxy for region in finding.proposals]
    same = [
        [a == b and iou_matrix([box.xyxy], [where.xyxy])[0, 0] >= _LIKE_IT for b, where in laid]
        for a, box in named
    ]
    return Count(
        things=len(laid),
        framed=sum(
            bool(regions) and iou_matrix([box.xyxy], regions).max() >= _LIKE_IT for _, box in laid
        ),
        found=sum(map(any, zip(*same, strict=True))),
        boxes=len(named),
        right=sum(map(any, same)),
        passes=(passes.taken(), 0, 0),
    )


def _in_photo(kit: PeKit, photo: Photo, known: frozenset[str], passes: Passes) -> Count:
    matches = kit.find(photo.path).matches
    if photo.shows & known:
        right = bool(matches) and matches[0].object.name in photo.shows
        return Count(own=1, own_named=right, passes=(0, passes.taken(), 0))
    return Count(others=1, others_named=bool(matches), passes=(0, 0, passes.taken()))


def show(title: str, count: Count, scenes: int, taken: float) -> None:
    """Print a row."""
    each = zip(count.passes, (scenes, count.own, count.others), strict=True)
    passes = "  ".join(f"{total / photos:5.2f}" for total, photos in each)
    print(
        f"{title:46}{count.framed:5} {count.found:5}/{count.things:<4}"
        f"{count.right:4}/{count.boxes:<4}"
        f"{count.own_named:5}/{count.own:<4}{count.others_named:4}/{count.others:<4} {passes}"
        f"{taken:6.0f}",
        flush=True,
    )


def main() -> None:
    """Measure the numbers as they are, then one change after another."""
    from pekit_agents.evaluation.passes import counted_passes
    from pekit_agents.profiles import embedded_profile

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recognition.looking", description=__doc__
    )
    parser.add_argument("things", type=Path)
    parser.add_argument("changes", nargs="*", metavar="NAME=VALUE")
    parser.add_argument("--backgrounds", type=Path, required=True)
    parser.add_argument("--refs", type=int, default=3, help="references of a thing")
    parser.add_argument(
        "--as", dest="arrangement", default="mixed", help="how things lie in scenes"
    )
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of the first draw")
    parser.add_argument("--scenes", type=int, default=16, help="for each draw")
    options = parser.parse_args()
    changes = [one.split(";") for one in options.changes] or [
        [f"{name}={value!r}"] for name, values in ALTERNATIVES.items() for value in values
    ]
    options.profile = embedded_profile(cache_size=_PASSES)
    with tempfile.TemporaryDirectory() as folder, counted_passes(options.profile) as passes:
        draws = [
            material(options, seed, Path(folder))
            for seed in range(options.seed, options.seed + options.draws)
        ]
        scenes = sum(len(draw.scenes) for draw in draws)
        print(
            f"{'':46}{'scenes':25}{'photos of one thing':18} forward passes a photo of\n"
            f"{'':44}{'framed':>7} {'found':9}{'right':10}{'own':9}{'others':9}"
            f"{'scene':>5}{'known':>7}{'others':>8}{'s':>5}"
        )
        for some in [[], *changes]:
            before, profile = time.perf_counter(), options.profile
            with ExitStack() as stack:
                for name, value in (one.split("=", 1) for one in some):
                    change = changed(profile, name, ast.literal_eval(value))
                    profile = stack.enter_context(change)
                count = measure(draws, profile, passes)
            title = "; ".join(some).replace("models.embedded.", "") or "as it is"
            show(title, count, scenes, time.perf_counter() - before)


if __name__ == "__main__":
    main()
