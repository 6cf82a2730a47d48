"""What each choice is worth: profiles (extractor, encoder), modes and limits side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.draws import draw_task, half_of, usable
from pekit_agents.evaluation.protocols.recognition import HALF
from pekit_agents.evaluation.recognizers.kit import PeKitRecognizer
from pekit_agents.evaluation.recognizers.lineup import feature_jobs
from pekit_agents.protocols import SearchMode

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.evaluation.bench import Bench
    from pekit_agents.evaluation.draws import Task
    from pekit_agents.evaluation.features.features import Features
    from pekit_agents.evaluation.recognizers.lineup import Job
    from pekit_agents.evaluation.recognizers.recognizer import Recognizer
    from pekit_agents.evaluation.records import Run

__all__ = ["Variation", "ablation"]


@dataclass(frozen=True, slots=True)
class Variation:
    """One choice of settings.

    Attributes:
        profile: A profile's name or TOML file: the extractor, the proposer and the encoder.
        mode: How hard to look.
        threshold: tau, as for :meth:`PeKit.find`; None takes the profile's.
        strictness: As for :meth:`PeKit.find`; None takes the profile's.
    """

    profile: str = "embedded"
    mode: SearchMode = "auto"
    threshold: float | None = None
    strictness: Strictness | None = None

    @property
    def name(self) -> str:
        """What to call it in a report: "embedded, fast, precision"."""
        parts = [self.profile, self.mode]
        parts += [] if self.threshold is None else [f"tau {self.threshold:g}"]
        if self.strictness is not None:
            strict = self.strictness
            parts.append(strict if isinstance(strict, str) else f"strictness {strict:g}")
        return ", ".join(parts)


def ablation(
    bench: Bench, variations: Sequence[Variation], *, refs: int = 3, open_set: bool = True
) -> Run:
    """Measure variations on the same draws.

    Args:
        bench: Where to measure; its own profile, mode and baselines are not.
        variations: What to put side by side.
        refs: References of each thing.
        open_set: Whether each draw is repeated with a random half of the things unknown.

    Raises:
        InvalidInput: There is no variation, too few things have enough photos, or a threshold or
            strictness is not for its profile.
        ProfileError: A profile is unknown or cannot be run here.
    """
    if not variations:
        raise InvalidInput("expected one variation or more, found none")
    dataset = usable(bench.dataset, refs)
    tasks = []
    for seed in bench.seeds:
        tasks.append(draw_task(dataset, refs, seed))
        if open_set:
            half = half_of(dataset, seed, "known")
            tasks.append(draw_task(dataset, refs, seed, known=half, condition=HALF))
    settings = {
        "refs": refs,
        "open_set": open_set,
        "variations": [variation.name for variation in variations],
        "used_things": len(dataset.things),
    }
    return bench.run("ablation", tasks, settings, lineup=_Variations(bench, variations))


class _Variations:
    """A lineup of variations; those of one profile and mode share their features."""

    def __init__(self, bench: Bench, variations: Sequence[Variation]) -> None:
        self._variations = tuple(dict.fromkeys(variations))
        self._features: dict[tuple[str, str], Features] = {}
        for each in self._variations:
            key = (each.profile, each.mode)
            if key not in self._features:
                own = each.profile == bench.profile
                self._features[key] = bench.features_of(
                    each.profile, each.mode, bench.loaded if own else None
                )
            self._recognizer(each)  # refuses what cannot be, before any work

    @property
    def names(self) -> tuple[str, ...]:
        """The variations' names."""
        return tuple(variation.name for variation in self._variations)

    def recognizers(self, seed: int) -> Sequence[Recognizer]:
        """Return a recognizer for each variation."""
        del seed
        return [self._recognizer(variation) for variation in self._variations]

    def jobs(self, tasks: Iterable[Task]) -> list[Job]:
        """Return what makes the features of every profile and mode."""
        tasks = list(tasks)
        return [job for own in self._features.values() for job in feature_jobs(own, tasks)]

    def _recognizer(self, variation: Variation) -> Recognizer:
        features = self._features[variation.profile, variation.mode]
        return PeKitRecognizer(
            features,
            name=variation.name,
            threshold=variation.threshold,
            strictness=variation.strictness,
        )
