"""A match in a few words, for tables and messages: what it is, and how probable that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pekit_agents.types import Match

__all__ = ["answer_of", "chances_of", "percent"]


def answer_of(match: Match) -> str:
    """Return what a match says: "Biscuit", "Biscuit or Bella", or "may be Biscuit"."""
    names = " or ".join(obj.name for obj in match.candidates)
    return f"may be {names}" if match.possible else names


def chances_of(match: Match, *, between: str = " or ") -> str:
    """Return the probability of each object that a match may be, "53 % or 46 %".

    Args:
        match: The match.
        between: What stands between two probabilities.

    Returns:
        The text; ``""`` where the profile knows no probabilities.
    """
    chances = (match.probability, *(other.probability for other in match.alternatives))
    return between.join(percent(chance) for chance in chances if chance is not None)


def percent(probability: float) -> str:
    """Return a probability as "36 %"; never as 0 or 100 %, which no photo proves.

    Args:
        probability: In [0, 1].
    """
    return f"{min(max(round(100 * probability), 1), 99)} %"
