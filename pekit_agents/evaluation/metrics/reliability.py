"""Whether probabilities are right: of the answers said to be 80 % likely, are 80 % right?

Photos of remembered things and photos of others count the same in all, since that is what a
probability without a prior supposes (MatchSettings.prior of 0). Each photo gives its strongest
answer, named or possible; a photo about which nothing is said gives none, and counts all the same
towards the number of photos of its class.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.metrics.bootstrap import estimate
from pekit_agents.evaluation.metrics.judging import (
    owners,
    strongest,
    with_known,
    without_known,
)
from pekit_agents.evaluation.metrics.recognition import Tally, pooled
from pekit_agents.evaluation.records import Draw, Trial

__all__ = ["Bin", "Reliability", "reliability"]

_ENOUGH = 20  # photos, for a bin's deviation to say something


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of about one probability.

    Attributes:
        low: The least probability, inclusive.
        high: The highest, exclusive; inclusive in the last bin.
        probability: The weighted mean of what was said.
        right: The weighted share of the answers that are right.
        interval: 95 % bootstrap interval of it over things; None with fewer than three.
        weight: Of the answers, as a share of that of all answers.
        count: How many answers there are.
    """

    low: float
    high: float
    probability: float
    right: float
    interval: tuple[float, float] | None
    weight: float
    count: int

    @property
    def deviation(self) -> float:
        """By how much more is right than was said; negative where less is."""
        return self.right - self.probability


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far probabilities are from the shares that are right.

    Attributes:
        bins: Those with answers, by probability.
        error: The expected calibration error: the mean of the bins' absolute deviations, by weight.
        largest: The deviation, with its sign, that is largest among the bins with enough answers;
            None where no bin has enough.
        answers: How many photos gave an answer.
        photos: How many there are.
    """

    bins: tuple[Bin, ...]
    error: float
    largest: float | None
    answers: int
    photos: int


@dataclass(frozen=True, slots=True)
class _Answer:
    draw: Draw
    trial: Trial
    probability: float
    right: bool
    weight: float


def reliability(
    draws: Sequence[Draw], *, bins: int = 10, enough: int = _ENOUGH, seed: int = 0
) -> Reliability | None:
    """Return the reliability of the strongest answers about photos.

    Args:
        draws: Of one recognizer.
        bins: How many bins of equal width to make.
        enough: How many answers a bin needs for its deviation to be told as the largest.
        seed: Of the bootstrap.

    Returns:
        None where a recognizer knows no probabilities, says nothing, or was shown photos of one
        class only.

    Raises:
        InvalidInput: ``bins`` is below 1.
    """
    if bins < 1:
        raise InvalidInput(f"expected 1 bin or more, found {bins}; 10 is usual")
    answers = list(_answers(draws))
    if not answers:
        return None
    total = math.fsum(answer.weight for answer in answers)
    filled: dict[int, list[_Answer]] = {}
    for answer in answers:
        filled.setdefault(min(int(answer.probability * bins), bins - 1), []).append(answer)
    made = tuple(
        _bin(filled[place], (place / bins, (place + 1) / bins), total, seed)
        for place in sorted(filled)
    )
    telling = [each.deviation for each in made if each.count >= enough]
    return Reliability(
        bins=made,
        error=math.fsum(each.weight * abs(each.deviation) for each in made),
        largest=max(telling, key=abs, default=None),
        answers=len(answers),
        photos=sum(len(with_known(draw)) + len(without_known(draw)) for draw in draws),
    )


def _answers(draws: Sequence[Draw]) -> Iterator[_Answer]:
    """Yield the strongest answers; the photos of each class weigh one half in all."""
    classes: tuple[Callable[[Draw], list[Trial]], ...] = (with_known, without_known)
    sizes = [sum(len(photos(draw)) for draw in draws) for photos in classes]
    if not all(sizes):
        return
    for photos, size in zip(classes, sizes, strict=True):
        for draw in draws:
            for trial in photos(draw):
                said = strongest(trial)
                if said is not None and said.probability is not None:
                    right = said.name in trial.shows
                    yield _Answer(draw, trial, said.probability, right, 0.5 / size)


def _bin(answers: Sequence[_Answer], edges: tuple[float, float], total: float, seed: int) -> Bin:
    weight = math.fsum(answer.weight for answer in answers)
    said = math.fsum(answer.weight * answer.probability for answer in answers)
    share = estimate([_share(answers)], seed=seed)
    return Bin(
        *edges,
        probability=said / weight,
        right=share.mean or 0.0,
        interval=share.interval,
        weight=weight / total,
        count=len(answers),
    )


def _share(answers: Sequence[_Answer]) -> Tally:
    """Return the weighted share of right answers, kept apart by thing."""
    tallies = []
    for answer in answers:
        names = owners(answer.trial, answer.draw.known)
        each = answer.weight / len(names)
        tallies.append(Tally(dict.fromkeys(names, (each * answer.right, each))))
    return pooled([answer.draw for answer in answers], tallies)
