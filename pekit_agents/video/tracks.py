"""Things that are followed through a clip: ``Tracks`` links the regions of one search to the next.

Two regions are one thing where they overlap, or one lies in the other, after what lay in the first
was followed to the frame of the second, and where they rather show the same than another thing by
the kit's own score. That is all: detections come with a vector that tells things apart, so that no
model of motion is needed to guess which is which.

What a thing is, is decided by all looks at it together. The mean of their vectors is compared with
the memory in place of the vector of one frame, by the same rule as in a photo. What was named so
once stays so until it is not even possible any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.boxes import containment, iou_matrix, resized
from pekit_agents.video.following import follow
from pekit_agents.video.key_frames import kept_picture
from pekit_agents.video.timeline import KeyFrame, TimedBox

if TYPE_CHECKING:
    from pekit_agents.types import Box, FloatArray, Match, RGBImage
    from pekit_agents.video.looking import Look
    from pekit_agents.video.stretches import GreyFrame, Stretch

__all__ = ["Track", "Tracks", "in_clip"]


@dataclass(slots=True, eq=False)
class Track:
    """One thing, from frame to frame.

    Attributes:
        place: Where it is or was last, xyxy in pixels of the frames that are searched.
        total: (D,) float32: the sum of the vectors of its looks.
        looks: How many frames spoke for or against it.
        match: What it is by all of them; None for nothing that is remembered.
        boxes: Where it was while it was recognised, in pixels of the clip.
        unsure: Where it was followed to since then.
        followed: Whether it is still seen where it was followed to.
        missed: Whether the last search did not find it.
        key_frame: Where it was recognised best.
    """

    place: Box
    total: FloatArray
    looks: int = 0
    match: Match | None = None
    boxes: list[TimedBox] = field(default_factory=list)
    unsure: list[TimedBox] = field(default_factory=list)
    followed: bool = True
    missed: bool = False
    key_frame: KeyFrame | None = None
    searched_at: Box | None = None
    _best: tuple[bool, float] = (False, -np.inf)

    @property
    def mean(self) -> FloatArray:
        """(D,) float32 of unit length: all looks together."""
        mean: FloatArray = self.total / np.linalg.norm(self.total)
        return mean

    @property
    def in_sight(self) -> bool:
        """Whether it was found by the last search, and followed since."""
        return self.followed and not self.missed

    def see(self, vector: FloatArray) -> None:
        """Add a look."""
        self.total = self.total + vector
        self.looks += 1

    def decide(self, match: Match | None, at: GreyFrame, image: RGBImage) -> None:
        """Note what it is by all looks so far.

        Args:
            match: What the last search made of them.
            at: The frame that was searched.
            image: The same.
        """
        held = self.match
        same = bool(match and held and match.object.object_id == held.object.object_id)
        if not (same and match and held and match.possible and not held.possible):
            self.match = match
        if match is None:
            return
        worth = (not match.possible, match.score)
        if not same or worth > self._best:
            self._best = worth
            self.key_frame = KeyFrame(at.time, in_clip(match.box, at), kept_picture(image))


class Tracks:
    """All things that are followed; those that are gone are handed over once.

    Args:
        apart: Seconds out of sight after which a thing is gone.

    Attributes:
        open: What is followed still.
    """

    def __init__(self, apart: float) -> None:
        self._apart = apart
        self.open: list[Track] = []
        self._last: GreyFrame | None = None

    def advance(self, stretch: Stretch, look: Look | None) -> list[Track]:
        """Go through a stretch of the clip; return the tracks that ended.

        Args:
            stretch: The frames.
            look: What its searched frame shows; None where none is searched.
        """
        ended: list[Track] = []
        if stretch.cut:
            ended, self.open, self._last = self.open, [], None
        if look is None or stretch.searched is None or stretch.image is None:
            for at in stretch.frames:
                self._stay(at)
            return ended
        upto = stretch.searched
        for at in stretch.frames[: upto + 1]:
            self._follow(at, sure=False)
        gone = self._gone(stretch.frames[upto].time)
        begun = self._link(look, stretch.frames[upto], stretch.image)
        self._trace_back(begun, stretch.frames[: upto + 1])
        for at in stretch.frames[upto + 1 :]:
            self._follow(at, sure=True)
        return ended + gone

    def _stay(self, at: GreyFrame) -> None:
        """Take a frame in which nothing moved since the last search."""
        self._last = at
        for track in self.open:
            if track.searched_at is not None:
                track.place, track.followed = track.searched_at, True
                if not track.missed:
                    track.boxes.append(TimedBox(at.time, in_clip(track.place, at)))

    def _follow(self, at: GreyFrame, *, sure: bool) -> None:
        """Follow what is seen to the next frame.

        Args:
            at: The frame.
            sure: Whether what the last search found is still believed to be there: it is within
                the stretch, and the next search has a say after it.
        """
        before, self._last = self._last, at
        tracks = [track for track in self.open if track.followed]
        if before is None:
            return
        places = [track.place for track in tracks]
        size = at.image_wh
        for track, place in zip(tracks, follow(before.grey, at.grey, places, size), strict=True):
            if place is None:
                track.followed = False
                continue
            track.place = place
            kept = track.boxes if sure and not track.missed else track.unsure
            kept.append(TimedBox(at.time, in_clip(place, at)))

    def _gone(self, time: float) -> list[Track]:
        """Give up what was not found for long."""
        gone = [
            track
            for track in self.open
            if track.missed and time - track.boxes[-1].time > self._apart
        ]
        self.open = [track for track in self.open if track not in gone]
        return gone

    def _link(self, look: Look, at: GreyFrame, image: RGBImage) -> list[Track]:
        """Link the regions of a search to tracks; return what begins."""
        owners = self._owners(look)
        for region, track in owners.items():
            track.see(look.vectors[region])
        found = look.matches({region: track.mean for region, track in owners.items()})
        where = {id(track): region for region, track in owners.items()}
        verdicts: dict[int, Match] = {}
        begun: list[Track] = []
        for match in found:
            region = match.region - 1
            known = owners.get(region) or self._at(look, region, where, verdicts)
            track = known or Track(match.box, np.zeros_like(look.vectors[region]))
            if known is None:
                track.see(look.vectors[region])
                begun.append(track)
            where[id(track)] = region
            verdicts[id(track)] = match
        for track in self.open:
            if id(track) not in where:
                track.missed, track.searched_at = True, track.place
        self.open += begun
        for track in self.open:
            if id(track) in where:
                verdict = verdicts.get(id(track))
                box = look.boxes[where[id(track)]] if verdict is None else verdict.box
                self._place(track, box, at)
                track.decide(verdict, at, image)
        return begun

    def _owners(self, look: Look) -> dict[int, Track]:
        """Return whose regions are: of each track the most telling one that may show it."""
        if not self.open or not look.boxes:
            return {}
        overlap = look.search.settings.overlap
        edges = [box.xyxy for box in look.boxes]
        pairs: list[tuple[float, int, int]] = []
        for number, track in enumerate(self.open):
            place = [track.place.xyxy]
            same_place = iou_matrix(place, edges)[0] > overlap
            part = containment(place, edges)[0] > look.search.settings.inside
            (near,) = np.nonzero(same_place | part)
            if len(near):
                same = look.search.sameness(track.mean, look.vectors[near]) >= 0
                pairs += [(float(look.strengths[k]), number, int(k)) for k in near[same]]
        owners: dict[int, Track] = {}
        linked: set[int] = set()
        for _, number, region in sorted(pairs, reverse=True):
            if number not in linked and region not in owners:
                owners[region] = self.open[number]
                linked.add(number)
        return owners

    def _at(
        self, look: Look, region: int, where: dict[int, int], verdicts: dict[int, Match]
    ) -> Track | None:
        """Return the track that a region repeats: it is linked to one that lies there."""
        overlap = look.search.settings.overlap
        for track in self.open:
            other = where.get(id(track))
            if other is not None and id(track) not in verdicts:
                edges = look.boxes[region].xyxy, look.boxes[other].xyxy
                if iou_matrix([edges[0]], [edges[1]])[0, 0] > overlap:
                    return track
        return None

    @staticmethod
    def _place(track: Track, box: Box, at: GreyFrame) -> None:
        """Note where a track was found; where it was followed to before is sure by that."""
        track.boxes += track.unsure
        track.unsure = []
        now = TimedBox(at.time, in_clip(box, at))
        if track.boxes and track.boxes[-1].time >= now.time:
            track.boxes.pop()
        track.boxes.append(now)
        track.place = track.searched_at = box
        track.followed, track.missed = True, False

    @staticmethod
    def _trace_back(begun: Iterable[Track], frames: tuple[GreyFrame, ...]) -> None:
        """Follow what begins to before it was searched."""
        for track in begun:
            place, earlier = track.place, list[TimedBox]()
            for now, before in zip(frames[:0:-1], frames[-2::-1], strict=True):
                (was,) = follow(now.grey, before.grey, [place], now.image_wh)
                if was is None:
                    break
                place = was
                earlier.append(TimedBox(before.time, in_clip(place, before)))
            track.boxes[:0] = reversed(earlier)


def in_clip(box: Box, at: GreyFrame) -> Box:
    """Return a box of the frame that was searched in pixels of the upright clip."""
    return resized(box, at.image_wh, at.size_wh)
