"""Whether more things to fit a discriminant to would help, or others of the kind.

``python -m benchmarks.recognition.things THINGS... --background PHOTOS...`` repeats the
cross-validation of ``pekit calibrate`` with fewer things to fit to, chosen at random in each round,
and for each kind without any other thing of it. Slope and offset are fitted anew each time. "At
95 %" is what is named of photos of others where 95 % of own photos are, whatever the probabilities
say.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.evaluation.calibrating.crossing import Answers, Crossed
    from pekit_agents.evaluation.calibrating.making import Material
    from pekit_agents.profiles import Profile

    Chosen = Callable[[NDArray[np.int64]], NDArray[np.int64]]

_OWN = 0.95


def crossed_with(
    material: Material, profile: Profile, kinds: Mapping[int, int], chosen: Chosen
) -> Crossed:
    """Return what cross-validation finds with some of the things to fit to."""
    from pekit_agents.evaluation.calibrating.crossing import cross_validate

    return cross_validate(
        material.seen,
        kinds,
        material.normalized_background(profile.encoder),
        profile.encoder,
        named=profile.matching.named,
        chosen=chosen,
        progress=lambda *_: None,
    )


def named_at(answers: Answers, refs: int, kind: int | None = None) -> float:
    """Return what share of photos of others is named where 95 % of own photos are."""
    some = answers.refs == refs
    if kind is not None:
        some &= answers.kinds == kind
    scores, same, weights = (
        each[some] for each in (answers.trials.scores, answers.trials.same, answers.trials.weights)
    )
    order = np.argsort(-scores[same])
    reached = np.cumsum(weights[same][order]) / weights[same].sum()
    level = scores[same][order][int(np.searchsorted(reached, _OWN))]
    return float(weights[~same & (scores >= level)].sum() / weights[~same].sum())


def show(title: str, crossed: Crossed, kind: int | None = None) -> None:
    """Print a row: own photos named, others named, and others at 95 %."""
    answers = crossed.answers
    weights, same = answers.trials.weights, answers.trials.same
    named = answers.trials.scores >= 0
    cells = []
    for refs in (1, 3):
        some = answers.refs == refs
        if kind is not None:
            some &= answers.kinds == kind
        for one in (some & same, some & ~same):
            cells.append(weights[one & named].sum() / weights[one].sum())
        cells.append(named_at(answers, refs, kind))
    print(f"{title:38}" + "".join(f"{cell:16.3f}" for cell in cells), flush=True)


def all_of(others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return all things that are not held out."""
    return others


def some_of(others: NDArray[np.int64], rng: np.random.Generator, size: int) -> NDArray[np.int64]:
    """Return so many of the things that are not held out, chosen at random."""
    return rng.permutation(others)[:size]


def others_than(others: NDArray[np.int64], alike: Sequence[int]) -> NDArray[np.int64]:
    """Return the things that are not held out, without those of a kind."""
    return np.setdiff1d(others, np.asarray(alike, np.int64))


def only(kinds: Mapping[int, int], kind: int) -> dict[int, int]:
    """Return kinds of which one alone can be held out: of any other each thing is its own."""
    apart = max(kinds.values()) + 1
    return {thing: k if k == kind else apart + thing for thing, k in kinds.items()}


def main() -> None:
    """Measure, from few things to all, then kind by kind."""
    from pekit_agents.evaluation.bench import tools_of
    from pekit_agents.evaluation.calibrating.making import gather
    from pekit_agents.evaluation.datasets import load_dataset
    from pekit_agents.evaluation.datasets.files import photos_in
    from pekit_agents.evaluation.features.features import Features
    from pekit_agents.profiles import embedded_profile

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recognition.things", description=__doc__
    )
    parser.add_argument("things", type=Path, nargs="+")
    parser.add_argument("--background", type=Path, nargs="*", default=[])
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--sizes", type=int, nargs="*", default=[6, 9, 12, 18])
    parser.add_argument("--draws", type=int, default=3, help="of the things of each size")
    options = parser.parse_args()
    profile = embedded_profile()
    datasets = [load_dataset(folder) for folder in options.things]
    background = [path for folder in options.background for path in photos_in(folder)]
    with TemporaryDirectory() as folder:
        features = Features(profile, options.cache or Path(folder), tools=tools_of("embedded"))
        material = gather(datasets, features, background)
    names = ("own", "others", "at 95 %")
    heads = "".join(f"{f'{refs} ref. {name}':>16}" for refs in (1, 3) for name in names)
    print(f"{'fitted to':38}{heads}")
    for size in options.sizes:
        for draw in range(options.draws):
            rng = np.random.default_rng([size, draw])
            some = partial(some_of, rng=rng, size=size)
            show(
                f"{size} things, draw {draw}",
                crossed_with(material, profile, material.kinds, some),
            )
    show("all that are not held out", crossed_with(material, profile, material.kinds, all_of))
    for kind in sorted(set(material.kinds.values())):
        alike = [thing for thing, k in material.kinds.items() if k == kind]
        if len(alike) > 1:
            kinds = only(material.kinds, kind)
            for title, chosen in (
                (f"{material.names[kind]}: all", all_of),
                (f"{material.names[kind]}: none of its kind", partial(others_than, alike=alike)),
            ):
                show(title, crossed_with(material, profile, kinds, chosen), kind)


if __name__ == "__main__":
    main()
