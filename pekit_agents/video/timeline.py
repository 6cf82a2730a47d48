"""What was found in a clip: which object was seen from when to when, and where.

Times are seconds from the beginning of the clip. Boxes are xyxy in pixels of the upright clip with
square pixels, as a player shows it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pekit_agents.errors import InvalidInput
from pekit_agents.types import Box, Candidate, Match, PersonalObject

__all__ = ["KeyFrame", "Sighting", "TimedBox", "Timeline"]

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class TimedBox:
    """Where a thing is at one time.

    Attributes:
        time: Seconds from the beginning of the clip.
        box: Where it is, xyxy in pixels of the upright clip.
    """

    time: float
    box: Box


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """The frame of a sighting in which its object was recognised best.

    Attributes:
        time: Seconds from the beginning of the clip.
        box: Where the object is in it, xyxy in pixels of the upright clip.
        picture: A JPEG of the whole frame, reduced to a small size; empty where none was kept.
    """

    time: float
    box: Box
    picture: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One object, seen without a break from one time to another.

    Its identity was decided for the whole of it, not frame by frame.

    Attributes:
        number: Which sighting of its timeline, from 1, in the order in which they were noticed; it
            stays the same while the clip is searched.
        object: The remembered object; the likeliest one where it may be several.
        start: When it was first seen, in seconds.
        end: When it was last seen, in seconds; at least ``start``.
        key_frame: Where it was recognised best.
        boxes: Where it was at the times of the sampled frames, in order of time; a thing that was
            hidden for a moment has none there.
        score: As in :class:`Match`, for all frames of the sighting together.
        probability: How likely it is ``object``, in [0, 1]; None where the profile knows none.
        alternatives: Further objects that it may be, the likeliest first.
        possible: Whether it is too improbable to be named.
        looks: How many frames spoke for or against it.
        ongoing: Whether it was still in sight when the search had got this far.
    """

    number: int
    object: PersonalObject
    start: float
    end: float
    key_frame: KeyFrame
    boxes: tuple[TimedBox, ...] = field(repr=False)
    score: float
    probability: float | None = None
    alternatives: tuple[Candidate, ...] = ()
    possible: bool = False
    looks: int = 1
    ongoing: bool = False

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return self.end - self.start

    @property
    def candidates(self) -> tuple[PersonalObject, ...]:
        """Everything it may be, the likeliest first."""
        return (self.object, *(candidate.object for candidate in self.alternatives))

    def box_at(self, time: float) -> Box | None:
        """Return where it was at a time, or at the last sampled frame before.

        None before it began and after it ended.
        """
        if not self.start <= time <= self.end:
            return None
        index = bisect_right(self.boxes, time, key=lambda each: each.time) - 1
        return self.boxes[max(index, 0)].box

    def match(self, box: Box | None = None) -> Match:
        """Return the sighting as the match of one frame, to draw and to speak of.

        Args:
            box: Where it is in that frame; None for its key frame.
        """
        return Match(
            self.object,
            self.key_frame.box if box is None else box,
            self.score,
            self.probability,
            self.alternatives,
            self.possible,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values, without the picture."""
        about = self.match().to_dict()
        for of_a_frame in ("box_xyxy", "region"):
            del about[of_a_frame]
        return {
            "number": self.number,
            **about,
            "start": _seconds(self.start),
            "end": _seconds(self.end),
            "ongoing": self.ongoing,
            "looks": self.looks,
            "key_frame": {
                "time": _seconds(self.key_frame.time),
                "box_xyxy": _edges(self.key_frame.box),
            },
            "boxes": [[_seconds(each.time), *_edges(each.box)] for each in self.boxes],
        }


@dataclass(frozen=True, slots=True)
class Timeline:
    """What was found in a clip, up to a time.

    Attributes:
        size_wh: Width and height of the upright clip with square pixels; (0, 0) before its first
            frame.
        until: The time of the last sampled frame, in seconds: the search goes on after it.
        sightings: What was found, in the order in which it began; named, and possible.
        sampled: How many frames were looked at.
        searched: In how many of them the objects were searched.
        complete: Whether the clip, or the part that was asked for, was read to its end.
        damage: What could not be read, in words, with times; empty where everything was.
    """

    size_wh: tuple[int, int] = (0, 0)
    until: float = 0.0
    sightings: tuple[Sighting, ...] = ()
    sampled: int = 0
    searched: int = 0
    complete: bool = False
    damage: tuple[str, ...] = ()

    @property
    def named(self) -> tuple[Sighting, ...]:
        """The sightings whose object is named."""
        return tuple(each for each in self.sightings if not each.possible)

    @property
    def possible(self) -> tuple[Sighting, ...]:
        """The sightings that are only possible."""
        return tuple(each for each in self.sightings if each.possible)

    def of(self, ref: str) -> tuple[Sighting, ...]:
        """Return the named sightings of one object.

        Args:
            ref: Its name, in whatever case, or its id.
        """
        wanted = ref.casefold().strip()
        return tuple(
            each
            for each in self.named
            if ref == each.object.object_id or each.object.name.casefold() == wanted
        )

    def at(self, time: float) -> tuple[Match, ...]:
        """Return what was in sight at a time, as the matches of a photo, named ones first.

        Args:
            time: Seconds from the beginning of the clip.
        """
        seen = [(each, each.box_at(time)) for each in (*self.named, *self.possible)]
        return tuple(each.match(box) for each, box in seen if box is not None)

    def to_dict(self) -> dict[str, Any]:
        """Return the timeline as JSON-ready values, without pictures; see :meth:`from_dict`."""
        return {
            "format": _FORMAT,
            "size_wh": list(self.size_wh),
            "until": _seconds(self.until),
            "sampled": self.sampled,
            "searched": self.searched,
            "complete": self.complete,
            **({"damage": list(self.damage)} if self.damage else {}),
            "objects": [obj.to_dict() for obj in self._objects()],
            "sightings": [each.to_dict() for each in self.sightings],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Timeline:
        """Return the timeline that :meth:`to_dict` wrote; key frames have no picture.

        Raises:
            InvalidInput: It is none, or of another version.
        """
        if not isinstance(values, Mapping) or values.get("format") != _FORMAT:
            raise InvalidInput(
                f"expected a timeline of format {_FORMAT}, as Timeline.to_dict writes it, found "
                "something else; search the clip anew"
            )
        try:
            objects = {each["object_id"]: _object(each) for each in values["objects"]}
            return cls(
                size_wh=(int(values["size_wh"][0]), int(values["size_wh"][1])),
                until=float(values["until"]),
                sightings=tuple(_sighting(each, objects) for each in values["sightings"]),
                sampled=int(values["sampled"]),
                searched=int(values["searched"]),
                complete=bool(values["complete"]),
                damage=tuple(map(str, values.get("damage", ()))),
            )
        except (KeyError, IndexError, TypeError, ValueError) as exc:
            raise InvalidInput(
                f"expected a whole timeline, found one that is damaged ({exc!r}); search the clip "
                "anew"
            ) from exc

    def _objects(self) -> list[PersonalObject]:
        found = {obj.object_id: obj for each in self.sightings for obj in each.candidates}
        return list(found.values())


def _seconds(time: float) -> float:
    return round(time, 3)


def _edges(box: Box) -> list[float]:
    return [round(edge, 1) for edge in box.xyxy]


def _object(values: Mapping[str, Any]) -> PersonalObject:
    return PersonalObject(
        object_id=str(values["object_id"]),
        name=str(values["name"]),
        category=str(values["category"]),
        context=str(values["context"]),
        n_views=int(values["n_views"]),
        created_at=datetime.fromisoformat(values["created_at"]),
        n_negatives=int(values["n_negatives"]),
    )


def _sighting(values: Mapping[str, Any], objects: Mapping[str, PersonalObject]) -> Sighting:
    key = values["key_frame"]
    return Sighting(
        number=int(values["number"]),
        object=objects[values["object_id"]],
        start=float(values["start"]),
        end=float(values["end"]),
        key_frame=KeyFrame(float(key["time"]), _box(key["box_xyxy"])),
        boxes=tuple(TimedBox(float(time), _box(edges)) for time, *edges in values["boxes"]),
        score=float(values["score"]),
        probability=_chance(values["probability"]),
        alternatives=tuple(
            Candidate(objects[each["object_id"]], each["score"], _chance(each["probability"]))
            for each in values["or"]
        ),
        possible=bool(values["possible"]),
        looks=int(values["looks"]),
        ongoing=bool(values["ongoing"]),
    )


def _box(edges: Sequence[float]) -> Box:
    x0, y0, x1, y1 = (float(edge) for edge in edges)
    return Box(x0, y0, x1, y1)


def _chance(value: float | None) -> float | None:
    return None if value is None else float(value)
