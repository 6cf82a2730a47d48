"""The numbers that decide: what is named, what is possible, and what is one place.

Each says which command chose it, or that it is the paper's.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

from pekit_agents.errors import InvalidInput

__all__ = ["MOST_LOG_ODDS", "MatchSettings", "RerankSettings"]

#: How far a prior may lie from even odds.
MOST_LOG_ODDS = 100.0


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """When a region is an object, and when two boxes are one place.

    A profile with a discriminant decides by probability: ``named``, ``possible`` and ``sure``. One
    without decides as the paper does (section 3.3): by ``threshold``.

    Attributes:
        threshold: tau of the paper: a region whose best cosine is not above it is nobody's. In
            [-1, 1]. Not read where there is a discriminant.
        overlap: Two boxes with a larger IoU are one place; the better one stays. In [0, 1].
        inside: A box that lies by more than this share in a box of what may be the same object
            is a part of it, or holds it with much else; the better one stays. In [0, 1].
        named: The least probability that a region shows any remembered object for it to be named.
            One half is where naming is right more often than wrong. In (0, 1).
        possible: The same for a region to be reported as possible. In (0, 1), at most ``named``.
        sure: The objects that a region may be are the likeliest ones that hold this share of the
            probability together: one alone is certain, several are ambiguous. In (0.5, 1].
        prior: The log-odds of "another thing" before the region is looked at, which a strictness
            stands for; 0 takes both to be equally frequent.
        framing: A part may be more similar than the whole that it belongs to. A larger region
            around a match whose log-odds are lower by no more than this gives its box. 0, as in the
            paper, never does.
    """

    threshold: float = 0.75
    overlap: float = 0.4
    inside: float = 0.7
    named: float = 0.5
    possible: float = 0.1
    sure: float = 0.9
    prior: float = 0.0
    framing: float = 0.0

    def __post_init__(self) -> None:
        ranges = {
            "threshold": (-1, 1),
            "overlap": (0, 1),
            "inside": (0, 1),
            "named": (0, 1),
            "possible": (0, self.named),
            "sure": (0.5, 1),
            "prior": (-MOST_LOG_ODDS, MOST_LOG_ODDS),
            "framing": (0, 100),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not isinstance(value, Real) or not low <= float(value) <= high:  # also catches NaN
                raise InvalidInput(f"expected {name} in [{low:g}, {high:g}], found {value!r}")
        if self.possible == 0 or self.named == 1:
            raise InvalidInput(
                f"expected possible above 0 and named below 1, found {self.possible!r} and "
                f"{self.named!r}"
            )


@dataclass(frozen=True, slots=True)
class RerankSettings:
    """What the comparison of look-alikes patch by patch adds to the log-odds of their scores.

    Attributes:
        colour: Log-odds for a unit more of agreement in colour; not negative.
    """

    colour: float

    def __post_init__(self) -> None:
        if not 0 <= self.colour <= 1000:  # also catches NaN
            raise InvalidInput(f"expected colour in [0, 1000], found {self.colour!r}")
