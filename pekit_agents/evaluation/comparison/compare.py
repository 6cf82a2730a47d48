"""Two runs side by side: paired differences, and the photos that got better or worse.

Only runs that asked the same are compared: the same data set, protocol, draws of references and
photos. Then every difference is paired: each resample of things serves both sides, so what is
hard about a thing for both cancels out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.comparison.comparability import require_same, require_same_draws
from pekit_agents.evaluation.metrics.bootstrap import Difference
from pekit_agents.evaluation.metrics.judging import accepted, missed_things, wrong_names
from pekit_agents.evaluation.metrics.measures import MEASURES
from pekit_agents.evaluation.metrics.summary import Summary, measure_difference, summarise
from pekit_agents.evaluation.records import Draw, Run, Trial

__all__ = ["Comparison", "Pairing", "PhotoChange", "compare"]

_Variant: TypeAlias = tuple[str, str]  # recognizer and condition
_Answers: TypeAlias = tuple[Trial, Trial, tuple[int, int]]  # both sides', and their mistakes


@dataclass(frozen=True, slots=True)
class PhotoChange:
    """A photo about which the two sides made a different number of mistakes.

    Attributes:
        photo: The file, relative to the data set's folder.
        shows: The things in it.
        before: Mistakes of the first side per draw: known things missed and wrong names given.
        after: The same of the second.
        named_before: What the first side named, in the first draw in which they differ.
        named_after: What the second named in that draw.
    """

    photo: str
    shows: tuple[str, ...]
    before: float
    after: float
    named_before: tuple[str, ...]
    named_after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pairing:
    """One configuration of the first run and its counterpart in the second.

    Attributes:
        first: Of the first run.
        second: Of the second.
        differences: Second minus first, by the key of each headline measure.
        photos: The photos that changed, what got worse most first and what got better most
            last.
    """

    first: Summary
    second: Summary
    differences: Mapping[str, Difference]
    photos: tuple[PhotoChange, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs side by side.

    Attributes:
        names: What to call them.
        dataset: The data set of both.
        protocol: The protocol of both.
        pairings: What was compared.
        unpaired: Configurations that only one of the runs has, in words.
    """

    names: tuple[str, str]
    dataset: str
    protocol: str
    pairings: tuple[Pairing, ...]
    unpaired: tuple[str, ...]


def compare(
    a: Run,
    b: Run,
    *,
    names: tuple[str, str] = ("A", "B"),
    recognizers: tuple[str, str] | None = None,
) -> Comparison:
    """Compare two runs on the same photos and references.

    Configurations of the same recognizer and condition are compared. Where the runs share none
    and have one each, these two are. With ``recognizers``, ``a`` and ``b`` may be the same run.

    Args:
        a: The first run.
        b: The second; differences are b minus a.
        names: What to call them.
        recognizers: Compare this recognizer of ``a`` with that of ``b``.

    Raises:
        InvalidInput: The runs did not ask the same; the message says what differs.
    """
    require_same("data set", a.dataset, b.dataset)
    require_same("protocol", a.protocol, b.protocol)
    sides = _variants(a), _variants(b)
    pairs = _pair(*sides, recognizers)
    pairings: list[Pairing] = []
    for one, other in pairs:
        first, second = sides[0][one], sides[1][other]
        require_same_draws(first, second)
        pairings += map(_pairing, *map(_by_refs, (first, second)))
    taken = [{pair[side] for pair in pairs} for side in (0, 1)]
    unpaired = tuple(
        f"{_words(variant)} ({name})"
        for name, side, used in zip(names, sides, taken, strict=True)
        for variant in side
        if recognizers is None and variant not in used
    )
    return Comparison(names, a.dataset, a.protocol, tuple(pairings), unpaired)


def _variants(run: Run) -> dict[_Variant, list[Draw]]:
    found: dict[_Variant, list[Draw]] = defaultdict(list)
    for draw in run.draws:
        found[draw.recognizer, draw.condition].append(draw)
    return dict(found)


def _pair(
    a: Mapping[_Variant, object],
    b: Mapping[_Variant, object],
    recognizers: tuple[str, str] | None,
) -> list[tuple[_Variant, _Variant]]:
    if recognizers is not None:
        pairs = [
            (one, other)
            for one in a
            for other in b
            if (one[0], other[0]) == recognizers and one[1] == other[1]
        ]
    else:
        pairs = [(variant, variant) for variant in a if variant in b]
        if not pairs and len(a) == len(b) == 1:
            pairs = [(next(iter(a)), next(iter(b)))]
    if not pairs:
        require_same("recognizers and conditions", *(_listed(side) for side in (a, b)))
        raise InvalidInput(
            f"these runs cannot be compared: expected recognizers {recognizers} in the same "
            f"condition, got {_listed(a)} and {_listed(b)}; name one of each run."
        )
    return pairs


def _by_refs(draws: Sequence[Draw]) -> list[Summary]:
    return sorted(summarise(draws), key=lambda one: one.configuration)


def _words(variant: _Variant) -> str:
    return ", ".join(part for part in variant if part)


def _listed(variants: Iterable[_Variant]) -> str:
    return "; ".join(map(_words, variants))


def _pairing(first: Summary, second: Summary) -> Pairing:
    differences = {key: measure_difference(key, first, second) for key in MEASURES}
    return Pairing(first, second, differences, tuple(_changes(first.draws, second.draws)))


def _changes(a: Sequence[Draw], b: Sequence[Draw]) -> list[PhotoChange]:
    answers: dict[str, list[_Answers]] = defaultdict(list)
    for first, second in zip(a, b, strict=True):  # both by seed
        theirs = {trial.photo: trial for trial in second.trials}
        for trial in first.trials:
            other = theirs[trial.photo]
            counts = _mistakes(trial, first.known), _mistakes(other, first.known)
            answers[trial.photo].append((trial, other, counts))
    changes = []
    for photo, pairs in answers.items():
        before = sum(counts[0] for _, _, counts in pairs) / len(pairs)
        after = sum(counts[1] for _, _, counts in pairs) / len(pairs)
        if before != after:
            one, other, _ = next(pair for pair in pairs if pair[2][0] != pair[2][1])
            changes.append(PhotoChange(photo, one.shows, before, after, _names(one), _names(other)))
    return sorted(changes, key=lambda change: (change.before - change.after, change.photo))


def _mistakes(trial: Trial, known: Sequence[str]) -> int:
    return len(missed_things(trial, known)) + len(wrong_names(trial))


def _names(trial: Trial) -> tuple[str, ...]:
    return tuple(dict.fromkeys(named.name for named in accepted(trial)))
