"""The visual half of the prompt (paper 3.4): coloured boxes with name plates on a copy.

One colour per object, so that a colour and a name stand for each other; two matches of one
object share it, unless one of them is only possible. The colours stay apart for colour-blind
readers (the tests measure it), every line has a contrasting outline, and everything scales with
the picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from PIL import ImageDraw, ImageFont

from pekit_agents.boxes import clip
from pekit_agents.owner_text import NAME_LIMIT, to_ascii
from pekit_agents.types import Box

if TYPE_CHECKING:
    from pekit_agents.types import Match, RGBImage

__all__ = ["COLOURS", "Colour", "annotate", "assign_colours"]

_RGB: TypeAlias = tuple[int, int, int]
_BLACK: _RGB = (0, 0, 0)
_WHITE: _RGB = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Colour:
    """What a box is drawn with.

    Attributes:
        name: What to call it in a prompt, "blue" or "dashed blue"; unique.
        rgb: Red, green and blue in 0..255.
        dash: Lengths drawn and skipped, in line widths; None is a solid line.
    """

    name: str
    rgb: _RGB
    dash: tuple[int, int] | None = None


COLOURS: tuple[Colour, ...] = (
    Colour("blue", (30, 90, 230)),
    Colour("orange", (238, 135, 30)),
    Colour("green", (25, 155, 80)),
    Colour("pink", (255, 165, 180)),
    Colour("yellow", (255, 225, 20)),
    Colour("red", (196, 18, 0)),
    Colour("cyan", (103, 215, 250)),
    Colour("purple", (97, 34, 139)),
    Colour("white", _WHITE),
    Colour("black", _BLACK),
    Colour("brown", (102, 46, 35)),
    Colour("gray", (115, 115, 115)),
)
_DASHES = (("dashed", (4, 2)), ("dotted", (1, 1)))
_ALL = COLOURS + tuple(
    replace(colour, name=f"{style} {colour.name}", dash=dash)
    for style, dash in _DASHES
    for colour in COLOURS
)


def assign_colours(matches: Iterable[Match]) -> dict[str, Colour]:
    """Give every object a colour of its own, in the order of first appearance.

    What may be one of several objects, or is only possibly one, has a colour of its own as well.

    Args:
        matches: The most important first.

    Returns:
        :attr:`Match.identity` -> colour: the twelve solid ones, then the same dashed, then
        dotted. After 36 there is none left, and the rest are left out.
    """
    identities = dict.fromkeys(match.identity for match in matches)
    return dict(zip(identities, _ALL, strict=False))


def annotate(
    image: RGBImage, matches: Sequence[Match], *, colours: Mapping[str, Colour] | None = None
) -> RGBImage:
    """Draw a box and a name plate for every match on a copy of the picture.

    The line runs around the box, not over the object, except at the picture's border. Boxes
    are clipped to the picture; one wholly outside is not drawn. The plate of an ambiguous match
    reads "Biscuit or Bella?", that of a possible one "Biscuit?". A name is written with the
    accents dropped; where the built-in font has no letters for it, the box stays without.

    Args:
        image: The upright picture; it is not changed.
        matches: Boxes in pixels of ``image``.
        colours: :attr:`Match.identity` -> colour; default :func:`assign_colours`. Matches without
            one are not drawn.

    Returns:
        A new RGB picture of the same size.
    """
    picture = image.convert("RGB")
    palette = assign_colours(matches) if colours is None else colours
    pen = _Pen.for_size(*picture.size)
    drawn = list(_drawn(matches, palette, pen, picture.size))
    draw = ImageDraw.Draw(picture)
    for seen in sorted(drawn, key=lambda seen: -seen.frame.area):  # the small ones on top
        _draw_frame(draw, seen, pen)
    plates: list[Box] = []
    for seen in drawn:
        text = _fit(seen, pen, picture.size)
        if text:
            # Without their bands, and without what the band of a touching box covers anyway. A box
            # around this one is behind every spot.
            others = [
                _inset(other.frame, 2 * pen.band)
                for other in drawn
                if not _around(other.frame, seen.frame)
            ]
            plate = _place(seen.frame, _plate_size(text, pen), plates, others, picture.size)
            _draw_plate(draw, plate, text, seen.colour, pen)
            plates.append(plate)
    return picture


@dataclass(frozen=True, slots=True)
class _Pen:
    """Sizes in whole pixels that suit one picture."""

    line: int
    halo: int
    pad: int
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont

    @classmethod
    def for_size(cls, width: int, height: int) -> _Pen:
        scale, short = (width + height) / 2, min(width, height)
        line = max(2, min(round(0.006 * scale), short // 16))
        letters = max(11, min(round(0.026 * scale), short // 8))
        return cls(line, max(1, line // 3), max(2, letters // 4), ImageFont.load_default(letters))

    @property
    def band(self) -> int:
        return self.line + 2 * self.halo


@dataclass(frozen=True, slots=True)
class _Drawn:
    text: str  # on its plate; empty for none
    end: str  # of the text, never cut off: "?" where the match is not certain
    colour: Colour
    frame: Box  # outer edge of the drawn band, whole pixels inside the picture


def _drawn(
    matches: Sequence[Match], palette: Mapping[str, Colour], pen: _Pen, size: tuple[int, int]
) -> Iterator[_Drawn]:
    for match in matches:
        box, colour = clip(match.box, *size), palette.get(match.identity)
        if box is not None and colour is not None:
            frame = Box(
                max(math.floor(box.x0) - pen.band, 0),
                max(math.floor(box.y0) - pen.band, 0),
                min(math.ceil(box.x1) + pen.band, size[0]),
                min(math.ceil(box.y1) + pen.band, size[1]),
            )
            yield _Drawn(_plate_text(match), "" if match.certain else "?", colour, frame)


def _plate_text(match: Match) -> str:
    names = [to_ascii(obj.name) for obj in match.candidates]
    if not all(names):
        return ""  # a plate that names only some of them would mislead
    return " or ".join(names)


def _draw_frame(draw: ImageDraw.ImageDraw, seen: _Drawn, pen: _Pen) -> None:
    _draw_ring(draw, seen.frame, pen.band, _ink_on(seen.colour.rgb))
    line = _inset(seen.frame, pen.halo)
    if seen.colour.dash is None:
        _draw_ring(draw, line, pen.line, seen.colour.rgb)
    else:
        for dash in _dashes(line, pen.line, seen.colour.dash):
            _fill(draw, dash, seen.colour.rgb)


def _draw_ring(draw: ImageDraw.ImageDraw, frame: Box, thickness: int, rgb: _RGB) -> None:
    inner = _inset(frame, thickness)
    for side in (
        Box(frame.x0, frame.y0, frame.x1, inner.y0),
        Box(frame.x0, inner.y1, frame.x1, frame.y1),
        Box(frame.x0, frame.y0, inner.x0, frame.y1),
        Box(inner.x1, frame.y0, frame.x1, frame.y1),
    ):
        _fill(draw, side, rgb)


def _dashes(frame: Box, line: int, dash: tuple[int, int]) -> Iterator[Box]:
    drawn, step = dash[0] * line, sum(dash) * line
    for x in range(int(frame.x0), int(frame.x1), step):
        end = min(x + drawn, frame.x1)
        yield Box(x, frame.y0, end, frame.y0 + line)
        yield Box(x, frame.y1 - line, end, frame.y1)
    for y in range(int(frame.y0), int(frame.y1), step):
        end = min(y + drawn, frame.y1)
        yield Box(frame.x0, y, frame.x0 + line, end)
        yield Box(frame.x1 - line, y, frame.x1, end)


def _inset(frame: Box, by: int) -> Box:
    return Box(frame.x0 + by, frame.y0 + by, frame.x1 - by, frame.y1 - by)


def _fill(draw: ImageDraw.ImageDraw, area: Box, rgb: _RGB) -> None:
    if area.width > 0 and area.height > 0:
        draw.rectangle((area.x0, area.y0, area.x1 - 1, area.y1 - 1), fill=rgb)


def _ink_on(rgb: _RGB) -> _RGB:
    """Return black or white, whichever contrasts more (WCAG relative luminance)."""
    linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return _BLACK if (luminance + 0.05) ** 2 > 1.05 * 0.05 else _WHITE


def _fit(seen: _Drawn, pen: _Pen, size: tuple[int, int]) -> str:
    """Cut a plate's text to two fifths of the picture's width; "" when not even a letter fits."""
    room = 0.4 * size[0] - 2 * pen.pad
    if _plate_size("", pen)[1] > size[1] / 3:
        return ""
    text = seen.text[:NAME_LIMIT]
    short = f"{text}{seen.end}" if text else ""
    while short and pen.font.getlength(short) > room:
        text = text[:-1]
        short = f"{text.rstrip()}…{seen.end}" if text else ""
    return short


def _plate_size(text: str, pen: _Pen) -> tuple[int, int]:
    bottom = pen.font.getbbox("Ag")[3]  # from the ascender to the lowest descender
    return math.ceil(pen.font.getlength(text)) + 2 * pen.pad, math.ceil(bottom) + pen.pad


def _place(
    frame: Box,
    plate_size: tuple[int, int],
    plates: Sequence[Box],
    others: Sequence[Box],
    size: tuple[int, int],
) -> Box:
    """Choose the spot that says best whose name it is and hides least.

    Above the box is best. Where there is no room, inside it comes next, unless much of it would be
    hidden: below and beside it a plate can be taken for that of a neighbour. On a neighbour's box
    it stands only where everything else is worse, and on another plate last.
    """

    def cost(spot: Box) -> float:
        hidden = 50 * sum(_shared(spot, plate) for plate in plates)
        within = _common(spot, frame)
        for other in others:
            hidden += 5 * _shared(spot, other) - 4 * _shared(within, other)
        above = spot.y1 <= frame.y0 and spot.x0 < frame.x1 and spot.x1 > frame.x0
        apart = not above and not _around(frame, spot)
        own = _shared(spot, frame) / frame.area
        away = _gap(spot, frame) / spot.height
        return hidden / spot.area + own + 0.25 * apart + 0.4 * away

    return min(_spots(frame, plate_size, size), key=cost)  # of equals the first


def _spots(frame: Box, plate_size: tuple[int, int], size: tuple[int, int]) -> Iterator[Box]:
    """Above, inside, below and beside the box, then steps away; all within the picture."""
    width, height = plate_size
    columns = (frame.x0, frame.x1 - width, (frame.x0 + frame.x1 - width) // 2)
    beside = (frame.x1, frame.x0 - width)
    above, below = frame.y0 - height, frame.y1
    inside = (frame.y0, frame.y1 - height)
    spots = [(x, y) for y in (above, *inside, below) for x in columns]
    spots += [(x, y) for x in beside for y in (*inside, above, below)]
    steps = (-1, 1, -2, 2, -3, 3)
    spots += [(x, y + n * height) for n in steps for y in (above, below) for x in columns]
    for x, y in spots:
        left = min(max(x, 0), size[0] - width)
        top = min(max(y, 0), size[1] - height)
        yield Box(left, top, left + width, top + height)


def _around(outer: Box, inner: Box) -> bool:
    """Return whether one box holds the other one whole."""
    return (
        outer.x0 <= inner.x0
        and outer.y0 <= inner.y0
        and outer.x1 >= inner.x1
        and outer.y1 >= inner.y1
    )


def _gap(a: Box, b: Box) -> float:
    return max(a.x0 - b.x1, b.x0 - a.x1, a.y0 - b.y1, b.y0 - a.y1, 0.0)


def _common(a: Box, b: Box) -> Box:
    """Return what two boxes share; where that is nothing, its sides are reversed."""
    return Box(max(a.x0, b.x0), max(a.y0, b.y0), min(a.x1, b.x1), min(a.y1, b.y1))


def _shared(a: Box, b: Box) -> float:
    common = _common(a, b)
    return common.area if common.width > 0 and common.height > 0 else 0.0


def _draw_plate(
    draw: ImageDraw.ImageDraw, plate: Box, text: str, colour: Colour, pen: _Pen
) -> None:
    ink = _ink_on(colour.rgb)
    _fill(draw, plate, ink)
    _fill(draw, _inset(plate, pen.halo), colour.rgb)
    draw.text((plate.x0 + pen.pad, plate.y0 + pen.pad // 2), text, fill=ink, font=pen.font)
