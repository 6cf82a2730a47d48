"""Clips in: ``frames_of`` samples a clip, a camera or anybody's frames; ``describe_clip`` asks one.

Frames come upright, with square pixels, in RGB, with a longer side of at most 1920 pixels. One is
held at a time, so that hours take no more RAM than seconds.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from pekit_agents.errors import ClipError, InvalidInput
from pekit_agents.images.loading import load_photo
from pekit_agents.video.colours import FrameConverter, reduced_size
from pekit_agents.video.frames import Frame
from pekit_agents.video.limits import DEFAULT_VIDEO_LIMITS, VideoLimits
from pekit_agents.video.live import newest_frames
from pekit_agents.video.pyav import av
from pekit_agents.video.reading import ClipReader, OnDamage, decoded_pictures, stated_seconds
from pekit_agents.video.sources import is_address, is_device, name_of, reason

__all__ = ["ClipInfo", "describe_clip", "frames_of", "is_clip", "searched_until"]

_T = TypeVar("_T")
#: Seconds: the coarsest unit in which a container stores times, which are rounded to it.
_ROUNDING = 0.001


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """What a clip says of itself.

    Attributes:
        size_wh: Width and height of the upright frame with square pixels.
        duration: Seconds, as the header says; None where it does not, as of a camera.
        frame_rate: Frames a second on average; None where it is not known.
        codec: FFmpeg's name of how it is coded: ``h264``, ``hevc``, ``av1``.
    """

    size_wh: tuple[int, int]
    duration: float | None
    frame_rate: float | None
    codec: str


def frames_of(
    source: object,
    *,
    every: float = 0.2,
    start: float = 0.0,
    end: float | None = None,
    limits: VideoLimits = DEFAULT_VIDEO_LIMITS,
    on_damage: OnDamage | None = None,
) -> Iterator[Frame]:
    """Yield frames of a clip: the first at or after ``start``, ``start + every``, and so on.

    What is opened is closed when the iterator ends, is closed or is given up.

    Args:
        source: A path; the bytes of a clip; a binary file; the address of a camera or a stream,
            as text (``rtsp://...``, ``https://...``, ``/dev/video0``); or any iterable of
            (seconds, picture), where a picture is a PIL image or an array (H, W, 3) of uint8. An
            address must never come from a model or a stranger: it is opened.
        every: Seconds between frames. A clip with fewer frames a second gives each once.
        start: Seconds from the first frame. Files are not decoded from their beginning for it.
        end: Frames from here on are left out; None for all.
        limits: What the clip may weigh, and how long a camera is waited for.
        on_damage: Called with (reason, seconds) for what cannot be read, where ``seconds`` is
            until when it could; what follows and can be read is yielded. None writes it to the log.

    Raises:
        InvalidInput: ``every``, ``start`` or ``end`` is no such number.
        ClipError: The source is missing, is no clip, gives no frame, breaks a limit, or is a camera
            that does not answer. It is raised when the first frame is asked for, or later.
    """
    until = math.inf if end is None else end
    if not (0 < every < math.inf and 0 <= start < math.inf and until > start):
        raise InvalidInput(
            "expected every above 0, start of at least 0 and end after start, in seconds, got "
            f"every={every}, start={start}, end={end}"
        )
    if _is_stored(source):
        return _of_clip(source, every, start, until, limits, on_damage)
    return _of_pictures(_checked_iterable(source), every, start, until)


def describe_clip(source: object, *, limits: VideoLimits = DEFAULT_VIDEO_LIMITS) -> ClipInfo:
    """Return what a clip says of itself; its first frame is decoded, as it tells the size.

    Args:
        source: As for :func:`frames_of`, without iterables.
        limits: What the clip may weigh, and how long a camera is waited for.

    Raises:
        ClipError: As for :func:`frames_of`.
    """
    if not _is_stored(source):
        raise ClipError(
            f"expected a path, bytes, a binary file or an address, got {type(source).__name__}; "
            "frames with times say nothing of a clip."
        )
    reader = ClipReader(source, limits)
    try:
        stream = reader.clip.stream
        size_wh = FrameConverter(_ratio(reader)).size_wh(reader.first())
        rate = stream.average_rate or stream.guessed_rate
        seconds = stated_seconds(reader.clip)
        if seconds is None and reader.clip.container.duration:
            seconds = reader.clip.container.duration / 1e6
        codec = stream.codec_context.codec.canonical_name
        return ClipInfo(size_wh, seconds, float(rate) if rate else None, codec)
    finally:
        reader.close()


def searched_until(source: object, end: float | None) -> float | None:
    """Return up to where a search of a source goes, in seconds; None where that is not known.

    Args:
        source: As for :func:`frames_of`. A camera, a binary file and frames say nothing of it.
        end: Up to where it is to go; None for all of it.

    Raises:
        ClipError: It is no clip.
    """
    known = math.inf if end is None else end
    stored = isinstance(source, str | os.PathLike | bytes | bytearray | memoryview)
    if stored and not is_address(source) and not is_device(source):
        known = min(known, describe_clip(source).duration or math.inf)
    return known if math.isfinite(known) else None


def is_clip(source: str | os.PathLike[str] | bytes) -> bool:
    """Return whether a file is a clip, by what is in it: its first frame can be decoded.

    A GIF with one picture is a photo.

    Args:
        source: A path, or the bytes of a file. What is missing, and an address, is no clip.
    """
    if is_address(source) or is_device(source):
        return False
    try:
        reader = ClipReader(source, DEFAULT_VIDEO_LIMITS)
    except ClipError:
        return False
    try:
        needed = 2 if reader.clip.container.format.name == "gif" else 1
        return sum(1 for _ in itertools.islice(reader.decoded(), needed)) == needed
    except ClipError:
        return False
    finally:
        reader.close()


def _of_clip(
    source: object,
    every: float,
    start: float,
    until: float,
    limits: VideoLimits,
    on_damage: OnDamage | None,
) -> Iterator[Frame]:
    reader = ClipReader(source, limits, on_damage)
    live = reader.clip.live
    timed = newest_frames(reader, limits.patience) if live else reader.timed(start)
    try:
        converter = FrameConverter(_ratio(reader))
        for time, decoded in _sampled(timed, every, start, until):
            yield _converted(converter, time, decoded, reader.clip.name)
    finally:
        timed.close()
        reader.close()


def _converted(converter: FrameConverter, time: float, decoded: av.VideoFrame, name: str) -> Frame:
    try:
        return converter.frame(time, decoded)
    except (av.FFmpegError, ValueError) as exc:
        raise ClipError(
            f"{name}: expected pixels of a usual kind, got {decoded.format.name} at {time:g} s "
            f"({reason(exc)}); convert it to MP4 with H.264."
        ) from exc


def _of_pictures(
    source: Iterable[Any], every: float, start: float, until: float
) -> Iterator[Frame]:
    size_wh = None
    for time, picture in _sampled(decoded_pictures(source, "frames"), every, start, until):
        photo = load_photo(picture, name=f"the frame at {time:g} s")
        size_wh = size_wh or photo.size_wh
        if photo.size_wh != size_wh:
            raise ClipError(
                f"expected frames of {size_wh[0]}x{size_wh[1]} pixels as the first one, got "
                f"{photo.size_wh[0]}x{photo.size_wh[1]} at {time:g} s; pass each clip by itself."
            )
        small = reduced_size(size_wh)
        image = photo.image if photo.image.size == small else photo.image.resize(small)
        yield Frame(time, image, size_wh)


def _sampled(
    timed: Iterable[tuple[float, _T]], every: float, start: float, until: float
) -> Iterator[tuple[float, _T]]:
    """Yield the first at or after each step; of times that are rounded a little before it."""
    rounding = min(_ROUNDING, every / 2)
    step = 0
    for time, what in timed:
        if time > until - rounding:
            return
        if time >= start + step * every - rounding:
            yield time, what
            step = math.floor((time - start + rounding) / every) + 1


def _is_stored(source: object) -> bool:
    """Return whether a source is one that FFmpeg reads, and no iterable of frames."""
    return isinstance(source, bytes | bytearray | memoryview | str | os.PathLike) or hasattr(
        source, "read"
    )


def _checked_iterable(source: object) -> Iterable[Any]:
    if isinstance(source, Image.Image | np.ndarray):
        raise ClipError(
            f"expected a clip, got {name_of(source)}; search a photo with find, and pass frames "
            "with their times."
        )
    if not isinstance(source, Iterable):
        raise ClipError(
            "expected a path, bytes, a binary file, an address or an iterable of (seconds, "
            f"picture), got {type(source).__name__}; pass one of these."
        )
    return source


def _ratio(reader: ClipReader) -> float:
    return float(reader.clip.stream.sample_aspect_ratio or 1)
