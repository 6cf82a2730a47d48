"""What is true of a clip: which thing is in sight from when to when, and where.

A clip of which nobody knows places has appearances without boxes.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pekit_agents.errors import InvalidInput
from pekit_agents.types import Box
from pekit_agents.video.timeline import TimedBox

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Appearance", "ClipTruth", "read_truths", "write_truths"]

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Appearance:
    """One thing, in sight without a break.

    Attributes:
        thing: Its name in the data set.
        start: When at least half of it is in sight for the first time, in seconds; for a glimpse
            when any of it is.
        end: When that is so for the last time.
        boxes: Where it is in every frame that shows any of it, also before ``start`` and after
            ``end``, cut at the edges of the frame, in order of time; empty where places are not
            known.
        remembered: Whether it is to be found; else it is a stranger, which nobody introduced.
        glimpse: Whether less than half of it is ever in sight: it need not be found.
    """

    thing: str
    start: float
    end: float
    boxes: tuple[TimedBox, ...] = field(default=(), repr=False)
    remembered: bool = True
    glimpse: bool = False

    @property
    def first(self) -> float:
        """When any of it is in sight for the first time."""
        return min(self.start, self.boxes[0].time) if self.boxes else self.start

    @property
    def last(self) -> float:
        """When any of it is in sight for the last time."""
        return max(self.end, self.boxes[-1].time) if self.boxes else self.end

    def box_at(self, time: float, tolerance: float = 0.1) -> Box | None:
        """Return where it is in the frame nearest to a time; None where none is near enough."""
        after = bisect_left(self.boxes, time, key=lambda each: each.time)
        near = self.boxes[max(0, after - 1) : after + 1]
        best = min(near, key=lambda each: abs(each.time - time), default=None)
        return None if best is None or abs(best.time - time) > tolerance else best.box

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values."""
        return {
            "thing": self.thing,
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "remembered": self.remembered,
            "glimpse": self.glimpse,
            "boxes": [
                [round(each.time, 3), *(round(edge, 1) for edge in each.box.xyxy)]
                for each in self.boxes
            ],
        }


@dataclass(frozen=True, slots=True)
class ClipTruth:
    """All that is true of one clip.

    Attributes:
        name: The clip's, without a suffix.
        group: Of which kind it is: "static", "handheld", "pan", "cuts", ...
        seconds: How long it is.
        size_wh: Width and height of its upright frames; (0, 0) where that is not known.
        appearances: What is in sight, strangers as well, in the order in which it comes.
        about: The things of which it is known when they are in sight; empty for all.
        composed: Whether it was composed from photos, and not filmed.
    """

    name: str
    group: str
    seconds: float
    size_wh: tuple[int, int]
    appearances: tuple[Appearance, ...]
    about: frozenset[str] = frozenset()
    composed: bool = True

    @property
    def to_find(self) -> tuple[Appearance, ...]:
        """The appearances of remembered things that are more than a glimpse."""
        return tuple(each for each in self.appearances if each.remembered and not each.glimpse)

    def of(self, thing: str) -> tuple[Appearance, ...]:
        """Return every appearance of one thing."""
        return tuple(each for each in self.appearances if each.thing == thing)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values."""
        return {
            "name": self.name,
            "group": self.group,
            "seconds": self.seconds,
            "size_wh": list(self.size_wh),
            "composed": self.composed,
            "about": sorted(self.about),
            "appearances": [each.to_dict() for each in self.appearances],
        }


def write_truths(path: Path, truths: Iterable[ClipTruth], **about: Any) -> None:
    """Write what is true of clips as JSON.

    Args:
        path: The file; replaced.
        truths: One for each clip.
        about: What else to note of all of them, JSON-ready.
    """
    clips = [truth.to_dict() for truth in truths]
    path.write_text(json.dumps({"format": _FORMAT, **about, "clips": clips}), "utf-8")


def read_truths(path: Path) -> list[ClipTruth]:
    """Read what :func:`write_truths` wrote.

    Raises:
        InvalidInput: The file cannot be read or is none of it.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
        if values["format"] != _FORMAT:
            raise ValueError(f"format {values['format']!r}")
        return list(map(_truth, values["clips"]))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as exc:
        raise InvalidInput(
            f"{path}: expected what is true of composed clips, as this version writes it, cannot "
            f"read it ({exc!r}); compose the clips anew"
        ) from exc


def _truth(values: dict[str, Any]) -> ClipTruth:
    return ClipTruth(
        str(values["name"]),
        str(values["group"]),
        float(values["seconds"]),
        (int(values["size_wh"][0]), int(values["size_wh"][1])),
        tuple(map(_appearance, values["appearances"])),
        frozenset(values["about"]),
        bool(values["composed"]),
    )


def _appearance(values: dict[str, Any]) -> Appearance:
    return Appearance(
        str(values["thing"]),
        float(values["start"]),
        float(values["end"]),
        tuple(_boxes(values["boxes"])),
        bool(values["remembered"]),
        bool(values["glimpse"]),
    )


def _boxes(rows: list[list[float]]) -> Iterator[TimedBox]:
    for time, x0, y0, x1, y1 in rows:
        yield TimedBox(float(time), Box(x0, y0, x1, y1))
