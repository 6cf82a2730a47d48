"""What the three answers are about photos of none of the known things, where silence is right."""

from __future__ import annotations

from pekit_agents.evaluation.metrics.judging import judged, without_known
from pekit_agents.evaluation.metrics.judging import named_or_possible as said_in
from pekit_agents.evaluation.metrics.recognition import Tally, tally_photos
from pekit_agents.evaluation.records import Draw

__all__ = [
    "SURE",
    "others_named",
    "others_possible",
    "sure_wrong_share",
]

#: A name with at least this probability is stated as sure.
SURE = 0.8


def others_named(draw: Draw) -> Tally:
    """Share of the photos without any known thing in which something is named, certain or not."""
    return tally_photos((trial, float(bool(judged(trial))), draw) for trial in without_known(draw))


def sure_wrong_share(draw: Draw) -> Tally:
    """Share of the photos without any known thing in which a name has a probability of .8 or more.

    It says something only of a recognizer that knows probabilities.
    """
    return tally_photos(
        (trial, float(any((each.probability or 0.0) >= SURE for each in judged(trial))), draw)
        for trial in without_known(draw)
    )


def others_possible(draw: Draw) -> Tally:
    """Share of the photos without any known thing in which the most that is said is "may be"."""
    return tally_photos(
        (trial, float(bool(said_in(trial)) and not judged(trial)), draw)
        for trial in without_known(draw)
    )
