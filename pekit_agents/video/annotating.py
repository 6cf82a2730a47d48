"""``annotated_video``: a clip with the boxes and names of what was found in it, as an MP4 file.

Boxes, plates and colours are those of an annotated photo. Sound is left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pekit_agents.boxes import resized
from pekit_agents.errors import ClipError, InvalidInput
from pekit_agents.files import atomic_path
from pekit_agents.prompting.drawing import annotate
from pekit_agents.video.clock import clock
from pekit_agents.video.decoding import frames_of
from pekit_agents.video.encoding import MOST_FRAMES, ClipWriter, written
from pekit_agents.video.interpolation import box_between, sampling_step
from pekit_agents.video.limits import DEFAULT_VIDEO_LIMITS, VideoLimits
from pekit_agents.video.palette import palette_of
from pekit_agents.video.sources import is_camera, name_of

if TYPE_CHECKING:
    from pekit_agents.prompting.drawing import Colour
    from pekit_agents.types import Match, RGBImage
    from pekit_agents.video.frames import Frame
    from pekit_agents.video.timeline import Timeline

__all__ = ["annotated_video"]

#: Seconds by which a clip may be read less far than when it was searched: frames that were given
#: one by one need not be the same.
_SHORT = 1.0


def annotated_video(
    source: object,
    timeline: Timeline,
    path: str | os.PathLike[str],
    *,
    start: float = 0.0,
    end: float | None = None,
    overwrite: bool = False,
    limits: VideoLimits = DEFAULT_VIDEO_LIMITS,
    progress: Callable[[float, float], None] | None = None,
) -> Path:
    """Write a clip in which what was found is boxed and named, "Biscuit?" where it is possible.

    Each thing keeps its colour. Its box moves evenly between two sampled frames, and is not drawn
    while it was hidden for longer. The clip has its own frames at their own times, or 30 a second
    where it has more; frames of more than 1920 pixels are reduced, and sound is left out. One frame
    is held at a time beside the encoder's own, so that hours take no more RAM than seconds.

    Args:
        source: The clip that was searched, as for :func:`frames_of`; of a camera its recording.
        timeline: What was found in it. What comes after :attr:`Timeline.until` was not searched,
            and has no boxes.
        path: The MP4 file to write, readable by its owner alone. Nothing is left of it on an error.
        start: Seconds of the clip, from which on it is written.
        end: Seconds of the clip, up to which it is written; None for its end.
        overwrite: Whether a file that is there may be replaced. The clip itself never is.
        limits: What the clip may weigh.
        progress: Called after each frame with (seconds written, seconds that were searched).

    Returns:
        Where it lies.

    Raises:
        InvalidInput: The timeline is of another clip, there is a file, or it cannot be written.
        ClipError: The clip cannot be read, or is a camera.
        MissingDependency: PyAV cannot write H.264.
    """
    path = Path(path)
    _refuse_live(source)
    _refuse_itself(source, path)
    until = timeline.until if end is None else min(end, timeline.until)
    frames = frames_of(source, every=1 / MOST_FRAMES, start=start, end=end, limits=limits)
    first = last = None
    with _put_in_place(path, overwrite) as part, ClipWriter(part, str(path)) as writer:
        drawing = _Drawing(timeline)
        for frame in frames:
            first, last = frame.time if first is None else first, frame.time
            writer.write(frame.time - first, drawing.picture(frame))
            if progress is not None:
                progress(min(frame.time, until) - min(first, until), until - min(first, until))
        if first is None or last is None:
            raise ClipError(
                f"{name_of(source)}: expected frames from {start:g} s on, found none; give an "
                "earlier start, or frames that were not used up."
            )
        if last < until - _SHORT:
            raise InvalidInput(
                f"{name_of(source)}: expected the clip that was searched, which has frames until "
                f"{clock(until)} or later, found one that ends at {clock(last)}; pass that clip, "
                "or search this one"
            )
    return path


class _Drawing:
    """Draws what a timeline says on frames of its clip."""

    def __init__(self, timeline: Timeline) -> None:
        self._sightings = (*timeline.named, *timeline.possible)
        self._size_wh, self._step = timeline.size_wh, sampling_step(timeline)
        self._palette: Mapping[str, Colour] = palette_of(timeline)

    def picture(self, frame: Frame) -> RGBImage:
        if self._sightings and frame.size_wh != self._size_wh:
            raise InvalidInput(
                "expected the clip that was searched, of {}x{} pixels, got one of {}x{}; pass that "
                "clip, or search this one".format(*self._size_wh, *frame.size_wh)
            )
        matches = self._matches(frame)
        return annotate(frame.image, matches, colours=self._palette) if matches else frame.image

    def _matches(self, frame: Frame) -> Sequence[Match]:
        seen = ((each, box_between(each, frame.time, self._step)) for each in self._sightings)
        return [
            each.match(resized(box, self._size_wh, frame.image.size))
            for each, box in seen
            if box is not None
        ]


def _refuse_live(source: object) -> None:
    if is_camera(source):
        raise ClipError(
            f"{name_of(source)}: expected a clip that can be read again, got a camera, which shows "
            "something else by now; record it, and search and annotate the recording."
        )


def _refuse_itself(source: object, path: Path) -> None:
    if isinstance(source, str | os.PathLike) and path.exists():
        read = Path(os.fsdecode(source))
        if read.exists() and read.samefile(path):
            raise InvalidInput(
                f"{path} is the clip itself, expected another file; choose another name"
            )


@contextmanager
def _put_in_place(path: Path, overwrite: bool) -> Iterator[Path]:
    """Yield a file that takes the place of ``path`` at the end; nothing is left otherwise."""
    if path.is_dir():
        raise InvalidInput(f"expected a file to write, found a folder at {path}; add a name")
    if path.exists() and not overwrite:  # before hours of work
        raise _is_there(path)
    with ExitStack() as stack:
        with _placed(path):
            part = stack.enter_context(atomic_path(path, shared=False, overwrite=overwrite))
        yield part
        with _placed(path):
            stack.close()


@contextmanager
def _placed(path: Path) -> Iterator[None]:
    with written(str(path)):
        try:
            yield
        except FileExistsError as exc:
            raise _is_there(path) from exc


def _is_there(path: Path) -> InvalidInput:
    return InvalidInput(
        f"{path} is there already, expected a new file; choose another or ask to overwrite it"
    )
