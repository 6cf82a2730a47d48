"""Who is measured in a run, and which features they will ask for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pekit_agents.evaluation.recognizers.baselines import baselines, reads_whole
from pekit_agents.evaluation.recognizers.kit import (
    SECOND_OPINION,
    AskingRecognizer,
    PeKitRecognizer,
)

if TYPE_CHECKING:
    from pekit_agents.evaluation.draws import Task
    from pekit_agents.evaluation.features.features import Features
    from pekit_agents.evaluation.recognizers.recognizer import Recognizer
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import AnswerModel

__all__ = ["Lineup", "StandardLineup", "feature_jobs"]

#: Makes one photo's features, unless they are there.
Job = Callable[[], object]


class Lineup(Protocol):
    """The recognizers of a run.

    Attributes:
        names: Their names, in order.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """The recognizers' names, in order."""
        ...

    def recognizers(self, seed: int) -> Sequence[Recognizer]:
        """Return those who are measured in the draws of a seed, in the order of the names."""
        ...

    def jobs(self, tasks: Iterable[Task]) -> list[Job]:
        """Return what makes the features for these tasks, each photo's once."""
        ...


class StandardLineup:
    """The kit, the kit with a second opinion and the baselines if wanted.

    Args:
        features: Gives the features of photos.
        profile_for: The kit's profile for a seed, None where it is the features' own.
        with_baselines: Whether the baselines are measured as well.
        only: The names of those baselines that are; empty measures all.
        negatives: Photos without any of the things, for baselines that learn from them.
        answerer: Who gives a second opinion; None leaves that out.
    """

    def __init__(
        self,
        features: Features,
        *,
        profile_for: Callable[[int], Profile | None] | None = None,
        with_baselines: bool = True,
        only: Collection[str] = (),
        negatives: Sequence[Path] = (),
        answerer: AnswerModel | None = None,
    ) -> None:
        self._features, self._answerer = features, answerer
        self._profile_for = profile_for
        every = baselines(features, negatives) if with_baselines else []
        self._others = [other for other in every if not only or other.name in only]
        self._negatives = tuple(negatives) if with_baselines else ()

    @property
    def names(self) -> tuple[str, ...]:
        """The recognizers' names, the kit's first."""
        asking = () if self._answerer is None else (SECOND_OPINION,)
        return ("pekit", *asking, *(other.name for other in self._others))

    def recognizers(self, seed: int) -> Sequence[Recognizer]:
        """Return the recognizers for a seed."""
        profile = self._profile_for(seed) if self._profile_for else None
        kit: list[Recognizer] = [PeKitRecognizer(self._features, profile=profile)]
        if self._answerer is not None:
            kit.append(AskingRecognizer(self._features, self._answerer, profile=profile))
        return [*kit, *self._others]

    def jobs(self, tasks: Iterable[Task]) -> list[Job]:
        """Return what makes the features for these tasks."""
        tasks = list(tasks)
        jobs = feature_jobs(self._features, tasks)
        if any(map(reads_whole, self._others)):
            photos = [photo.path for task in tasks for photo in task.photos]
            photos += [ref for task in tasks for refs in task.references.values() for ref in refs]
            distinct = dict.fromkeys([*photos, *self._negatives])
            jobs += [_job(self._features.whole, photo) for photo in distinct]
        return jobs


def feature_jobs(features: Features, tasks: Iterable[Task]) -> list[Job]:
    """Return what makes the regions and references that tasks will ask for, each once."""
    jobs: dict[tuple[object, ...], Job] = {}
    for task in tasks:
        words = tuple(dict.fromkeys(task.categories[thing] for thing in task.references))
        for thing, photos in task.references.items():
            for path in photos:
                category = task.categories[thing]
                jobs["introduced", path, category] = _job(features.introduced, path, category)
        for photo in task.photos:
            jobs["regions", photo.path, words] = _job(features.regions, photo.path, words)
    return list(jobs.values())


def _job(make: Callable[..., object], *arguments: object) -> Job:
    return lambda: make(*arguments)
