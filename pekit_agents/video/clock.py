"""Times of a clip in words: ``clock`` is "1:02.5", ``from_to`` is that of a sighting."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pekit_agents.video.timeline import Sighting

__all__ = ["clock", "from_to"]


def clock(seconds: float) -> str:
    """Return a time as minutes and seconds, "0:03.2", with hours where there are any, "1:00:03.2".

    Args:
        seconds: From the beginning of the clip.
    """
    tenths = round(10 * seconds)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    said = f"{rest // 10:02}.{rest % 10}"
    return f"{hours}:{minutes:02}:{said}" if hours else f"{minutes}:{said}"


def from_to(sighting: Sighting) -> str:
    """Return from when to when a thing was seen, "0:03.2-0:11.0"."""
    return f"{clock(sighting.start)}-{clock(sighting.end)}"
