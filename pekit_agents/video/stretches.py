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
    from pekit_agents.types import RGBImage
    from pekit_agents.video.following import GreyImage
    from pekit_agents.video.frames import Frame

__all__ = ["SPAN", "GreyFrame", "Stretch", "stretches"]

#: Seconds from the first frame of a stretch to that of the next. With 0.4 a third more frames are
#: searched and no more is found, see ``python -m benchmarks video targets``.
SPAN = 0.6
_ROUNDING = 1e-3  # seconds


@dataclass(frozen=True, slots=True, eq=False)
class GreyFrame:
    """What stays of a frame that is not searched.

    Attributes:
        time: Seconds from the beginning of the clip.
        grey: What it is compared with others by, see :func:`pekit_agents.video.following.grey`.
        image_wh: Width and height of the frame as it is searched.
        size_wh: Width and height of the upright clip.
    """

    time: float
    grey: GreyImage
    image_wh: tuple[int, int]
    size_wh: tuple[int, int]

    @classmethod
    def of(cls, frame: Frame) -> GreyFrame:
        """Return what stays of a frame."""
        return cls(frame.time, grey(frame.image), frame.image.size, frame.size_wh)


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Frames that follow each other.

    Attributes:
        frames: At least one.
        searched: Which of them is to be searched, as an index; None where nothing moved since the
            frame that was searched last.
        image: That frame; None where none is searched.
        cut: Whether it begins a shot.
    """

    frames: tuple[GreyFrame, ...]
    searched: int | None
    image: RGBImage | None
    cut: bool


def stretches(frames: Iterable[Frame], *, span: float = SPAN) -> Iterator[Stretch]:
    """Yield the stretches of a clip; of each only the frame that is searched is held.

    Args:
        frames: The sampled ones, in order of time.
        span: Seconds from the first frame of a stretch to that of the next.
    """
    seen: GreyImage | None = None  # the frame that was searched last
    before: GreyImage | None = None
    some = _Gathered()
    cut = True
    for frame in frames:
        now = GreyFrame.of(frame)
        begins = before is None or is_cut(before, now.grey)
        if some.frames and (begins or now.time - some.frames[0].time >= span - _ROUNDING):
            yield some.stretch(cut=cut)
            seen, some, cut = some.frames[some.sharpest].grey, _Gathered(), False
        before = now.grey
        cut = cut or begins
        if not some.frames and seen is not None and not moved(seen, now.grey):
            yield Stretch((now,), None, None, cut=False)
        else:
            some.add(now, frame.image)
    if some.frames:
        yield some.stretch(cut=cut)


class _Gathered:
    """The frames of a stretch so far, and the sharpest of them."""

    def __init__(self) -> None:
        self.frames: list[GreyFrame] = []
        self.sharpest = 0
        self._sharpness = -1.0
        self._image: RGBImage | None = None

    def add(self, frame: GreyFrame, image: RGBImage) -> None:
        sharpness = sharpness_of(frame.grey)
        if sharpness > self._sharpness:
            self.sharpest, self._sharpness, self._image = len(self.frames), sharpness, image
        self.frames.append(frame)

    def stretch(self, *, cut: bool) -> Stretch:
        return Stretch(tuple(self.frames), self.sharpest, self._image, cut)
