"""What a correction is worth: look-alikes are rejected in one photo and met again in others.

Half of the things are known. In some photos of each of the others whatever is named is rejected,
as a user would; then their other photos are searched, and those of the known things.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.draws import draw_task, half_of, usable
from pekit_agents.evaluation.recognizers.kit import CorrectedRecognizer, PeKitRecognizer
from pekit_agents.evaluation.recognizers.lineup import feature_jobs

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.evaluation.bench import Bench
    from pekit_agents.evaluation.draws import Task
    from pekit_agents.evaluation.recognizers.lineup import Job
    from pekit_agents.evaluation.recognizers.recognizer import Recognizer
    from pekit_agents.evaluation.records import Run

__all__ = ["AFTER", "BEFORE", "OTHERS", "TOLD", "corrections"]

#: The recognizers: one that is told nothing, and one that is told what it named wrongly.
BEFORE, AFTER = "pekit", "pekit, corrected"
#: The conditions: draws that search the photos in which wrong names are rejected, and others.
TOLD, OTHERS = "photos to correct", "other photos"


def corrections(
    bench: Bench, *, refs: int = 3, photos: int = 1, strictness: Strictness | None = None
) -> Run:
    """Measure recognition before and after wrong names are rejected.

    Args:
        bench: Where to measure; its baselines are not.
        refs: References of each known thing.
        photos: In how many photos of each unknown thing wrong names are rejected.
        strictness: As for :meth:`PeKit.find`: the less strict, the more there is to correct.

    Raises:
        InvalidInput: There are no photos to correct, too few things have enough photos, or the
            profile has no discriminant for a strictness.
    """
    if photos < 1:
        raise InvalidInput(f"expected 1 photo to correct or more, found {photos}")
    reserve = max(refs, photos)
    dataset = usable(bench.dataset, reserve)
    tasks = []
    for seed in bench.seeds:
        measured = usable(bench.measured(dataset, seed), reserve)
        known = half_of(measured, seed, "known")
        every = draw_task(measured, photos, seed)
        told = {p for name, paths in every.references.items() if name not in known for p in paths}
        half = draw_task(measured, refs, seed, reserve=reserve, known=known, condition=OTHERS)
        wrong = tuple(photo for photo in measured.photos if photo.path in told)
        tasks += [half, replace(half, photos=wrong, condition=TOLD)]
    settings = {
        "refs": refs,
        "corrected_photos": photos,
        "strictness": strictness,
        "used_things": len(dataset.things),
    }
    lineup = _BeforeAndAfter(bench, tasks, strictness)
    return bench.run("corrections", tasks, settings, lineup=lineup)


class _BeforeAndAfter:
    """The kit as it is, and the kit that is told what it named wrongly."""

    names = (BEFORE, AFTER)

    def __init__(self, bench: Bench, tasks: Sequence[Task], strictness: Strictness | None) -> None:
        self._bench = bench
        self._strictness = strictness
        PeKitRecognizer(bench.features, strictness=strictness)  # refuses what cannot be
        self._told: Mapping[int, tuple[Path, ...]] = {
            task.seed: tuple(photo.path for photo in task.photos)
            for task in tasks
            if task.condition == TOLD
        }

    def recognizers(self, seed: int) -> Sequence[Recognizer]:
        """Return both for a seed."""
        features = self._bench.features
        profile = self._bench.profile_for(seed)
        return [
            PeKitRecognizer(features, profile=profile, name=BEFORE, strictness=self._strictness),
            CorrectedRecognizer(
                features,
                self._told[seed],
                profile=profile,
                name=AFTER,
                strictness=self._strictness,
            ),
        ]

    def jobs(self, tasks: Iterable[Task]) -> list[Job]:
        """Return what makes the features for these tasks."""
        return feature_jobs(self._bench.features, tasks)
