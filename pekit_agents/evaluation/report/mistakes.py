"""The mistakes of one configuration, the worst first."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pekit_agents.evaluation.metrics.judging import (
    accepted,
    missed_things,
    with_known,
    without_known,
    wrong_names,
)
from pekit_agents.evaluation.records import Draw, Trial

__all__ = ["KINDS", "Kind", "Mistake", "confusions", "count_mistakes", "worst_mistakes"]

Kind: TypeAlias = Literal["missed", "wrong name", "false alarm"]
#: A known thing that is not named; a wrong name in a photo of a known thing; any name in a photo
#: of none.
KINDS: tuple[Kind, ...] = ("missed", "wrong name", "false alarm")


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake about one thing in one photo, over all draws.

    Attributes:
        kind: Of :data:`KINDS`.
        thing: What was missed or named wrongly.
        score: Its score in the worst draw: the lowest of a missed thing, the highest of a wrong
            name; None where it had none.
        times: In how many draws it happened.
        chances: In how many it could have.
        trial: The answer in the worst draw.
        references: The photos that the thing was remembered from in that draw.
    """

    kind: Kind
    thing: str
    score: float | None
    times: int
    chances: int
    trial: Trial
    references: tuple[str, ...] = ()


def worst_mistakes(draws: Sequence[Draw], kind: Kind) -> list[Mistake]:
    """Return the mistakes of one kind, one for each photo, the worst first.

    Worst is what happens in the most draws, and of these what the scores were surest of.
    """
    chances = Counter(trial.photo for draw in draws for trial in _eligible(draw, kind))
    shown = Counter(
        (trial.photo, name)
        for draw in draws
        for trial in draw.trials
        for name in _known(trial, draw)
    )
    gathered: dict[tuple[str, str], list[tuple[Trial, Draw]]] = defaultdict(list)
    for trial, thing, draw in _happened(draws, kind):
        gathered[trial.photo, thing].append((trial, draw))
    found = []
    for (photo, thing), answers in gathered.items():
        worst, draw = max(answers, key=lambda answer: _badness(answer[0], thing, kind))
        found.append(
            Mistake(
                kind,
                thing,
                _score(worst, thing),
                times=len(answers),
                chances=shown[photo, thing] if kind == "missed" else chances[photo],
                trial=worst,
                references=draw.references.get(thing, ()),
            )
        )
    worst_of_photo: dict[str, Mistake] = {}
    for mistake in sorted(found, key=_order):
        worst_of_photo.setdefault(mistake.trial.photo, mistake)
    return list(worst_of_photo.values())


def count_mistakes(draws: Sequence[Draw]) -> dict[Kind, int]:
    """Return how many mistakes of each kind there are, over all draws."""
    return {kind: sum(1 for _ in _happened(draws, kind)) for kind in KINDS}


def confusions(draws: Sequence[Draw], *, of_known: bool = False) -> list[tuple[str, str, int]]:
    """Return (thing in the photo, wrong name given, how often), the most frequent first.

    Args:
        draws: All are counted together, and of each the photos that show one thing only.
        of_known: Whether to count photos of things only while these were known.
    """
    pairs = Counter(
        (trial.shows[0], name)
        for draw in draws
        for trial in draw.trials
        if len(trial.shows) == 1 and not (of_known and trial.shows[0] not in draw.known)
        for name in wrong_names(trial)
    )
    return sorted(((*pair, times) for pair, times in pairs.items()), key=lambda r: (-r[2], r))


def _eligible(draw: Draw, kind: Kind) -> list[Trial]:
    return without_known(draw) if kind == "false alarm" else with_known(draw)


def _known(trial: Trial, draw: Draw) -> Iterable[str]:
    return (name for name in trial.shows if name in draw.known)


def _happened(draws: Sequence[Draw], kind: Kind) -> Iterator[tuple[Trial, str, Draw]]:
    for draw in draws:
        for trial in _eligible(draw, kind):
            names = missed_things(trial, draw.known) if kind == "missed" else wrong_names(trial)
            for name in names:
                yield trial, name, draw


def _score(trial: Trial, thing: str) -> float | None:
    said = [named.score for named in accepted(trial) if named.name == thing]
    return max(said) if said else trial.scores.get(thing)


def _badness(trial: Trial, thing: str, kind: Kind) -> float:
    score = _score(trial, thing)
    if kind == "missed":
        return math.inf if score is None else -score
    return -math.inf if score is None else score


def _order(mistake: Mistake) -> tuple[int, int, float, str, str]:
    spared = mistake.chances - mistake.times
    badness = _badness(mistake.trial, mistake.thing, mistake.kind)
    return (-mistake.times, spared, -badness, mistake.trial.photo, mistake.thing)
