"""How well a timeline says which thing was when and where: ``score`` counts it for one clip.

A sighting counts if its object is named and is one: an undecided one ("this cup or that") is
counted apart. At each time of its boxes it is *on* its object if one of the object's true boxes at
that time overlaps with the box by the IoU; while less than half of a thing is in sight, any overlap
will do. A sighting is *right* if it is on its object at half of its times or more, and *wrong*
otherwise; it *finds* an appearance if it is on it once while the thing is in sight. Where no places
are known, times alone decide.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING

from pekit_agents.boxes import iou_matrix
from pekit_agents.evaluation.metrics.recognition import Tally

if TYPE_CHECKING:
    from pekit_agents.evaluation.clips.truth import Appearance, ClipTruth
    from pekit_agents.types import Box
    from pekit_agents.video.timeline import Sighting, Timeline

__all__ = ["IOU", "TimelineScore", "score", "tallies", "total"]

#: The least overlap of a box with that of its thing, as for the boxes of fast-moving things.
IOU = 0.3
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class TimelineScore:
    """What a timeline says of one clip, or of several together.

    Attributes:
        seconds: How long the clip is.
        appearances: How often a remembered thing came into sight.
        found: How many of these were found by name, time and place.
        sightings: How many sightings were named for certain.
        right: Those that are on their object.
        wrong: Those that are not: wrong identities.
        undecided: Sightings that may be several objects, and count as neither.
        wrong_seconds: For how long a name was said of something that it is not.
        late: For each found appearance how many seconds after it began it was first named.
        switches: How often the name of one thing in sight changed.
        shown_seconds: For how long remembered things were in sight, summed over things.
        covered_seconds: For how much of it they were named in their place.
    """

    seconds: float = 0.0
    appearances: int = 0
    found: int = 0
    sightings: int = 0
    right: int = 0
    wrong: int = 0
    undecided: int = 0
    wrong_seconds: float = 0.0
    late: tuple[float, ...] = ()
    switches: int = 0
    shown_seconds: float = 0.0
    covered_seconds: float = 0.0

    def __add__(self, other: TimelineScore) -> TimelineScore:
        both = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        return TimelineScore(**both)

    @property
    def median_late(self) -> float | None:
        """The median of ``late``; None where nothing was found."""
        return statistics.median(self.late) if self.late else None


def score(
    timeline: Timeline, truth: ClipTruth, *, every: float = 0.2, iou: float = IOU
) -> TimelineScore:
    """Count what a timeline says of a clip.

    Args:
        timeline: Its objects have the names of the data set's things.
        truth: What is true. Sightings of things that it is not ``about`` do not count.
        every: Seconds between two sampled frames: how long one box stands for.
        iou: The least overlap that counts, in (0, 1].
    """
    about = truth.about
    named = [each for each in timeline.named if not about or each.object.name in about]
    certain = [each for each in named if not each.alternatives]
    on = {each.number: _on(each, truth, iou) for each in certain}
    right = [each for each in certain if sum(on[each.number]) >= _HALF * len(on[each.number])]
    found = [(each, _hits(each, certain, iou)) for each in truth.to_find]
    shown = [each.end - each.start for each in truth.to_find]
    return TimelineScore(
        seconds=truth.seconds,
        appearances=len(found),
        found=sum(bool(hits) for _, hits in found),
        sightings=len(certain),
        right=len(right),
        wrong=len(certain) - len(right),
        undecided=len(named) - len(certain),
        wrong_seconds=every * sum(hits.count(False) for hits in on.values()),
        late=tuple(max(0.0, min(hits) - each.start) for each, hits in found if hits),
        switches=sum(_switches(each, certain, iou) for each in truth.appearances),
        shown_seconds=sum(shown),
        covered_seconds=sum(min(each.end - each.start, every * len(hits)) for each, hits in found),
    )


def total(scores: Sequence[TimelineScore]) -> TimelineScore:
    """Return the sum of the scores of several clips."""
    return sum(scores, TimelineScore())


def tallies(scores: Mapping[str, TimelineScore]) -> dict[str, Tally]:
    """Return measures as ratios with a part for each clip, for the bootstrap over clips.

    Args:
        scores: By the name of the clip.

    Returns:
        "recall" of appearances; "precision" of sightings; "wrong", "wrong_seconds" and "switches"
        a minute; "late", seconds on average; "covered", the share of the time in sight.
    """
    parts: dict[str, dict[str, tuple[float, float]]] = {
        "recall": {name: (s.found, s.appearances) for name, s in scores.items()},
        "precision": {name: (s.right, s.sightings) for name, s in scores.items()},
        "wrong": {name: (s.wrong, s.seconds / 60) for name, s in scores.items()},
        "wrong_seconds": {name: (s.wrong_seconds, s.seconds / 60) for name, s in scores.items()},
        "switches": {name: (s.switches, s.seconds / 60) for name, s in scores.items()},
        "late": {name: (sum(s.late), len(s.late)) for name, s in scores.items()},
        "covered": {name: (s.covered_seconds, s.shown_seconds) for name, s in scores.items()},
    }
    return {measure: Tally(of_clips) for measure, of_clips in parts.items()}


def _on(sighting: Sighting, truth: ClipTruth, iou: float) -> list[bool]:
    """Return for each time of a sighting whether it is on its object."""
    true = truth.of(sighting.object.name)
    return [
        any(_lies_on(each.box, each.time, appearance, iou) for appearance in true)
        for each in sighting.boxes
    ]


def _lies_on(box: Box, time: float, appearance: Appearance, iou: float) -> bool:
    if not appearance.boxes:
        return appearance.start <= time <= appearance.end
    true = appearance.box_at(time)
    if true is None:
        return False
    overlap = float(iou_matrix([box.xyxy], [true.xyxy])[0, 0])
    in_sight = appearance.start <= time <= appearance.end and not appearance.glimpse
    return overlap >= iou if in_sight else overlap > 0


def _hits(appearance: Appearance, sightings: Sequence[Sighting], iou: float) -> list[float]:
    """Return the times at which an appearance is named in its place, each once."""
    return sorted(
        {
            each.time
            for sighting in sightings
            if sighting.object.name == appearance.thing
            for each in sighting.boxes
            if appearance.start <= each.time <= appearance.end
            and _lies_on(each.box, each.time, appearance, iou)
        }
    )


def _switches(appearance: Appearance, sightings: Sequence[Sighting], iou: float) -> int:
    """Return how often the name changes of what lies where a thing is."""
    if not appearance.boxes:
        return 0
    names: dict[float, tuple[float, str]] = {}
    for sighting in sightings:
        for each in sighting.boxes:
            true = appearance.box_at(each.time)
            if true is None:
                continue
            overlap = float(iou_matrix([each.box.xyxy], [true.xyxy])[0, 0])
            if overlap >= iou:
                said = (overlap, sighting.object.name)
                names[each.time] = max(names.get(each.time, said), said)
    in_turn = [name for _, (_, name) in sorted(names.items())]
    return sum(before != after for before, after in pairwise(in_turn))
