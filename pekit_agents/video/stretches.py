"""Which frames of a clip are searched: ``stretches`` cuts it into pieces with one such frame each.

A search costs a hundred times what following costs. So of every six tenths of a second the sharpest
frame is searched, and nothing at all while nothing moves. A cut begins a new piece: what follows it
shows other things.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pekit_agents.video.changes import is_cut, moved, sharpness_of
from pekit_agents.video.following import grey

if TYPE_CHECKING:
    from pekit_agents.video.following import GreyImage
    from pekit_agents.video.frames import Frame

__all__ = ["SPAN", "GreyFrame", "Stretch", "stretches"]

#: Seconds from the first frame of a stretch to that of the next. With 0.4 a third more frames are
#: searched and no more is found, see ``python -m benchmarks video targets``.
SPAN = 0.6
_ROUNDING = 1e-3  # seconds


@dataclass(frozen=True, slots=True, eq=False)
class GreyFrame:
    """A frame, and what it is compared with others by.

    Attributes:
        frame: The frame.
        grey: Its grey values, see :func:`pekit_agents.video.following.grey`.
    """

    frame: Frame
    grey: GreyImage


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Frames that follow each other.

    Attributes:
        frames: At least one.
        searched: Which of them is to be searched, as an index; None where nothing moved since the
            frame that was searched last.
        cut: Whether it begins a shot.
    """

    frames: tuple[GreyFrame, ...]
    searched: int | None
    cut: bool


def stretches(frames: Iterable[Frame], *, span: float = SPAN) -> Iterator[Stretch]:
    """Yield the stretches of a clip; no more frames are held than one has.

    Args:
        frames: The sampled ones, in order of time.
        span: Seconds from the first frame of a stretch to that of the next.
    """
    seen: GreyImage | None = None  # the frame that was searched last
    before: GreyImage | None = None
    some: list[GreyFrame] = []
    cut = True
    for frame in frames:
        now = GreyFrame(frame, grey(frame.image))
        begins = before is None or is_cut(before, now.grey)
        if some and (begins or frame.time - some[0].frame.time >= span - _ROUNDING):
            stretch = _searched(some, cut=cut)
            yield stretch
            seen, some, cut = _grey_of(stretch), [], False
        before = now.grey
        cut = cut or begins
        if not some and seen is not None and not moved(seen, now.grey):
            yield Stretch((now,), None, cut=False)
            continue
        some.append(now)
    if some:
        yield _searched(some, cut=cut)


def _searched(some: list[GreyFrame], *, cut: bool) -> Stretch:
    sharpest = max(range(len(some)), key=lambda k: sharpness_of(some[k].grey))
    return Stretch(tuple(some), sharpest, cut)


def _grey_of(stretch: Stretch) -> GreyImage | None:
    return None if stretch.searched is None else stretch.frames[stretch.searched].grey
