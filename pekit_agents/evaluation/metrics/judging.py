"""What one answer about one photo is worth: who was accepted, possible, missed or named wrongly.

A thing is *accepted* when it is named with certainty. What a recognizer could not decide
("ambiguous") accepts nothing and is counted apart. Only the things that a photo's truth is about
are judged: another may be in view unnoted, so naming it is neither right nor wrong.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from pekit_agents.evaluation.records import Draw, Named, Trial

__all__ = [
    "accepted",
    "ambiguous",
    "is_judged",
    "judged",
    "knows_probabilities",
    "missed_things",
    "named_or_possible",
    "nearest_is_right",
    "owners",
    "strongest",
    "with_known",
    "without_known",
    "wrong_names",
]


def is_judged(trial: Trial, thing: str) -> bool:
    """Whether it is known if the photo shows a thing."""
    return not trial.about or thing in trial.about


def judged(trial: Trial) -> tuple[Named, ...]:
    """Return what was named, with certainty or not, and is judged, the surest first."""
    return tuple(named for named in trial.named if is_judged(trial, named.name))


def accepted(trial: Trial) -> tuple[Named, ...]:
    """Return what was named with certainty and is judged, the surest first."""
    return tuple(named for named in judged(trial) if not named.alternatives)


def ambiguous(trial: Trial) -> tuple[Named, ...]:
    """Return what could not be decided and has a judged candidate, the surest first."""
    return tuple(
        named
        for named in trial.named
        if named.alternatives
        and any(is_judged(trial, name) for name in (named.name, *named.alternatives))
    )


def named_or_possible(trial: Trial) -> frozenset[str]:
    """Return all that a photo was said to show: for certain, as one of several, or possibly.

    What is left is what the answer is silent about.
    """
    said = (*trial.named, *trial.possible)
    names = {name for each in said for name in (each.name, *each.alternatives)}
    return frozenset(name for name in names if is_judged(trial, name))


def strongest(trial: Trial) -> Named | None:
    """Return the judged answer of the highest probability, named or possible; None without any."""
    known = [
        (each.probability, -place, each)
        for place, each in enumerate((*trial.named, *trial.possible))
        if each.probability is not None and is_judged(trial, each.name)
    ]
    return max(known)[-1] if known else None


def wrong_names(trial: Trial) -> tuple[str, ...]:
    """Return the accepted names that the photo does not show, each once, the surest first."""
    names = dict.fromkeys(named.name for named in accepted(trial))
    return tuple(name for name in names if name not in trial.shows)


def missed_things(trial: Trial, known: Iterable[str]) -> tuple[str, ...]:
    """Return the known things that the photo shows and that were not accepted."""
    names = {named.name for named in accepted(trial)}
    return tuple(
        name
        for name in known
        if name in trial.shows and is_judged(trial, name) and name not in names
    )


def nearest_is_right(trial: Trial, known: Iterable[str]) -> bool:
    """Whether a known thing that the photo shows scores above all that it does not show.

    Thresholds play no part. A tie with a thing that is not there is not right.
    """
    shown = [trial.scores[name] for name in known if name in trial.scores and name in trial.shows]
    absent = [
        score
        for name, score in trial.scores.items()
        if name not in trial.shows and is_judged(trial, name)
    ]
    return bool(shown) and max(shown) > max(absent, default=-math.inf)


def knows_probabilities(draw: Draw) -> bool:
    """Return whether a recognizer says of all its answers how likely they are."""
    return all(
        each.probability is not None
        for trial in draw.trials
        for each in (*trial.named, *trial.possible)
    )


def with_known(draw: Draw) -> list[Trial]:
    """Return the answers about photos that show a known thing."""
    return [trial for trial in draw.trials if _shown(trial, draw.known)]


def without_known(draw: Draw) -> list[Trial]:
    """Return the answers about photos that show no known thing, as far as they are judged."""
    return [
        trial
        for trial in draw.trials
        if not _shown(trial, draw.known) and any(is_judged(trial, name) for name in draw.known)
    ]


def owners(trial: Trial, known: Collection[str]) -> tuple[str, ...]:
    """Return the things that a photo belongs to when things are resampled.

    The known things it shows, else the others it shows, else those its truth is about; a photo
    of none of these stands for itself.
    """
    return _shown(trial, known) or trial.shows or trial.about or (trial.photo,)


def _shown(trial: Trial, known: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in trial.shows if name in known)
