"""Cross-validation over things: what a discriminant does with things that it has not seen."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.calibration.fitting import (
    DIMENSIONS,
    INDISTINCT,
    Samples,
    Trials,
    fit_discriminant,
    fit_priors,
    fit_scale,
    uncalibrated,
)
from pekit_agents.embedding.pooling import mean_direction
from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.calibrating.seeing import looks_at
from pekit_agents.retrieval.matching import CROWD
from pekit_agents.scoring import COSINE, Discriminant, Grouped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.evaluation.calibrating.seeing import Seen
    from pekit_agents.protocols import Encoder
    from pekit_agents.scoring import Identities, Scorer
    from pekit_agents.types import FloatArray

__all__ = ["REFS", "ROUNDS", "Answers", "Crossed", "cross_validate", "fit_all", "held_out"]

#: How often things are held out: each of seven of a kind meets each other.
ROUNDS = 24
#: References of a thing in the trials, as far as it has so many.
REFS = (1, 3)
_DRAWS = 4
_SEED = 0
_NOTHING = -1e3  # the score of a photo without regions


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What photos score against things that are remembered alone.

    Attributes:
        refs: (S,) int64: references of the remembered thing.
        kinds: (S,) int64: the kind of the remembered thing.
        things: (S, 2) int64: the remembered thing, and the one in the photo.
        trials: Their scores, whether both are the same, and how much each counts: own photos and
            photos of other things count alike in all, and so does every kind.
    """

    refs: NDArray[np.int64]
    kinds: NDArray[np.int64]
    things: NDArray[np.int64]
    trials: Trials


@dataclass(frozen=True, slots=True, eq=False)
class Crossed:
    """What cross-validation found.

    Attributes:
        slope: Of the log-odds.
        offset: The same.
        rates: Shares of photos of other things that are named.
        priors: The prior log-odds that lead to each.
        answers: Of the discriminant, with slope and offset, each thing judged by one that has not
            seen it.
        by_cosine: The same trials with the cosine to the most similar view.
    """

    slope: float
    offset: float
    rates: FloatArray
    priors: FloatArray
    answers: Answers
    by_cosine: Answers


