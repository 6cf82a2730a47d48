"""The draws of a run gathered by configuration, with every headline measure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pekit_agents.evaluation.metrics.bootstrap import Difference, Estimate, difference, estimate
from pekit_agents.evaluation.metrics.judging import knows_probabilities
from pekit_agents.evaluation.metrics.measures import MEASURES, Measure
from pekit_agents.evaluation.metrics.recognition import Tally, pooled
from pekit_agents.evaluation.records import Draw

__all__ = ["Configuration", "Summary", "measure_difference", "summarise"]


@dataclass(frozen=True, slots=True, order=True)
class Configuration:
    """What the draws of one row have in common.

    Attributes:
        recognizer: Its name.
        refs: References of each thing.
        condition: What else was varied; may be empty.
    """

    recognizer: str
    refs: int
    condition: str = ""

    @property
    def label(self) -> str:
        """The configuration in words: "pekit, 3 references, tau=0.3"."""
        plural = "" if self.refs == 1 else "s"
        parts = (self.recognizer, f"{self.refs} reference{plural}", self.condition)
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Summary:
    """One configuration and what was measured of it.

    Attributes:
        configuration: Which.
        draws: Its draws, by seed and by what is known.
        estimates: Each headline measure by its key.
        seconds: Median wall time of an answer that came from no cache; None if all did.
    """

    configuration: Configuration
    draws: tuple[Draw, ...]
    estimates: Mapping[str, Estimate]
    seconds: float | None

    @property
    def things(self) -> int:
        """How many things it knew, at most in one draw."""
        return max(len(draw.known) for draw in self.draws)


def summarise(draws: Iterable[Draw], *, seed: int = 0) -> tuple[Summary, ...]:
    """Gather draws by configuration, in the order of first appearance.

    Args:
        draws: Of one run.
        seed: Of the bootstrap.
    """
    gathered: dict[Configuration, list[Draw]] = {}
    for draw in draws:
        key = Configuration(draw.recognizer, draw.refs, draw.condition)
        gathered.setdefault(key, []).append(draw)
    return tuple(
        _summary(key, sorted(group, key=lambda draw: (draw.seed, draw.known)), seed)
        for key, group in gathered.items()
    )


def measure_difference(key: str, first: Summary, second: Summary, *, seed: int = 0) -> Difference:
    """Return second minus first in one headline measure, paired by thing.

    Args:
        key: Of :data:`~pekit_agents.evaluation.metrics.measures.MEASURES`.
        first: A configuration.
        second: Another, measured on the same things.
        seed: Of the bootstrap.
    """
    before, after = (_tallies(MEASURES[key], side.draws) for side in (first, second))
    return difference(before, after, seed=seed)


def _tallies(measure: Measure, draws: Sequence[Draw]) -> list[Tally]:
    """Return a tally for each seed; draws of one seed remember different things."""
    if measure.of_probabilities and not all(map(knows_probabilities, draws)):
        return []
    by_seed: dict[int, list[Draw]] = {}
    for draw in draws:
        by_seed.setdefault(draw.seed, []).append(draw)
    return [
        measure.tally(same[0]) if len(same) == 1 else pooled(same, map(measure.tally, same))
        for same in by_seed.values()
    ]


def _summary(configuration: Configuration, draws: list[Draw], seed: int) -> Summary:
    estimates = {
        key: estimate(_tallies(measure, draws), seed=seed) for key, measure in MEASURES.items()
    }
    times = [t.seconds for draw in draws for t in draw.trials if t.seconds is not None]
    seconds = statistics.median(times) if times else None
    return Summary(configuration, tuple(draws), estimates, seconds)
