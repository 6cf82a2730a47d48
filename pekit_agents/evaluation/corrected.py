"""What corrections changed: the same photos before and after, from the answers of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pekit_agents.evaluation.metrics import recognition
from pekit_agents.evaluation.metrics.bootstrap import Difference, Estimate, difference, estimate
from pekit_agents.evaluation.metrics.recognition import Tally
from pekit_agents.evaluation.protocols.corrections import AFTER, BEFORE, OTHERS, TOLD
from pekit_agents.evaluation.records import Draw, Run, Trial

__all__ = ["Effect", "effects"]


@dataclass(frozen=True, slots=True)
class Effect:
    """One measure before and after corrections.

    Attributes:
        title: What it is.
        before: Without corrections.
        after: With them.
        change: After minus before, paired by thing.
    """

    title: str
    before: Estimate
    after: Estimate
    change: Difference


def effects(run: Run, *, seed: int = 0) -> tuple[Effect, ...]:
    """Return what corrections changed in a run of the corrections protocol.

    Args:
        run: What was measured.
        seed: Of the bootstrap.
    """
    draws = {(draw.recognizer, draw.condition, draw.seed): draw for draw in run.draws}
    seeds = sorted({draw.seed for draw in run.draws})
    told = [draws[BEFORE, TOLD, s] for s in seeds]
    before, after = ([draws[who, OTHERS, s] for s in seeds] for who in (BEFORE, AFTER))

    def repeated(side: Sequence[Draw]) -> list[Tally]:
        return [_repeated(draw, first) for draw, first in zip(side, told, strict=True)]

    def each(tally: Callable[[Draw], Tally]) -> Callable[[Sequence[Draw]], list[Tally]]:
        return lambda side: [tally(draw) for draw in side]

    rows: dict[str, Callable[[Sequence[Draw]], list[Tally]]] = {
        "a rejected look-alike is named again in another photo": repeated,
        "photos of unknown things with a false alarm": each(recognition.alarm_share),
        "recall of known things": each(recognition.recall),
    }
    return tuple(
        Effect(
            title,
            estimate(tallies(before), seed=seed),
            estimate(tallies(after), seed=seed),
            difference(tallies(before), tallies(after), seed=seed),
        )
        for title, tallies in rows.items()
    )


def _repeated(draw: Draw, told: Draw) -> Tally:
    """Return how often a thing is named again by a name that was rejected in a photo of it.

    Only things that were named wrongly in a photo to correct count, with all their other photos.
    What may be one of two is named by both.
    """
    wrong = {
        (thing, name) for trial in told.trials for thing in trial.shows for name in _said(trial)
    }
    parts: dict[str, tuple[float, float]] = {}
    for trial in draw.trials:
        names = _said(trial)
        for thing, name in wrong:
            if thing in trial.shows:
                again, all_of_them = parts.get(thing, (0.0, 0.0))
                parts[thing] = again + (name in names), all_of_them + 1
    return Tally(parts)


def _said(trial: Trial) -> set[str]:
    return {name for named in trial.named for name in (named.name, *named.alternatives)}