def held_out(kinds: Mapping[int, int]) -> list[NDArray[np.int64]]:
    """Return the things of each round: a third of those of a kind, two at least, by turns.

    Things that were seldom held out together come first, so that each meets each other of its
    kind. In a round as many kinds take part as leave two thirds of all things to fit to. Things
    without another of their kind can be taken for nothing, so they always stay.

    Args:
        kinds: The kind of each thing.
    """
    rng = np.random.default_rng(_SEED)
    together: Counter[tuple[int, int]] = Counter()

    def next_of(things: Sequence[int], some: Sequence[int]) -> int:
        left: list[int] = rng.permutation([each for each in things if each not in some]).tolist()
        return min(left, key=lambda thing: sum(together[thing, each] for each in some or [thing]))

    rounds = []
    for _ in range(ROUNDS):
        out: list[int] = []
        left = [thing for thing in kinds if list(kinds.values()).count(kinds[thing]) > 1]
        while left:
            first = next_of(left, [])
            alike = [thing for thing in left if kinds[thing] == kinds[first]]
            left = [thing for thing in left if thing not in alike]
            some = [first]
            while len(some) < max(2, len(alike) // 3):
                some.append(next_of(alike, some))
            if not out or len(out) + len(some) <= len(kinds) / 3:
                out += some
        together.update(product(out, out))
        rounds.append(np.array(sorted(out), np.int64))
    return rounds


def cross_validate(
    seen: Sequence[Seen],
    kinds: Mapping[int, int],
    background: FloatArray,
    encoder: Encoder,
    *,
    named: float,
    dimensions: int = DIMENSIONS,
    chosen: Callable[[NDArray[np.int64]], NDArray[np.int64]] = lambda others: others,
    progress: Callable[[int, int], None],
) -> Crossed:
    """Fit and measure by cross-validation.

    Args:
        seen: What is seen of things in photos.
        kinds: The kind of each thing. Photos of *other things of its kind* are what is hard.
        background: (M, D) float32 unit vectors of anything else.
        encoder: Normalises.
        named: As in :class:`~pekit_agents.settings.MatchSettings`.
        dimensions: d, at most.
        chosen: Gives those to fit to, of the things that are not held out in a round: all. What
            fewer of them find says whether more would help.
        progress: Called after each step.

    Raises:
        InvalidInput: There are too few things or looks, or nothing tells the things apart.
    """
    looks = looks_at(seen, encoder)
    rounds, everything = held_out(kinds), np.unique(looks.things)
    photos = _photos(seen, encoder)
    made: list[Discriminant] = []
    for done, out in enumerate(rounds, start=1):
        others = chosen(np.setdiff1d(everything, out))
        made.append(fit_discriminant(looks.of(others), background, dimensions=dimensions))
        progress(done, len(rounds) * 4)

    def tried(step: int, scorers: Sequence[Scorer]) -> Answers:
        found = _answers(photos, kinds, rounds, scorers)
        progress(len(rounds) + step * len(rounds), len(rounds) * 4)
        return found

    slope = fit_scale(tried(1, [uncalibrated(each) for each in made]).trials)
    if not slope > 0:
        raise InvalidInput(INDISTINCT)
    scaled = [replace(each, slope=slope) for each in made]
    offset = fit_scale(tried(2, scaled).trials, slope=1.0)
    answers = tried(3, [replace(each, offset=offset) for each in scaled])
    rates, priors = fit_priors(answers.trials, named)
    by_cosine = _answers(photos, kinds, rounds, [COSINE] * len(rounds))
    return Crossed(slope, offset, rates, priors, answers, by_cosine)


def fit_all(
    looks: Samples, background: FloatArray, crossed: Crossed, *, dimensions: int = DIMENSIONS
) -> Discriminant:
    """Return the discriminant of all things, with what cross-validation found."""
    return replace(
        fit_discriminant(looks, background, dimensions=dimensions),
        slope=crossed.slope,
        offset=crossed.offset,
        rates=crossed.rates,
        priors=crossed.priors,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Photo:
    thing: int
    view: FloatArray | None
    regions: FloatArray
    places: int


def _photos(seen: Sequence[Seen], encoder: Encoder) -> list[_Photo]:
    return [
        _Photo(
            each.thing,
            None if each.view is None else mean_direction(each.view, encoder),
            encoder.normalize(each.regions) if len(each.regions) else each.regions,
            each.places,
        )
        for each in seen
    ]


def _answers(
    photos: Sequence[_Photo],
    kinds: Mapping[int, int],
    rounds: Sequence[NDArray[np.int64]],
    scorers: Sequence[Scorer],
) -> Answers:
    """Return what photos score against each thing alone: its own, and those of others of its kind.

    Both are held out in the round, whose scorer has not seen them.
    """
    rows: list[tuple[int, int, int, int, float]] = []
    for number, (out, scorer) in enumerate(zip(rounds, scorers, strict=True)):
        inside = [photo for photo in photos if photo.thing in out]
        for thing in out.tolist():
            searched = [p for p in inside if kinds[p.thing] == kinds[thing]]
            rng = np.random.default_rng([_SEED, thing, number])
            for refs in REFS:
                for _ in range(_DRAWS):
                    for shown, score in _trial(thing, searched, refs, scorer, rng):
                        rows.append((refs, kinds[thing], thing, shown, score))
    table = np.array(rows, np.float64).reshape(-1, 5)
    refs_, kind, remembered, shown_, scores = table.T
    same = remembered == shown_
    return Answers(
        refs_.astype(np.int64),
        kind.astype(np.int64),
        np.stack([remembered, shown_], axis=1).astype(np.int64),
        Trials(scores, same, _balanced(kind, same)),
    )


def _trial(
    thing: int,
    photos: Sequence[_Photo],
    refs: int,
    scorer: Scorer,
    rng: np.random.Generator,
) -> list[tuple[int, float]]:
    """Return what each photo shows and scores against a thing with so many references."""
    own = [p for p in photos if p.thing == thing and p.view is not None]
    if len(own) < 2:
        return []
    chosen = rng.permutation(len(own))[: min(refs, len(own) - 1)]
    views = np.stack([v for i in chosen if (v := own[i].view) is not None])
    none = Grouped(views[:0], np.zeros(2, np.int64))
    identity = scorer.identities(Grouped.of([views], views.shape[1]), none)
    used = {id(own[i]) for i in chosen}
    return [
        (p.thing, _score(p, identity, crowd=0.0 if scorer is COSINE else CROWD))
        for p in photos
        if id(p) not in used
    ]


def _score(photo: _Photo, identity: Identities, *, crowd: float) -> float:
    """Return what the best region of a photo scores, as one of so many places."""
    if not len(photo.regions):
        return _NOTHING
    best = float(identity.scores(photo.regions).max())
    return best - crowd * math.log(max(photo.places, 1))


def _balanced(kinds: NDArray[np.float64], same: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return weights with which both classes of every kind that has both count 1 each."""
    weights = np.zeros(len(kinds))
    for kind in np.unique(kinds):
        both = [(kinds == kind) & (same == yes) for yes in (True, False)]
        if all(some.any() for some in both):
            for some in both:
                weights[some] = 1 / some.sum()
    return weights
