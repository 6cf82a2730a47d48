"""Who comes and who goes: ``Presence`` makes one event of each, out of what is in sight.

A timeline says at each moment what is in sight. Who is told of it wants to hear once that the dog
is there and once that it is gone, however often it was hidden for a moment in between.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from pekit_agents.errors import InvalidInput
from pekit_agents.prompting.match_text import answer_of

if TYPE_CHECKING:
    from pekit_agents.video.timeline import Sighting, Timeline

__all__ = ["Event", "Hysteresis", "Presence"]


@dataclass(frozen=True, slots=True)
class Hysteresis:
    """How sure it has to be that something came or went before it is told.

    Attributes:
        looks: Looks that have to agree on what it is: one alone may be mistaken.
        still: Seconds after which one look is enough, as nothing is searched while nothing moves:
            by then whatever moves was looked at again.
        gone: Seconds out of sight after which it is gone. Who passes in front of a thing hides it
            for less.

    Raises:
        InvalidInput: One of them is too small.
    """

    looks: int = 2
    still: float = 1.0
    gone: float = 5.0

    def __post_init__(self) -> None:
        if self.looks < 1 or not (self.still >= 0 and self.gone >= 0):
            raise InvalidInput(
                "expected at least one look and seconds of at least 0 before something is told, "
                f"got looks={self.looks}, still={self.still} and gone={self.gone}"
            )


@dataclass(frozen=True, slots=True)
class Event:
    """Something came in sight, or is out of sight.

    Attributes:
        kind: Which of the two.
        sighting: What it is, with its key frame. Its own times count from when the camera was
            reached last.
        seconds: When it was first or last seen, from the first frame on.
        size_wh: Width and height of the frames, which boxes are in.
        at: The same as a time of day in UTC; None for a clip, which says nothing of it.
    """

    kind: Literal["appeared", "gone"]
    sighting: Sighting
    seconds: float
    size_wh: tuple[int, int]
    at: datetime | None = None

    @property
    def name(self) -> str:
        """What it is, "Biscuit" or "Biscuit or Bella"."""
        return answer_of(self.sighting.match())

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values, without the picture and its owner's notes."""
        about = self.sighting.to_dict()
        return {
            "event": self.kind,
            "name": self.name,
            "at": None if self.at is None else self.at.isoformat(timespec="milliseconds"),
            "seconds": round(self.seconds, 3),
            "object_id": self.sighting.object.object_id,
            "category": self.sighting.object.category,
            "probability": about["probability"],
            "or": about["or"],
            "box_xyxy": about["key_frame"]["box_xyxy"],
            "size_wh": list(self.size_wh),
        }


@dataclass(slots=True)
class _Seen:
    """What is in sight, or was until a moment ago."""

    sighting: Sighting
    first: float
    since: float
    last: float
    told: bool = False


class Presence:
    """Who is there.

    It holds what is in sight and what was so a moment ago, and nothing of what is over.

    Args:
        rules: How sure it has to be.
    """

    def __init__(self, rules: Hysteresis | None = None) -> None:
        self._rules = rules or Hysteresis()
        self._seen: dict[str, _Seen] = {}

    def advance(self, timeline: Timeline, *, shift: float = 0.0) -> list[Event]:
        """Return what is to be told, those who went first.

        Args:
            timeline: What was seen by now.
            shift: Seconds to add to its times.
        """
        now = timeline.until + shift
        in_sight = _in_sight(timeline)
        gone = [
            Event("gone", replace(seen.sighting, ongoing=False), seen.last, timeline.size_wh)
            for key, seen in self._seen.items()
            if key not in in_sight and seen.told and now - seen.last >= self._rules.gone
        ]
        self._seen = {
            key: seen
            for key, seen in self._seen.items()
            if key in in_sight or (seen.told and now - seen.last < self._rules.gone)
        }
        came = []
        for key, each in in_sight.items():
            seen = self._seen.setdefault(key, _Seen(each, each.start + shift, now, now))
            seen.sighting, seen.last = each, each.end + shift
            long = now - seen.since >= self._rules.still
            if not seen.told and (each.looks >= self._rules.looks or long):
                seen.told = True
                came.append(Event("appeared", each, seen.first, timeline.size_wh))
        return [*gone, *came]

    def interrupted(self) -> None:
        """Forget what was not told yet, and let nobody be gone because nobody looked."""
        self._seen = {key: seen for key, seen in self._seen.items() if seen.told}
        for seen in self._seen.values():
            seen.last = float("inf")

    def resumed(self, now: float) -> None:
        """Count from now on what was in sight before an interruption."""
        for seen in self._seen.values():
            seen.last = min(seen.last, now)

    def finish(self, timeline: Timeline) -> list[Event]:
        """Return who else is gone at the end of a clip; who is in sight there is not.

        Args:
            timeline: What was seen in all of it.
        """
        in_sight = _in_sight(timeline)
        return [
            Event("gone", replace(seen.sighting, ongoing=False), seen.last, timeline.size_wh)
            for key, seen in self._seen.items()
            if key not in in_sight and seen.told
        ]


def _in_sight(timeline: Timeline) -> dict[str, Sighting]:
    """Return what is named and in sight, by its object; of two sightings of one the surer."""
    named = (each for each in timeline.named if each.ongoing)
    return {each.object.object_id: each for each in sorted(named, key=lambda each: each.score)}
