"""The table of targets: what is to be reached, and what would be better still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pekit_agents.evaluation.all_kinds import ALL_KINDS
from pekit_agents.evaluation.protocols.recognition import HALF

__all__ = ["TARGETS", "Part", "Target"]

#: What is measured by itself: one thing alone in memory, various things, look-alikes, several
#: things in a photo.
Part = Literal["alone", "things", "look-alikes", "scenes"]

_ALL = ""  # the condition of draws with all things known


@dataclass(frozen=True, slots=True)
class Target:
    """One line of the table.

    Attributes:
        title: What it says.
        part: Which run it is taken from.
        measure: Of :data:`~pekit_agents.evaluation.metrics.measures.MEASURES`.
        refs: References of each thing.
        condition: Of the draws.
        reach: What is to be reached.
        goal: What would be better still.
        lower: Whether less is better.
    """

    title: str
    part: Part
    measure: str
    refs: int
    condition: str
    reach: float
    goal: float
    lower: bool = False


_ALONE = (
    Target("alone, 1 ref.: own named", "alone", "top1", 1, ALL_KINDS, 0.95, 0.97),
    Target(
        "alone, 1 ref.: own named or possible",
        "alone",
        "named_or_possible",
        1,
        ALL_KINDS,
        0.98,
        0.99,
    ),
    Target(
        "alone, 1 ref.: others of its kind named",
        "alone",
        "others_named",
        1,
        ALL_KINDS,
        0.12,
        0.05,
        lower=True,
    ),
    Target(
        "alone, 1 ref.: others named, probability >= 0.8",
        "alone",
        "sure_wrong_share",
        1,
        ALL_KINDS,
        0.04,
        0.01,
        lower=True,
    ),
    Target("alone, 3 ref.: own named", "alone", "top1", 3, ALL_KINDS, 0.97, 0.99),
    Target(
        "alone, 3 ref.: others of its kind named",
        "alone",
        "others_named",
        3,
        ALL_KINDS,
        0.06,
        0.02,
        lower=True,
    ),
    Target(
        "a dog alone, 1 ref.: other dogs named",
        "alone",
        "others_named",
        1,
        "dog",
        0.25,
        0.10,
        lower=True,
    ),
)
_HALF_KNOWN = (
    Target("half known, 1 ref.: right named", "things", "top1", 1, HALF, 0.95, 0.97),
    Target("half known, 3 ref.: right named", "things", "top1", 3, HALF, 0.98, 0.99),
    Target(
        "half known, 1 ref.: other things named",
        "things",
        "others_named",
        1,
        HALF,
        0.06,
        0.03,
        lower=True,
    ),
    Target(
        "half known, 3 ref.: other things named",
        "things",
        "others_named",
        3,
        HALF,
        0.03,
        0.01,
        lower=True,
    ),
)
_ALL_KNOWN = (
    Target("all known, 1 ref.: weighted accuracy", "things", "weighted", 1, _ALL, 0.96, 0.975),
    Target("all known, 3 ref.: weighted accuracy", "things", "weighted", 3, _ALL, 0.985, 0.99),
)
_LOOK_ALIKES = (
    Target("look-alikes, 1 ref.: likeliest right", "look-alikes", "likeliest", 1, _ALL, 0.70, 0.85),
    Target("look-alikes, 3 ref.: likeliest right", "look-alikes", "likeliest", 3, _ALL, 0.85, 0.95),
    Target(
        "look-alikes, 1 ref.: wrong and certain",
        "look-alikes",
        "wrong_share",
        1,
        _ALL,
        0.05,
        0.02,
        lower=True,
    ),
    Target(
        "look-alikes, 3 ref.: wrong and certain",
        "look-alikes",
        "wrong_share",
        3,
        _ALL,
        0.02,
        0.01,
        lower=True,
    ),
)
_SCENES = (
    Target("scenes: boxes found, IoU 0.5", "scenes", "detection_recall_50", 3, HALF, 0.85, 0.95),
    Target("scenes: boxes right, IoU 0.5", "scenes", "detection_precision_50", 3, HALF, 0.92, 0.97),
)
#: What recognition is measured by.
TARGETS = (*_ALONE, *_HALF_KNOWN, *_ALL_KNOWN, *_LOOK_ALIKES, *_SCENES)
