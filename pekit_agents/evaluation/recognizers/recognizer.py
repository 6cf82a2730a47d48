"""What is evaluated: whoever is introduced to things and then names them in photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pekit_agents.evaluation.records import Named

__all__ = ["Prediction", "Recognizer"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a recognizer says about one photo.

    Attributes:
        named: What it names, the surest first.
        scores: Its best score for each thing it knows, named or not, in its own units: log-odds
            or cosines for the kit.
        seconds: Wall time; None when features came from a cache.
        possible: What it says may be there and does not name, the likeliest first.
    """

    named: tuple[Named, ...]
    scores: Mapping[str, float]
    seconds: float | None = None
    possible: tuple[Named, ...] = ()


class Recognizer(Protocol):
    """Learns things from reference photos and names them in other photos.

    Attributes:
        name: What to call it in a report.
    """

    @property
    def name(self) -> str:
        """What to call it in a report."""
        ...

    def learn(
        self, references: Mapping[str, Sequence[Path]], categories: Mapping[str, str]
    ) -> None:
        """Learn these things, and forget all others.

        Args:
            references: The photos of each thing.
            categories: What each thing is.
        """
        ...

    def look(self, photo: Path) -> Prediction:
        """Name the things in a photo."""
        ...
