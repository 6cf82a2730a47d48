"""Which configuration to take: the best weighted accuracy within the false-alarm budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import neg
from typing import Literal, TypeAlias

from pekit_agents.evaluation.metrics.bootstrap import Estimate
from pekit_agents.evaluation.metrics.summary import Configuration, Summary

__all__ = ["Candidate", "Choice", "Ground", "candidates", "choose", "rivals", "tempting"]

#: Why it was chosen: its false alarms are within the budget; they are above it, yet not clearly;
#: they are clearly above it, as are all others'; there is no photo to measure them with.
Ground: TypeAlias = Literal["within", "unclear", "over", "unmeasured"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A configuration that may be taken, with where its two sides were measured.

    Attributes:
        named: With the most things in memory: how well it names them.
        open_set: Where it met photos without any remembered thing: ``named`` itself if it did,
            else the largest memory of the same recognizer and references that did.
    """

    named: Summary
    open_set: Summary | None

    @property
    def configuration(self) -> Configuration:
        """What it is."""
        return self.named.configuration

    @property
    def alarms(self) -> Estimate | None:
        """Its share of photos with a false alarm; None where none could occur."""
        return None if self.open_set is None else self.open_set.estimates["alarm_share"]


@dataclass(frozen=True, slots=True)
class Choice:
    """The configuration to take.

    Attributes:
        chosen: Which.
        ground: Why.
        budget: The share of photos without any known thing in which a false alarm is borne.
        candidates: All that were compared.
    """

    chosen: Candidate
    ground: Ground
    budget: float
    candidates: tuple[Candidate, ...]


def candidates(summaries: Sequence[Summary]) -> tuple[Candidate, ...]:
    """Return the configurations with the most things in memory that recognised anything."""
    most = max((one.things for one in summaries), default=0)
    return tuple(
        Candidate(one, _open_set_of(one, summaries))
        for one in summaries
        if one.things == most and one.estimates["recall"].mean
    )


def choose(summaries: Sequence[Summary], budget: float) -> Choice | None:
    """Choose among the :func:`candidates`.

    The best weighted accuracy wins among those whose photos with a false alarm are within the
    budget; if there are none, among those whose 95 % interval reaches into it; if there are none
    either, the fewest false alarms win. Of equals the first with the fewest references.

    Args:
        summaries: Of one run.
        budget: In [0, 1].

    Returns:
        None when nothing was recognised.
    """
    compared = candidates(summaries)
    if not compared:
        return None
    alarms = [(one, one.alarms) for one in compared]
    judged = [(one, found, found.mean) for one, found in alarms if found and found.mean is not None]
    if not judged:
        return Choice(max(compared, key=_merit), "unmeasured", budget, compared)
    within = [one for one, _, mean in judged if mean <= budget]
    if within:
        return Choice(max(within, key=_merit), "within", budget, compared)
    reaching = [one for one, found, _ in judged if found.interval and found.interval[0] <= budget]
    if reaching:
        return Choice(max(reaching, key=_merit), "unclear", budget, compared)
    calmest, *_ = min(judged, key=lambda row: (row[2], *map(neg, _merit(row[0]))))
    return Choice(calmest, "over", budget, compared)


def rivals(choice: Choice) -> tuple[Candidate, ...]:
    """Return the other candidates with as many references, the best weighted accuracy first."""
    refs = choice.chosen.configuration.refs
    others = [
        one
        for one in choice.candidates
        if one is not choice.chosen and one.configuration.refs == refs
    ]
    return tuple(sorted(others, key=_merit, reverse=True))


def tempting(choice: Choice) -> Candidate | None:
    """Return the candidate of the best weighted accuracy, if it was passed over for its alarms."""
    best = max(choice.candidates, key=_merit)
    return best if _merit(best)[0] > _merit(choice.chosen)[0] else None


def _open_set_of(one: Summary, summaries: Sequence[Summary]) -> Summary | None:
    """Return where false alarms of a configuration were measured."""
    same = [
        other
        for other in summaries
        if other is one
        or (
            other.configuration.recognizer == one.configuration.recognizer
            and other.configuration.refs == one.configuration.refs
            and other.things < one.things
        )
    ]
    measured = [other for other in same if other.estimates["alarm_share"].mean is not None]
    return max(measured, key=lambda other: other.things, default=None)


def _merit(candidate: Candidate) -> tuple[float, int]:
    weighted = candidate.named.estimates["weighted"].mean
    return weighted or 0.0, -candidate.configuration.refs
