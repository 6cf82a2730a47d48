"""The rules that a search is measured by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.scoring import COSINE, Discriminant

if TYPE_CHECKING:
    from pekit_agents.scoring import Scorer

#: d and C, about as many as `pekit calibrate` makes.
_DIMENSIONS, _CONDITIONS = 128, 4
_BETWEEN = 2.0  # of the made-up objects, where the variance of views and regions is 1
_SLOPE = 0.2


@dataclass(frozen=True, slots=True)
class Rule:
    """How regions are compared with objects.

    Attributes:
        name: In the goal of a row.
        scorer: The rule.
        floor: Scores up to this one are of no interest.
    """

    name: str
    scorer: Scorer
    floor: float


#: By cosine, with the floor that a region which shows nothing stays below.
BY_COSINE = Rule("by cosine", COSINE, 0.28)


def rules(dim: int) -> tuple[Rule, ...]:
    """Return all rules for vectors of D numbers."""
    # A probability of 0.1, spread over five objects.
    return BY_COSINE, Rule("by discriminant", made_up_discriminant(dim), -3.8)


def made_up_discriminant(dim: int) -> Discriminant:
    """Return a discriminant as one fitted to made-up views would be, in random directions.

    Args:
        dim: D.
    """
    rng = np.random.default_rng(5)
    width = min(_DIMENSIONS, dim)
    axes, _ = np.linalg.qr(rng.standard_normal((dim, width)))
    # Vectors of length 1 in d directions: the variance is 1 / d in each, and b + 1 after this.
    scale = (width * (_BETWEEN + 1)) ** 0.5
    return Discriminant(
        centre=np.zeros(dim, np.float32),
        axes=axes.astype(np.float32),
        origin=np.zeros(width, np.float32),
        basis=np.float32(scale) * np.eye(width, dtype=np.float32),
        between=np.full(width, _BETWEEN, np.float32),
        conditions=rng.standard_normal((_CONDITIONS, width), np.float32),
        spreads=np.full((_CONDITIONS, width), _BETWEEN + 1, np.float32),
        slope=_SLOPE,
        offset=0.0,
        rates=np.array([0.0, 1.0], np.float32),
        priors=np.zeros(2, np.float32),
    )
