"""``contact_sheet``: one picture of what was found in a clip, sighting by sighting."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING

from PIL import Image

from pekit_agents.owner_text import to_ascii
from pekit_agents.prompting.match_text import chances_of
from pekit_agents.video.clock import clock, from_to
from pekit_agents.video.key_frames import drawn, spread
from pekit_agents.video.palette import palette_of
from pekit_agents.video.tiles import Tile, font_of, sheet_of, shortened
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.types import PersonalObject, RGBImage
    from pekit_agents.video.timeline import Sighting, Timeline

__all__ = ["contact_sheet"]

_WIDTH = 360  # of a tile, in pixels
_MOST = 60  # tiles: more of them make a picture that no screen shows
_LETTERS_IN_ROW = 44
_NO_PICTURE = (225, 225, 225)


def contact_sheet(timeline: Timeline, *, most: int = _MOST) -> RGBImage:
    """Return one picture of all sightings in the order of time: each one's key frame with its box.

    Under a frame stand the name, "may be Biscuit" where it is only possible and "Biscuit or Bella"
    where it may be several; from when to when it was seen; and how probable it is. A name is
    written with the accents dropped; where the built-in font has no letters for it, what the thing
    is and the number of the sighting stand there. Where nothing was found, the picture says so.

    Args:
        timeline: What was found in a clip.
        most: How many sightings to show, at least one. Of more, those of different things are
            taken first, and the sheet says how many are left out.

    Raises:
        ImageError: The picture of a key frame is damaged.
    """
    if not timeline.sightings:
        return _nothing(timeline)
    shown = spread(timeline.sightings, max(1, most))
    shown.sort(key=lambda each: (each.start, each.number))
    tile_wh = (_WIDTH, _height(timeline))
    sheet = sheet_of([_tile(each, timeline, tile_wh) for each in shown], tile_wh)
    left_out = len(timeline.sightings) - len(shown)
    return _with_line(sheet, counted(left_out, "more sighting")) if left_out else sheet


def _tile(sighting: Sighting, timeline: Timeline, tile_wh: tuple[int, int]) -> Tile:
    picture = sighting.key_frame.picture
    if picture:
        image = drawn(
            picture,
            [sighting.match()],
            palette_of(timeline),
            from_wh=timeline.size_wh,
            tile_wh=tile_wh,
        )
    else:
        image = Image.new("RGB", tile_wh, _NO_PICTURE)
    chances = chances_of(sighting.match())
    when = f"{from_to(sighting)}{', still in sight' if sighting.ongoing else ''}"
    return Tile(image, (*_names(sighting), f"{when}   {chances}".rstrip()))


def _names(sighting: Sighting) -> Iterator[str]:
    """Yield the names in one line, or in a line each where there is no room for all."""
    head = "may be " if sighting.possible else ""
    names = [_written(obj, sighting) for obj in sighting.candidates]
    whole = f"{head}{' or '.join(names)}"
    if font_of().getlength(whole) <= _WIDTH:
        yield whole
        return
    yield shortened(f"{head}{names[0]}", _WIDTH)
    for name in names[1:]:
        yield shortened(f"or {name}", _WIDTH)


def _written(obj: PersonalObject, sighting: Sighting) -> str:
    return to_ascii(obj.name) or f"{to_ascii(obj.category)} ({sighting.number})".lstrip()


def _height(timeline: Timeline) -> int:
    """Return the height of a tile: that of a frame, and at most a square."""
    width, height = timeline.size_wh
    return min(_WIDTH, max(1, round(_WIDTH * height / width))) if width else _WIDTH


def _nothing(timeline: Timeline) -> RGBImage:
    said = [
        "No personal object was found.",
        f"{counted(timeline.sampled, 'frame')} until {clock(timeline.until)}",
        *wrap(to_ascii("; ".join(timeline.damage)), _LETTERS_IN_ROW),
    ]
    blank = Image.new("RGB", (_WIDTH, 1), "white")
    return sheet_of([Tile(blank, said)], (_WIDTH, 1))


def _with_line(sheet: RGBImage, text: str) -> RGBImage:
    line = sheet_of([Tile(Image.new("RGB", (_WIDTH, 1), "white"), (text,))], (_WIDTH, 1))
    whole = Image.new("RGB", (max(sheet.width, line.width), sheet.height + line.height), "white")
    whole.paste(sheet)
    whole.paste(line, (0, sheet.height))
    return whole
