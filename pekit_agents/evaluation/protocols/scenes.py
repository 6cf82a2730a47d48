"""Several things in one photo, at known places: scenes composed from the data set's photos."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.draws import draw_task, half_of, usable
from pekit_agents.evaluation.features.entries import digest
from pekit_agents.evaluation.protocols.recognition import HALF
from pekit_agents.evaluation.scenes.composing import compose_scenes

if TYPE_CHECKING:
    from pekit_agents.evaluation.bench import Bench
    from pekit_agents.evaluation.draws import Task
    from pekit_agents.evaluation.records import Dataset, Photo, Run
    from pekit_agents.evaluation.scenes.arrangement import Arrangement

__all__ = ["scenes"]


def scenes(
    bench: Bench,
    backgrounds: Sequence[Path],
    folder: Path,
    *,
    refs: int = 3,
    count: int = 20,
    arrangement: Arrangement = "mixed",
) -> Run:
    """Measure recognition in composed scenes, with half of the things known and with all.

    Scenes are composed from the photos that introduce nothing in their draw. The unknown half
    lies in them as well; the same scenes are searched with all things known.

    Args:
        bench: Where to measure.
        backgrounds: Photos without any of the things.
        folder: Where the scenes are written, a folder for each draw; scenes that are there
            from the same photos and settings are taken as they are.
        refs: References of each thing.
        count: How many scenes to compose for each draw.
        arrangement: How things lie in them.

    Raises:
        InvalidInput: Too few things have enough photos, or a scene cannot be composed.
    """
    if count < 1:
        raise InvalidInput(f"expected 1 scene or more, found {count}")
    dataset = usable(bench.dataset, refs)
    tasks = []
    for index, seed in enumerate(bench.seeds, start=1):
        measured = usable(bench.measured(dataset, seed), refs)
        known = half_of(measured, seed, "known")
        task = draw_task(measured, refs, seed)
        photos = _composed(
            bench, measured, task, sorted(known), backgrounds, folder, count, arrangement
        )
        half = draw_task(measured, refs, seed, known=known, condition=HALF)
        tasks += [replace(each, photos=photos) for each in (task, half)]
        bench.progress("scenes", index, len(bench.seeds))
    settings = {
        "refs": refs,
        "count": count,
        "arrangement": arrangement,
        "backgrounds": len(backgrounds),
        "used_things": len(dataset.things),
    }
    return bench.run("scenes", tasks, settings, root=folder)


def _composed(
    bench: Bench,
    dataset: Dataset,
    task: Task,
    known: Sequence[str],
    backgrounds: Sequence[Path],
    folder: Path,
    count: int,
    arrangement: Arrangement,
) -> tuple[Photo, ...]:
    """Return the scenes of one draw, composed now or before."""
    made_of = repr((task, known, sorted(backgrounds), count, arrangement))
    place = folder / f"draw-{task.seed}-{digest(made_of)[:8]}"
    if not place.is_dir():
        things = tuple(
            replace(thing, references=task.references[thing.name]) for thing in dataset.things
        )
        boxed = all(photo.boxes.keys() >= photo.shows for photo in task.photos)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as scratch:
            half_made = Path(scratch) / "scenes"
            compose_scenes(
                replace(dataset, things=things, photos=task.photos),
                backgrounds,
                seed=task.seed,
                count=count,
                out=half_made,
                known=known,
                references=task.refs,
                arrangement=arrangement,
                # Known boxes favour no profile; an outline favours the one that draws it.
                extractor=None if boxed else bench.features.profile.extractor,
            )
            half_made.rename(place)
    return load_dataset(place, "manifest").photos
