"""Whether a photo is a scene, or one look at it tells all that is to be known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pekit_agents.models.embedded.windows import PhotoWindows
    from pekit_agents.types import Box, Proposal

__all__ = ["is_scene", "lies_in", "settled_in"]

_SIMPLE = 0.1  # of the photo: one region at least this large needs no second look
_INSIDE = 0.5  # of a place: with so much of it in something it shows no more than that


def is_scene(photo: PhotoWindows, found: Sequence[Proposal], *, places: int) -> bool:
    """Return whether a photo is to be searched close up.

    It is not when a single large thing stands out that at most one edge of the photo cuts off.
    With a guide such a thing that would not be named may hide what is looked for: a close-up of
    the likeliest place decides. And what does not stand alone is no scene where all that resembles
    something remembered lies in what is settled.

    Args:
        photo: The photo.
        found: What stands out in the whole of it.
        places: How many places that resemble something are asked about.
    """
    alone = _stands_alone(found, photo.whole)
    if not photo.guided:
        return not alone
    if not alone:
        return not _all_settled(photo, found, places)
    (main,) = found
    if photo.likeness(main.box, photo.whole) > 0:
        return False
    likeliest = photo.resembling([photo.whole], limit=1)
    closer = photo.salient_around([(place, photo.around(place)) for place in likeliest])
    return any(photo.is_possible(each.box, each.window or photo.whole) for each in closer)


def settled_in(photo: PhotoWindows, found: Sequence[Proposal]) -> list[Box]:
    """Return the boxes of what needs no closer look: it is large, and would be named.

    Args:
        photo: The photo.
        found: What stands out in the whole of it.
    """
    large = [each.box for each in found if each.box.area >= _SIMPLE * photo.whole.area]
    return [box for box in large if photo.guided and photo.likeness(box, photo.whole) > 0]


def lies_in(place: Box, boxes: Sequence[Box]) -> bool:
    """Return whether one of some boxes holds half of a place or more."""
    for box in boxes:
        width = min(place.x1, box.x1) - max(place.x0, box.x0)
        height = min(place.y1, box.y1) - max(place.y0, box.y0)
        if min(width, height) > 0 and width * height >= _INSIDE * place.area:
            return True
    return False


def _all_settled(photo: PhotoWindows, found: Sequence[Proposal], places: int) -> bool:
    """Return whether something is settled and nothing else resembles what is remembered."""
    settled = settled_in(photo, found)
    if not settled:
        return False
    alike = [each.box for each in found if photo.is_worth_a_look(each.box, photo.whole)]
    alike += photo.resembling([photo.whole], limit=places)
    return all(lies_in(place, settled) for place in alike)


def _stands_alone(regions: Sequence[Proposal], whole: Box) -> bool:
    """Return whether one large thing stands out; what two edges cut off is a background."""
    if len(regions) != 1 or regions[0].box.area < _SIMPLE * whole.area:
        return False
    box = regions[0].box
    gaps = (box.x0, box.y0, whole.width - box.x1, whole.height - box.y1)
    return sum(gap < 1 for gap in gaps) <= 1  # less than a pixel
