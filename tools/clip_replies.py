"""What the verbs say of clips: texts that carry a whole timeline without a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pekit_agents.tools.replies import DATA, EMPTY, sighting
from pekit_agents.video.clock import clock, from_to
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.types import PersonalObject
    from pekit_agents.video.timeline import Sighting, Timeline

__all__ = ["MOST_SIGHTINGS", "found_in_clip", "goes_on", "nothing_in_clip"]

#: How many sightings a text tells of, of a kind.
MOST_SIGHTINGS = 40


def found_in_clip(
    timeline: Timeline,
    handle: str,
    start: float,
    sheet: str,
    frames: Mapping[int, str],
) -> str:
    """Return what was found in a clip: what is named, and after it what is possible.

    Args:
        timeline: What was found.
        handle: The clip's handle.
        start: From where on it was searched, in seconds.
        sheet: The handle of the picture that shows each sighting with its box.
        frames: The handles of frames without boxes, by the number of their sighting.
    """
    parts = []
    for sightings, kind, end in (
        (timeline.named, "sighting", ""),
        (timeline.possible, "possible sighting", ", too unsure to be named"),
    ):
        if sightings:
            count = counted(len(sightings), kind)
            parts.append(f"{count} of personal objects in {_part(timeline, handle, start)}{end}:")
            parts += [_line(each, timeline, frames) for each in sightings[:MOST_SIGHTINGS]]
            if len(sightings) > MOST_SIGHTINGS:
                parts.append(f"... and {len(sightings) - MOST_SIGHTINGS} more")
    parts.append(
        f"Times are minutes:seconds. The best moment of each, with its box, is in picture {sheet}."
    )
    if frames:
        parts.append(
            "To correct or confirm a sighting, give the handle of its frame to correct_personal."
        )
    return "\n".join([*parts, *_damage(timeline), DATA])


def nothing_in_clip(
    timeline: Timeline, handle: str, start: float, objects: Sequence[PersonalObject]
) -> str:
    """Return that a clip shows nothing personal; that is a result and no failure."""
    head = f"No personal object was found in {_part(timeline, handle, start)}."
    return "\n".join([head if objects else f"{head} {EMPTY}", *_damage(timeline)])


def goes_on(rest: float, seconds: int) -> str:
    """Return that a clip has more than was searched, and how to go on.

    Args:
        rest: From where on nothing was searched, in seconds.
        seconds: How much of a clip one call searches.
    """
    return (
        f"The clip goes on after {clock(rest)}, and what it shows there is not known yet: one call "
        f"searches {seconds} seconds of a clip. To search on, call find_in_video with "
        f"start={rest:g}."
    )


def _part(timeline: Timeline, handle: str, start: float) -> str:
    return f"clip {handle} from {clock(start)} to {clock(timeline.until)}"


def _line(each: Sighting, timeline: Timeline, frames: Mapping[int, str]) -> str:
    still = ", still in sight then" if each.ongoing else ""
    at = clock(each.key_frame.time)
    frame = f" (frame {frames[each.number]})" if each.number in frames else ""
    what = sighting(each.match(), timeline.size_wh)
    return f"- {from_to(each)}{still}, best seen at {at}{frame}: {what}"


def _damage(timeline: Timeline) -> list[str]:
    if not timeline.damage:
        return []
    return [f"Some of the clip could not be read: {'; '.join(timeline.damage)}."]
