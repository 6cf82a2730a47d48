"""The baseline of video: ``frame_by_frame`` searches each sampled frame as a photo of its own.

Frames that name the same object, one after another or with one frame between, are one sighting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pekit_agents.types import Box
from pekit_agents.video.timeline import KeyFrame, Sighting, TimedBox, Timeline

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.protocols import SearchMode
    from pekit_agents.types import Match
    from pekit_agents.video.frames import Frame

__all__ = ["frame_by_frame"]

_MISSED = 1  # sampled frames without the name within one sighting


@dataclass(slots=True)
class _Run:
    """The matches of one object in frames one after another."""

    best: Match
    best_time: float
    boxes: list[TimedBox] = field(default_factory=list)
    last: int = 0

    def add(self, match: Match, time: float, index: int) -> None:
        self.boxes.append(TimedBox(time, match.box))
        self.last = index
        if match.score > self.best.score:
            self.best, self.best_time = match, time


def frame_by_frame(
    kit: PeKit,
    frames: Iterable[Frame],
    *,
    mode: SearchMode = "auto",
    strictness: Strictness | None = None,
) -> Timeline:
    """Return what :meth:`PeKit.find` names in each frame, as a timeline.

    What it names for certain and what may be one of several are sightings of their own. Where a
    photo's rule names an object twice in a frame, the surest counts.

    Args:
        kit: What to search with.
        frames: The sampled ones, in order of time.
        mode: As for :meth:`PeKit.find`.
        strictness: As for :meth:`PeKit.find`.
    """
    open_runs: dict[tuple[str, bool], _Run] = {}
    closed: list[_Run] = []
    index, until, size_wh = -1, 0.0, (0, 0)
    for index, frame in enumerate(frames):
        until, size_wh = frame.time, frame.size_wh
        scale = frame.size_wh[0] / frame.image.width, frame.size_wh[1] / frame.image.height
        named: set[tuple[str, bool]] = set()
        found = kit.find(frame.image, mode=mode, strictness=strictness).matches
        for each in sorted(found, key=lambda match: -match.score):
            match = replace(each, box=_scaled(each.box, *scale))
            key = (match.object.object_id, bool(match.alternatives))
            if key in named:
                continue
            named.add(key)
            run = open_runs.get(key)
            if run is not None and index - run.last > 1 + _MISSED:
                closed.append(run)
                run = None
            if run is None:
                run = open_runs[key] = _Run(match, frame.time)
            run.add(match, frame.time, index)
    closed += open_runs.values()
    closed.sort(key=lambda run: (run.boxes[0].time, run.best.object.object_id))
    sightings = tuple(_sighting(number, run) for number, run in enumerate(closed, 1))
    return Timeline(size_wh, until, sightings, index + 1, index + 1, complete=True)


def _sighting(number: int, run: _Run) -> Sighting:
    best = run.best
    return Sighting(
        number,
        best.object,
        run.boxes[0].time,
        run.boxes[-1].time,
        KeyFrame(run.best_time, best.box),
        tuple(run.boxes),
        best.score,
        best.probability,
        best.alternatives,
        looks=len(run.boxes),
    )


def _scaled(box: Box, x: float, y: float) -> Box:
    return Box(box.x0 * x, box.y0 * y, box.x1 * x, box.y1 * y)
