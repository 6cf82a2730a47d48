"""From tracks to what a timeline tells: ``Sightings`` numbers them and joins what is one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from pekit_agents.video.timeline import Sighting, TimedBox

if TYPE_CHECKING:
    from pekit_agents.video.tracks import Track

__all__ = ["Sightings"]


class Sightings:
    """What was sighted so far.

    A thing that is seen again within ``apart`` seconds was not gone; nor is it in two places: where
    two tracks show it at a time, the surer one tells where it was, and what may be it while it is
    named is left out.

    Args:
        apart: Seconds out of sight after which it comes anew.
        earlier: What a timeline that is gone on with holds already.
        history: Seconds for which what is over is kept; None for ever.
    """

    def __init__(
        self, apart: float, earlier: Iterable[Sighting] = (), *, history: float | None = None
    ) -> None:
        self._apart, self._history = apart, history
        self._over: list[Sighting] = []
        self._recent = list(earlier)
        self._begun: dict[int, float] = {}  # when open tracks began
        self._numbers: dict[int, int] = {}  # of those that were told
        self._count = max((each.number for each in self._recent), default=0)

    def end(self, tracks: Iterable[Track]) -> None:
        """Take over what is out of sight."""
        for track in tracks:
            sighting = self._sighting(track, ongoing=False)
            self._begun.pop(id(track), None)
            self._numbers.pop(id(track), None)
            if sighting is not None:
                self._recent.append(sighting)

    def by_now(self, tracks: Iterable[Track], time: float) -> tuple[Sighting, ...]:
        """Return all sightings, in the order in which they began.

        Args:
            tracks: What is followed still.
            time: Of the last frame, in seconds.
        """
        open_ones = [self._sighting(track, ongoing=track.in_sight) for track in tracks]
        going_on = [each for each in open_ones if each is not None]
        begun = {_key(each): each.start for each in reversed(going_on)}
        joined = [
            replace(each, ongoing=each.ongoing and each.end >= time)
            for each in _joined(self._recent, self._apart)
        ]
        self._recent = []
        for each in joined:
            joinable = each.end >= min(begun.get(_key(each), time), time) - self._apart
            (self._recent if joinable else self._over).append(each)
        if self._history is not None:
            oldest = time - self._history
            self._over = [_since(each, oldest) for each in self._over if each.end >= oldest]
            self._recent = [_since(each, oldest) for each in self._recent]
        current = _joined([*self._recent, *going_on], self._apart)
        everything = _without_doubles([*self._over, *current])
        return tuple(sorted(everything, key=lambda each: (each.start, each.number)))

    def _sighting(self, track: Track, *, ongoing: bool) -> Sighting | None:
        """Return what a track tells; None for what is nothing that is remembered."""
        if not track.boxes:
            return None
        start = self._begun.setdefault(id(track), track.boxes[0].time)
        if self._history is not None:
            oldest = track.boxes[-1].time - self._history
            del track.boxes[: bisect_left(track.boxes, oldest, key=lambda each: each.time)]
        match, key_frame = track.match, track.key_frame
        if match is None or key_frame is None:
            return None
        if id(track) not in self._numbers:
            self._count += 1
            self._numbers[id(track)] = self._count
        return Sighting(
            number=self._numbers[id(track)],
            object=match.object,
            start=start,
            end=track.boxes[-1].time,
            key_frame=key_frame,
            boxes=tuple(track.boxes),
            score=match.score,
            probability=match.probability,
            alternatives=match.alternatives,
            possible=match.possible,
            looks=track.looks,
            ongoing=ongoing,
        )


def _key(sighting: Sighting) -> tuple[str, bool]:
    """Return what two sightings have in common that may be one."""
    return sighting.object.object_id, sighting.possible


def _since(sighting: Sighting, oldest: float) -> Sighting:
    """Return a sighting without the boxes of before a time."""
    first = bisect_left(sighting.boxes, oldest, key=lambda each: each.time)
    return replace(sighting, boxes=sighting.boxes[first:]) if first else sighting


def _joined(sightings: Iterable[Sighting], apart: float) -> list[Sighting]:
    """Return sightings, those of one object that follow each other within ``apart`` as one."""
    joined: list[Sighting] = []
    last: dict[tuple[str, bool], int] = {}
    for each in sorted(sightings, key=lambda each: (each.start, each.number)):
        key = _key(each)
        place = last.get(key)
        if place is not None and each.start - joined[place].end <= apart:
            joined[place] = _both(joined[place], each)
        else:
            last[key] = len(joined)
            joined.append(each)
    return joined


def _without_doubles(sightings: list[Sighting]) -> list[Sighting]:
    """Leave out what may be a thing while that is named: it is in one place."""
    named: dict[str, list[Sighting]] = {}
    for each in sightings:
        if not each.possible:
            named.setdefault(each.object.object_id, []).append(each)
    return [
        each
        for each in sightings
        if not each.possible
        or not any(
            other.start <= each.start and each.end <= other.end
            for other in named.get(each.object.object_id, ())
        )
    ]


def _both(one: Sighting, other: Sighting) -> Sighting:
    """Return two sightings of one object as one."""
    surer, less = sorted([one, other], key=lambda each: (not each.alternatives, each.score))[::-1]
    boxes = {each.time: each for each in (*less.boxes, *surer.boxes)}
    in_order: list[TimedBox] = [boxes[time] for time in sorted(boxes)]
    return replace(
        surer,
        number=min(one.number, other.number),
        start=min(one.start, other.start),
        end=max(one.end, other.end),
        boxes=tuple(in_order),
        looks=one.looks + other.looks,
        ongoing=one.ongoing or other.ongoing,
    )
