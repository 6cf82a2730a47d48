"""The measures of recognition, from the answers alone (paper 4, "Evaluation Metrics").

For each known thing p, over all photos judged for it, with a photo that shows p a positive and
any other a negative::

    recall_p      = positives in which p is accepted / positives       "positive accuracy"
    specificity_p = negatives in which it is not / negatives           "negative accuracy"
    precision_p   = positives in which p is accepted / photos in which it is
    weighted_p    = (recall_p + specificity_p) / 2

and each is averaged over the things. What these hide is measured too: which name is the surest,
wrong names, and what happens in photos without any known thing.

Every measure is a ratio of two sums that is kept apart by thing (:class:`Tally`), so that
intervals can resample whole things. A ratio of nothing is None and enters no average; how many
things that left out is said.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pekit_agents.evaluation.metrics.judging import (
    accepted,
    ambiguous,
    is_judged,
    judged,
    nearest_is_right,
    owners,
    with_known,
    without_known,
    wrong_names,
)
from pekit_agents.evaluation.metrics.judging import named_or_possible as said_in
from pekit_agents.evaluation.records import Draw, Trial

__all__ = [
    "Counts",
    "Part",
    "Tally",
    "alarm_share",
    "ambiguous_right",
    "ambiguous_share",
    "count",
    "false_alarms",
    "group_accuracy",
    "group_average",
    "likeliest",
    "named_or_possible",
    "nearest",
    "pooled",
    "precision",
    "recall",
    "specificity",
    "tally_photos",
    "top1",
    "weighted",
    "wrong_identities",
    "wrong_share",
]


#: A thing, or the thing that is remembered alone and the one that was searched.
Part: TypeAlias = str | tuple[str, str]


@dataclass(frozen=True, slots=True)
class Tally:
    """A ratio of two sums, kept apart by what each part of them is about.

    Attributes:
        parts: (numerator, denominator) of each thing; a photo without any thing stands for
            itself. For an average over things a part is (the thing's ratio, 1). What is about
            two things at once is a part of both.
        left_out: How many things have no ratio of their own, so that the average is without
            them.
    """

    parts: Mapping[str, tuple[float, float]] | Mapping[Part, tuple[float, float]]
    left_out: int = 0

    @property
    def value(self) -> float | None:
        """Sum of the numerators / sum of the denominators; None when nothing was counted."""
        above = math.fsum(numerator for numerator, _ in self.parts.values())
        below = math.fsum(denominator for _, denominator in self.parts.values())
        return above / below if below else None


@dataclass(frozen=True, slots=True)
class Counts:
    """Photos, as one known thing divides them.

    Attributes:
        found: Photos that show it and in which it was accepted (true positives).
        missed: Photos that show it and in which it was not (false negatives).
        wrong: Photos that do not show it and in which it was accepted (false positives).
        left_alone: Photos that do not show it and in which it was not (true negatives).
    """

    found: int = 0
    missed: int = 0
    wrong: int = 0
    left_alone: int = 0

    @property
    def recall(self) -> float | None:
        """Found / (found + missed); None when no photo shows the thing."""
        return _ratio(self.found, self.found + self.missed)

    @property
    def specificity(self) -> float | None:
        """left_alone / (left_alone + wrong); None when every photo shows the thing."""
        return _ratio(self.left_alone, self.left_alone + self.wrong)

    @property
    def precision(self) -> float | None:
        """Found / (found + wrong); None when the thing was never accepted."""
        return _ratio(self.found, self.found + self.wrong)

    @property
    def weighted(self) -> float | None:
        """(recall + specificity) / 2; None when either is."""
        if self.recall is None or self.specificity is None:
            return None
        return (self.recall + self.specificity) / 2


def count(trials: Iterable[Trial], things: Iterable[str]) -> dict[str, Counts]:
    """Sort the photos that are judged for each thing into the four cells of its table.

    Args:
        trials: The answers.
        things: The known things.
    """
    names = [(trial, {named.name for named in accepted(trial)}) for trial in trials]
    return {thing: _count(names, thing) for thing in things}


def _count(names: Iterable[tuple[Trial, set[str]]], thing: str) -> Counts:
    found = missed = wrong = left_alone = 0
    for trial, said in names:
        if not is_judged(trial, thing):
            continue
        if thing in trial.shows:
            found, missed = found + (thing in said), missed + (thing not in said)
        else:
            wrong, left_alone = wrong + (thing in said), left_alone + (thing not in said)
    return Counts(found, missed, wrong, left_alone)


def recall(draw: Draw) -> Tally:
    """Average over the known things of the share of their photos in which they are accepted."""
    counts = count(draw.trials, draw.known)
    return _average({thing: one.recall for thing, one in counts.items()})


def specificity(draw: Draw) -> Tally:
    """Average over the known things of the share of all other photos that leave them alone."""
    counts = count(draw.trials, draw.known)
    return _average({thing: one.specificity for thing, one in counts.items()})


def precision(draw: Draw) -> Tally:
    """Average over the known things of the share of their acceptances that are right."""
    counts = count(draw.trials, draw.known)
    return _average({thing: one.precision for thing, one in counts.items()})


def weighted(draw: Draw) -> Tally:
    """Average over the known things of (recall + specificity) / 2."""
    counts = count(draw.trials, draw.known)
    return _average({thing: one.weighted for thing, one in counts.items()})


def group_accuracy(draw: Draw, group: str) -> Tally:
    """Return the accuracy in one part of a data set, as the paper's Table 2 does.

    Over the photos of the group: the average over the known things of their recall where any of
    its photos shows a known thing ("positive"), else of their specificity ("negative", "fake").
    """
    trials = [trial for trial in draw.trials if trial.group == group]
    positive = any(name in draw.known for trial in trials for name in trial.shows)
    counts = count(trials, draw.known)
    return _average(
        {thing: one.recall if positive else one.specificity for thing, one in counts.items()}
    )


def group_average(draw: Draw) -> float | None:
    """Return the mean of the groups' accuracies, the column "Avg" of the paper's Table 2.

    None without groups, or where a group has no accuracy.
    """
    groups = sorted({trial.group for trial in draw.trials if trial.group})
    values = [group_accuracy(draw, group).value for group in groups]
    defined = [value for value in values if value is not None]
    return math.fsum(defined) / len(defined) if defined and len(defined) == len(values) else None


def top1(draw: Draw) -> Tally:
    """Share of the photos of known things whose surest accepted name is right.

    A photo in which nothing is accepted is not right.
    """
    return tally_photos(
        (trial, float(bool(said := accepted(trial)) and said[0].name in trial.shows), draw)
        for trial in with_known(draw)
    )


def likeliest(draw: Draw) -> Tally:
    """Share of the photos of known things whose first name, certain or not, is right.

    Of what could not be decided the first name is the likeliest.
    """
    return tally_photos(
        (trial, float(bool(said := judged(trial)) and said[0].name in trial.shows), draw)
        for trial in with_known(draw)
    )


def nearest(draw: Draw) -> Tally:
    """Share of the photos of known things whose best-scored thing is right, accepted or not.

    The most that any threshold could reach. Photos without scores are left out.
    """
    return tally_photos(
        (trial, float(nearest_is_right(trial, draw.known)), draw)
        for trial in with_known(draw)
        if trial.scores
    )


def wrong_identities(draw: Draw) -> Tally:
    """Wrong names stated as certain, per photo that shows a known thing."""
    return tally_photos((trial, float(len(wrong_names(trial))), draw) for trial in with_known(draw))


def wrong_share(draw: Draw) -> Tally:
    """Share of the photos of known things in which a wrong name is stated as certain."""
    return tally_photos(
        (trial, float(bool(wrong_names(trial))), draw) for trial in with_known(draw)
    )


def false_alarms(draw: Draw) -> Tally:
    """Names stated as certain, per photo that shows none of the known things."""
    return tally_photos(
        (trial, float(len(wrong_names(trial))), draw) for trial in without_known(draw)
    )


def alarm_share(draw: Draw) -> Tally:
    """Share of the photos without any known thing in which a name is stated as certain."""
    return tally_photos(
        (trial, float(bool(wrong_names(trial))), draw) for trial in without_known(draw)
    )


def named_or_possible(draw: Draw) -> Tally:
    """Share of the photos of known things whose right name is named or possible.

    What may be one of several is named by each of these.
    """
    return tally_photos(
        (trial, float(bool(said_in(trial) & set(trial.shows) & set(draw.known))), draw)
        for trial in with_known(draw)
    )


def ambiguous_share(draw: Draw) -> Tally:
    """Share of all photos in which something was left undecided."""
    return tally_photos((trial, float(bool(ambiguous(trial))), draw) for trial in draw.trials)


def ambiguous_right(draw: Draw) -> Tally:
    """Share of the undecided matches that have a thing of the photo among their candidates."""
    return tally_photos(
        (trial, float(bool({named.name, *named.alternatives} & set(trial.shows))), draw)
        for trial in draw.trials
        for named in ambiguous(trial)
    )


def tally_photos(counted: Iterable[tuple[Trial, float, Draw]]) -> Tally:
    """Return the mean of a number over photos.

    Args:
        counted: (photo, its number, the draw it is of). A photo of several known things is
            shared out equally among them.
    """
    parts: dict[Part, tuple[float, float]] = {}
    for trial, number, draw in counted:
        names = owners(trial, draw.known)
        for name in names:
            above, below = parts.get(name, (0.0, 0.0))
            parts[name] = (above + number / len(names), below + 1 / len(names))
    return Tally(parts)


def pooled(draws: Sequence[Draw], tallies: Iterable[Tally]) -> Tally:
    """Return one measure over draws that remember different things, as if they were one.

    What a draw says of another thing than the one that it remembers alone is about both.

    Args:
        draws: Any.
        tallies: Of the measure, one for each draw.
    """
    parts: dict[Part, tuple[float, float]] = {}
    left_out = 0
    for draw, tally in zip(draws, tallies, strict=True):
        left_out += tally.left_out
        for part, (numerator, denominator) in tally.parts.items():
            key = _in_pair(part, draw)
            above, below = parts.get(key, (0.0, 0.0))
            parts[key] = (above + numerator, below + denominator)
    return Tally(parts, left_out)


def _in_pair(part: Part, draw: Draw) -> Part:
    if len(draw.known) != 1 or not isinstance(part, str) or part in draw.known:
        return part
    return draw.known[0], part


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _average(ratios: Mapping[str, float | None]) -> Tally:
    defined = {thing: (ratio, 1.0) for thing, ratio in ratios.items() if ratio is not None}
    return Tally(defined, left_out=len(ratios) - len(defined))
