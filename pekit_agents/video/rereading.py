"""``with_pictures``: the key frames of a timeline that was stored without them, read again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pekit_agents.errors import ClipError
from pekit_agents.video.decoding import frames_of
from pekit_agents.video.key_frames import kept_picture

if TYPE_CHECKING:
    from pekit_agents.video.timeline import Sighting, Timeline

__all__ = ["with_pictures"]

_NEAR = 0.1  # seconds: what is read from the middle of a clip may be a frame later


def with_pictures(timeline: Timeline, source: object) -> Timeline:
    """Return a timeline in which each key frame has its picture.

    Args:
        timeline: What was found in the clip.
        source: The clip, a path or bytes. What cannot be read there any more stays without.
    """
    sightings = tuple(
        each if each.key_frame.picture else _with_picture(each, source)
        for each in timeline.sightings
    )
    return replace(timeline, sightings=sightings)


def _with_picture(sighting: Sighting, source: object) -> Sighting:
    key = sighting.key_frame
    try:
        frame = next(frames_of(source, start=key.time, on_damage=lambda *_: None), None)
    except ClipError:
        return sighting
    if frame is None or frame.time > key.time + _NEAR:
        return sighting
    return replace(sighting, key_frame=replace(key, picture=kept_picture(frame.image)))
