"""How strict to be, in words or as a rate."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pekit_agents.errors import InvalidInput

__all__ = ["STRICTNESS", "Strictness", "rate_of"]

#: In which share of photos of *other things of its kind* something remembered may be named.
Strictness: TypeAlias = Literal["recall", "balanced", "precision"] | float

#: What the words stand for. "balanced" is about what equal odds lead to (`pekit calibrate`).
STRICTNESS: dict[str, float] = {"recall": 0.2, "balanced": 0.12, "precision": 0.02}


def rate_of(strictness: Strictness) -> float:
    """Return the share of photos of other things of its kind that a strictness stands for.

    Raises:
        InvalidInput: It is no word of :data:`STRICTNESS` and no rate above 0 and up to 1.
    """
    rate = STRICTNESS.get(strictness) if isinstance(strictness, str) else strictness
    if not isinstance(rate, (int, float)) or isinstance(rate, bool) or not 0 < rate <= 1:
        words = ", ".join(repr(word) for word in STRICTNESS)
        raise InvalidInput(
            f"expected strictness {words} or a share of photos in (0, 1], found {strictness!r}"
        )
    return float(rate)
