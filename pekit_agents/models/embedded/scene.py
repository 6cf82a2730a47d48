"""Whether a photo is a scene, or one look at it tells all that is to be known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pekit_agents.models.embedded.windows import PhotoWindows
    from pekit_agents.types import Box, Proposal

__all__ = ["is_scene"]

_SIMPLE = 0.1  # of the photo: one region at least this large needs no second look


def is_scene(photo: PhotoWindows, found: Sequence[Proposal]) -> bool:
    """Return whether a photo is to be searched close up.

    It is not when a single large thing stands out that at most one edge of the photo cuts off.
    With a guide such a thing that would not be named may hide what is looked for: a close-up of
    the likeliest place decides.

    Args:
        photo: The photo.
        found: What stands out in the whole of it.
    """
    alone = _stands_alone(found, photo.whole)
    if not alone or not photo.guided:
        return not alone
    (main,) = found
    if photo.likeness(main.box, photo.whole) > 0:
        return False
    likeliest = photo.resembling([photo.whole], limit=1)
    closer = photo.salient_around([(place, photo.around(place)) for place in likeliest])
    return any(photo.is_possible(each.box, each.window or photo.whole) for each in closer)


def _stands_alone(regions: Sequence[Proposal], whole: Box) -> bool:
    """Return whether one large thing stands out; what two edges cut off is a background."""
    if len(regions) != 1 or regions[0].box.area < _SIMPLE * whole.area:
        return False
    box = regions[0].box
    gaps = (box.x0, box.y0, whole.width - box.x1, whole.height - box.y1)
    return sum(gap < 1 for gap in gaps) <= 1  # less than a pixel
