"""Where things are between two sampled frames: ``box_between`` moves a box from one to the next."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from pekit_agents.types import Box

if TYPE_CHECKING:
    from pekit_agents.video.timeline import Sighting, TimedBox, Timeline

__all__ = ["box_between", "sampling_step"]

#: Seconds: the coarsest unit in which times are stored, which are rounded to it.
_ROUNDING = 0.001
#: Sampled frames from one box to the next across which a thing is taken to be in sight: one frame
#: may have missed it. In a longer gap it was hidden, and nobody knows where it was.
_BRIDGED = 2.5


def sampling_step(timeline: Timeline) -> float:
    """Return how many seconds lie between two sampled frames, as the boxes say; 0 for one frame."""
    steps = [
        after.time - before.time
        for each in timeline.sightings
        for before, after in pairwise(each.boxes)
    ]
    if steps:
        return median(steps)
    return timeline.until / (timeline.sampled - 1) if timeline.sampled > 1 else 0.0


def box_between(sighting: Sighting, time: float, step: float) -> Box | None:
    """Return where a thing is at a time.

    Between two sampled frames it moves evenly from one to the other. Each frame stands for half a
    step before and after it, as well: what was seen in one frame alone is there for a step.

    Args:
        sighting: Of which thing.
        time: Seconds from the beginning of the clip.
        step: Of the timeline, see :func:`sampling_step`.

    Returns:
        Its box in pixels of the upright clip; None before it came, after it went, and while it was
        hidden.
    """
    index = bisect_right(sighting.boxes, time, key=lambda each: each.time)
    before = sighting.boxes[index - 1] if index > 0 else None
    after = sighting.boxes[index] if index < len(sighting.boxes) else None
    if before is not None and after is not None and after.time - before.time <= _BRIDGED * step:
        return _moved(before, after, time)
    reach = step / 2 + _ROUNDING
    for near in (before, after):
        if near is not None and abs(near.time - time) <= reach:
            return near.box
    return None


def _moved(before: TimedBox, after: TimedBox, time: float) -> Box:
    share = (time - before.time) / (after.time - before.time)
    edges = (a + share * (b - a) for a, b in zip(before.box.xyxy, after.box.xyxy, strict=True))
    return Box(*edges)
