"""Does the false-accept rate hold while the memory grows, at one fixed configuration?

The photos that are searched stay the same: those of a few things that are known from the start,
and those of things that are never introduced. What grows is everything else in the memory: the
data set's remaining things, then distractors.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.datasets.files import folders_in, photos_in
from pekit_agents.evaluation.draws import draw_task, half_of, restrict, usable

if TYPE_CHECKING:
    from pekit_agents.evaluation.bench import Bench
    from pekit_agents.evaluation.draws import Task
    from pekit_agents.evaluation.records import Dataset, Run

__all__ = ["distractors_in", "growth"]


def growth(
    bench: Bench,
    sizes: Sequence[int] = (5, 10, 25, 50, 100),
    *,
    refs: int = 1,
    distractors: Path | None = None,
) -> Run:
    """Measure recognition with ever more things remembered.

    Half of the data set's things, drawn at random, are never introduced: whatever is named in
    their photos is a false alarm.

    Args:
        bench: Where to measure.
        sizes: How many things are remembered.
        refs: References of each thing; a distractor with fewer photos has as many as it has.
        distractors: A folder with further things to remember: one for each folder of photos in
            it, or one for each photo where it holds photos alone.

    Raises:
        InvalidInput: There are fewer things to remember than the largest size.
    """
    sizes = sorted(set(sizes))
    if not sizes or sizes[0] < 1:
        raise InvalidInput(f"expected sizes of 1 or more, found {list(sizes)}")
    dataset = usable(bench.dataset, refs)
    extra = distractors_in(distractors) if distractors else {}
    tasks = []
    for seed in bench.seeds:
        tasks += _tasks(usable(bench.measured(dataset, seed), refs), sizes, refs, seed, extra)
    settings = {
        "sizes": list(sizes),
        "refs": refs,
        "distractors": None if distractors is None else str(distractors),
        "used_things": len(dataset.things),
    }
    return bench.run("growth", tasks, settings)


def distractors_in(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Return the photos of each thing in a folder of folders, or of photos.

    Raises:
        InvalidInput: There are none.
    """
    things = {
        f"{folder.name}/{entry.name}": tuple(photos_in(entry)) for entry in folders_in(folder)
    }
    things = {name: photos for name, photos in things.items() if photos}
    if not things:
        things = {f"{folder.name}/{photo.stem}": (photo,) for photo in photos_in(folder)}
    if not things:
        raise InvalidInput(f"expected photos or folders of photos in {folder}, found none")
    return things


def _tasks(
    dataset: Dataset,
    sizes: Sequence[int],
    refs: int,
    seed: int,
    extra: dict[str, tuple[Path, ...]],
) -> list[Task]:
    known = half_of(dataset, seed, "known")
    own = random.Random(seed).sample(sorted(known), len(known))  # noqa: S311
    fillers = random.Random(seed).sample(sorted(extra), len(extra))  # noqa: S311
    available = len(own) + len(fillers)
    if sizes[-1] > available:
        raise InvalidInput(
            f"expected {sizes[-1]} things to remember, found {available}: {len(own)} of the "
            f"data set ({len(dataset.things) - len(own)} more stay unknown) and {len(fillers)} "
            "distractors; give a larger folder with --distractors, or smaller --sizes"
        )
    # Photos of things that become known on the way would change what is asked.
    later = set(own[sizes[0] :])
    asked = restrict(dataset, {thing.name for thing in dataset.things} - later)
    searched = {photo.path for photo in asked.photos}
    whole = draw_task(dataset, refs, seed, known=known)
    tasks = []
    for size in sizes:
        names = own[:size]
        added = fillers[: size - len(names)]
        tasks.append(
            replace(
                whole,
                references={
                    **{name: whole.references[name] for name in names},
                    **{name: extra[name][:refs] for name in added},
                },
                categories={
                    **{name: whole.categories[name] for name in names},
                    **dict.fromkeys(added, "object"),
                },
                photos=tuple(photo for photo in whole.photos if photo.path in searched),
                condition=f"objects={size}",
            )
        )
    return tasks
