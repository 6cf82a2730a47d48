"""Key frames: ``kept_picture`` keeps one, ``spread`` chooses and ``drawn`` draws those to show."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pekit_agents.boxes import resized
from pekit_agents.images.loading import load_image
from pekit_agents.prompting.drawing import annotate
from pekit_agents.video.tiles import fitting

if TYPE_CHECKING:
    from pekit_agents.prompting.drawing import Colour
    from pekit_agents.types import Match, RGBImage
    from pekit_agents.video.timeline import Sighting

__all__ = ["drawn", "kept_picture", "spread"]

_SIDE = 640  # pixels of the longer side of what is kept of a key frame


def kept_picture(frame: RGBImage) -> bytes:
    """Return what a timeline keeps of a key frame: a JPEG of at most 640 pixels a side."""
    small = frame.copy()
    small.thumbnail((_SIDE, _SIDE))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=85)
    return file.getvalue()


def spread(
    sightings: Sequence[Sighting],
    most: int,
    *,
    first: Collection[str] = (),
    shown_with: Callable[[Sighting], Collection[str]] | None = None,
) -> list[Sighting]:
    """Return a few of many sightings: those that show different things, far from each other.

    Of each thing the surest sighting is taken before a second one of any, and after that the one
    that is farthest in time from those of it that were taken.

    Args:
        sightings: To choose from. What is named comes before what is possible.
        most: How many to take; 0 or more.
        first: The identities that come before all others.
        shown_with: Gives the identities that are seen in the key frame of a sighting; default its
            own.

    Returns:
        At most ``most``, in the order of time.
    """
    left = list(sightings)
    taken: list[Sighting] = []
    shown: Counter[str] = Counter()
    times: dict[str, list[float]] = {}

    def rank(place: int) -> tuple[float, ...]:
        match, time = left[place].match(), left[place].key_frame.time
        identity = match.identity
        apart = min((abs(time - other) for other in times.get(identity, ())), default=0.0)
        return (shown[identity], identity not in first, match.possible, -apart, -match.score)

    while left and len(taken) < most:
        each = left.pop(min(range(len(left)), key=rank))
        identity = each.match().identity
        shown.update({identity, *(shown_with(each) if shown_with else ())})
        times.setdefault(identity, []).append(each.key_frame.time)
        taken.append(each)
    return sorted(taken, key=lambda each: (each.key_frame.time, each.number))


def drawn(
    picture: bytes,
    matches: Sequence[Match],
    palette: Mapping[str, Colour],
    *,
    from_wh: tuple[int, int],
    tile_wh: tuple[int, int],
) -> RGBImage:
    """Return a key frame with boxes and names, as large as a tile has room for.

    Args:
        picture: The JPEG that was kept.
        matches: What to draw; boxes in pixels of the clip.
        palette: :attr:`Match.identity` -> colour.
        from_wh: Width and height of the clip.
        tile_wh: Width and height of the tile.

    Raises:
        ImageError: The picture is damaged.
    """
    frame = fitting(load_image(picture), tile_wh)
    scaled = [replace(each, box=resized(each.box, from_wh, frame.size)) for each in matches]
    return annotate(frame, scaled, colours=palette)
