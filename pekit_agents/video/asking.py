"""``prompt``: what any LVLM needs to answer about the things that were found in a clip.

Key frames stand numbered on one picture, as LVLMs take one each; the text says at what time each
is, who is in its boxes, and from when to when each thing was in sight. As in the prompt of a photo,
names, categories and contexts are quoted as data and said to be no instructions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pekit_agents.errors import InvalidInput
from pekit_agents.owner_text import CONTEXT_LIMIT
from pekit_agents.prompting.drawing import assign_colours
from pekit_agents.prompting.entities import (
    DATA,
    asked,
    introduction,
    named,
    notes,
    open_points,
    others,
)
from pekit_agents.prompting.naming import named_objects
from pekit_agents.types import Prompt
from pekit_agents.video.clock import clock
from pekit_agents.video.contact_sheet import contact_sheet
from pekit_agents.video.interpolation import box_between, sampling_step
from pekit_agents.video.key_frames import drawn, spread
from pekit_agents.video.spans import spans_of
from pekit_agents.video.tiles import Tile, columns_of, sheet_of
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.prompting.drawing import Colour
    from pekit_agents.types import Match, PersonalObject, RGBImage
    from pekit_agents.video.spans import Span
    from pekit_agents.video.timeline import Sighting, Timeline

__all__ = ["MOST_FRAMES", "MOST_TIMES", "prompt"]

#: Frames on the picture: of nine on a picture of the size that LVLMs take, each can still be read.
MOST_FRAMES = 8
#: Lines that say from when to when something was in sight: about a page.
MOST_TIMES = 40
_NOTES = 4 * CONTEXT_LIMIT  # characters of all contexts together
_LEAST_NOTE = 100  # characters of each, however many there are
_SHEET = 1440  # pixels of the width of the picture
_LARGEST_TILE = 720

_CAPTION = (
    "Say in a few sentences what happens in this clip, in the order of time, and call each entity "
    "by its name where that is certain."
)
_TIMES = (
    "Times are minutes:seconds from the beginning of the clip. From when to when each entity was "
    "in sight:"
)
_RULES = (
    "Whenever you speak of one of these entities, use the name it is called by. The boxes, name "
    "plates and numbers were drawn on the frames only to show you which is which: never mention a "
    "box, a plate, the colour of a box or the number of a frame; say the time instead. Outside of "
    "the times above an entity was not recognised: it was out of sight or could not be made out. "
    "Objects of the user that are not listed above were not recognised at all."
)


def prompt(
    timeline: Timeline,
    question: str | None = None,
    *,
    most_frames: int = MOST_FRAMES,
    most_times: int = MOST_TIMES,
) -> Prompt:
    """Build what any LVLM needs to answer about a clip, "When did Biscuit leave the room?".

    The frames that are shown are key frames, of different things first, and of the things that the
    question names before all others. Where there are more sightings than ``most_times``, those of
    one thing that follow each other soonest are told as one.

    Args:
        timeline: What was found in the clip.
        question: What the user asks; None or blank asks what happens in the clip.
        most_frames: How many frames to show, at least one.
        most_times: In how many lines to say when something was in sight, at least one.

    Returns:
        The picture, the text, and one match of each thing that the text speaks of, with its box in
        pixels of the clip at its best moment. Where nothing was found, picture and text say so.

    Raises:
        InvalidInput: The question is too long, or a number is below 1.
        ImageError: The picture of a key frame is damaged.
    """
    if most_frames < 1 or most_times < 1:
        raise InvalidInput(
            "prompt: expected most_frames and most_times of at least 1, got "
            f"{most_frames} and {most_times}; leave them out for the usual ones"
        )
    wanted = asked(question)
    if not timeline.sightings:
        text = f"{_clip(timeline)} None of the user's personal objects was found in it."
        return Prompt(contact_sheet(timeline), "\n\n".join([text, wanted or _CAPTION]))
    first = _asked_about(timeline, wanted)
    spans, left_out = spans_of(timeline.sightings, most_times, first=first)
    step = sampling_step(timeline)
    frames = _frames(timeline, most_frames, first, step)
    seen = [_in_frame(timeline, each, step) for each in frames]
    palette = assign_colours(match for matches in seen for match in matches)
    told = _each_once([span.match for span in spans] + [m for matches in seen for m in matches])
    parts = [
        DATA,
        *_shown(timeline, frames, seen, palette),
        _in_sight(timeline, spans, left_out),
        *_notes(told),
        _RULES,
        *open_points(told),
        wanted or _CAPTION,
    ]
    picture = _picture(timeline, frames, seen, palette) if frames else contact_sheet(timeline)
    return Prompt(picture, "\n\n".join(parts), told)


def _asked_about(timeline: Timeline, question: str) -> set[str]:
    """Return the identities of what a question names."""
    objects = dict.fromkeys(obj for each in timeline.sightings for obj in each.candidates)
    meant = set(named_objects(list(objects), question)) if question else set()
    return {
        each.match().identity for each in timeline.sightings if meant.intersection(each.candidates)
    }


def _frames(timeline: Timeline, most: int, first: set[str], step: float) -> list[Sighting]:
    def shown_with(sighting: Sighting) -> set[str]:
        return {match.identity for match in _in_frame(timeline, sighting, step)}

    kept = [each for each in timeline.sightings if each.key_frame.picture]
    found = spread(kept, most, first=first, shown_with=shown_with)
    at = {each.key_frame.time: each for each in found}  # things side by side have one frame
    return list(at.values())


def _in_frame(timeline: Timeline, sighting: Sighting, step: float) -> list[Match]:
    """Return all that is in sight in the key frame of a sighting, what is named first."""
    key = sighting.key_frame
    boxes = (
        (each, key.box if each is sighting else box_between(each, key.time, step))
        for each in (*timeline.named, *timeline.possible)
    )
    return [each.match(box) for each, box in boxes if box is not None]


def _clip(timeline: Timeline) -> str:
    until = f"{clock(timeline.until)} (minutes:seconds)"
    if timeline.complete:
        return f"This is about a video clip, which ends at {until}."
    return (
        f"This is about a video clip, which was searched until {until}: what it shows after that "
        "is not known."
    )


def _shown(
    timeline: Timeline,
    frames: Sequence[Sighting],
    seen: Sequence[Sequence[Match]],
    palette: Mapping[str, Colour],
) -> list[str]:
    if not frames:
        return [_clip(timeline)]
    several = len(frames) > 1
    head = (
        f"{_clip(timeline)} The picture shows {counted(len(frames), 'frame')} of it"
        f"{', numbered in the order of time' if several else ''}."
    )
    lines = [
        f"Frame {number}, at {clock(frame.key_frame.time)}: {introduction(matches, palette)}"
        for number, (frame, matches) in enumerate(zip(frames, seen, strict=True), 1)
    ]
    return ["\n".join([head, *lines])]


def _in_sight(timeline: Timeline, spans: Iterable[Span], left_out: int) -> str:
    lines = [_TIMES, *(_line(span, timeline) for span in spans)]
    if left_out:
        lines.append(f"- and {counted(left_out, 'more entity', 'more entities')}, for less long")
    return "\n".join(lines)


def _line(span: Span, timeline: Timeline) -> str:
    who = named(span.match)
    if span.match.possible:
        who += f" or {others(span.match, several=False)}"
    often = f", {span.times} times with breaks between" if span.times > 1 else ""
    ends = "the clip ended" if timeline.complete else "the search stopped"
    still = f", and it was still in sight when {ends}" if span.ongoing else ""
    return f"- {who}: {clock(span.start)}-{clock(span.end)}{often}{still}"


def _notes(told: Iterable[Match]) -> list[str]:
    objects = dict.fromkeys(obj for match in told for obj in match.candidates)
    with_notes: list[PersonalObject] = [obj for obj in objects if obj.context.strip()]
    each = _NOTES // max(1, len(with_notes))
    return notes(with_notes, limit=min(CONTEXT_LIMIT, max(_LEAST_NOTE, each)))


def _each_once(matches: Iterable[Match]) -> tuple[Match, ...]:
    """Return one match of each identity, what is named first."""
    found: dict[str, Match] = {}
    for match in matches:
        found.setdefault(match.identity, match)
    return tuple(sorted(found.values(), key=lambda match: match.possible))


def _picture(
    timeline: Timeline,
    frames: Sequence[Sighting],
    seen: Sequence[Sequence[Match]],
    palette: Mapping[str, Colour],
) -> RGBImage:
    side = min(_LARGEST_TILE, _SHEET // columns_of(len(frames)))
    width, height = timeline.size_wh
    scale = side / max(width, height)
    tile_wh = max(1, round(width * scale)), max(1, round(height * scale))
    tiles = [
        Tile(
            drawn(
                frame.key_frame.picture,
                matches,
                palette,
                from_wh=timeline.size_wh,
                tile_wh=tile_wh,
            ),
            (f"frame {number}, {clock(frame.key_frame.time)}",),
        )
        for number, (frame, matches) in enumerate(zip(frames, seen, strict=True), 1)
    ]
    return sheet_of(tiles, tile_wh)
