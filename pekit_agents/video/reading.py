"""Decoded frames with times: ``ClipReader`` gives those of a clip, ``decoded_pictures`` any others.

Times begin at 0 with the first frame and rise, whatever the container's time stamps do: where there
is none, the frame rate says it; where they jump back by a second or more, the clip goes on after
its last frame. Interruptions within the clip are passed over and reported.
"""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

import numpy as np
from PIL import Image

from pekit_agents.errors import ClipError
from pekit_agents.video.limits import VideoLimits
from pekit_agents.video.pyav import av
from pekit_agents.video.sources import ClipSource, open_clip, reason

__all__ = ["ClipReader", "OnDamage", "decoded_pictures", "stated_seconds"]

_LOGGER = logging.getLogger(__name__)
#: Seconds by which time stamps may step back without being those of another recording.
_JITTER = 1.0
#: Seconds by which a clip may end earlier than its header says; sound often lasts a little longer.
_SHORT = 1.0
_USUAL_RATE = 25
#: How often in a row it is tried to find a packet behind damage; each looks through about 64 kB.
_TRIES = 64

#: Called with what is damaged, in words, and the time until which the clip could be read.
OnDamage = Callable[[str, float], None]


class ClipReader:
    """Reads the frames of one clip, in order.

    Args:
        source: What :func:`open_clip` takes.
        limits: What the clip may weigh.
        on_damage: Told what could not be read; None writes it to the log.

    Attributes:
        clip: The opened clip.
        stopped_by: Why reading stopped before the end; empty where it did not.
    """

    def __init__(
        self, source: object, limits: VideoLimits, on_damage: OnDamage | None = None
    ) -> None:
        self._source, self._limits = source, limits
        self.clip: ClipSource = open_clip(source, limits)
        # A camera is read by a thread of its own, in which a caller expects no call.
        self._on_damage = None if self.clip.live else on_damage
        self._time = 0.0
        self._good = False  # whether the last packet could be decoded
        self._first_reason = ""
        self.stopped_by = ""

    def close(self) -> None:
        """Close the clip."""
        self.clip.close()

    def first(self) -> av.VideoFrame:
        """Return the first frame.

        Raises:
            ClipError: There is none.
        """
        for frame in self.decoded():
            return frame
        raise self._no_frame()

    def timed(self, start: float = 0.0) -> Generator[tuple[float, av.VideoFrame], None, None]:
        """Yield (seconds, decoded frame) from ``start`` or from somewhat before.

        Raises:
            ClipError: There is no frame at all.
        """
        frames = self.decoded()
        if (first := next(frames, None)) is None:
            raise self._no_frame()
        origin = first.time
        begun: Iterable[av.VideoFrame] = itertools.chain((first,), frames)
        if start > 0 and origin is not None and self.clip.seekable:
            begun = self._from(start, origin)
        yield from self._with_times(begun, origin or 0.0)
        self._check_end(start)

    def decoded(self) -> Iterator[av.VideoFrame]:
        """Yield the frames as the decoder gives them; what it cannot decode is passed over."""
        for packet in self._packets():
            try:
                frames = self.clip.stream.decode(packet)
            except av.error.EOFError:
                return
            except (av.FFmpegError, ValueError) as exc:
                self._damaged(f"a part cannot be decoded ({reason(exc)})")
                frames = []
            for frame in frames:
                if frame.is_corrupt:
                    self._damaged("a frame is incomplete")
                elif frame.width * frame.height > self._limits.max_pixels:
                    self._damaged(f"a frame has {frame.width}x{frame.height} pixels")
                else:
                    self._good = True
                    yield frame

    def _packets(self) -> Iterator[av.Packet[Any] | None]:
        """Yield what the container holds of the stream, and None at the end, for what waits."""
        tries = 0
        packets = self.clip.container.demux(self.clip.stream)
        while tries < _TRIES:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, OSError) as exc:
                self._damaged(f"it cannot be read on ({reason(exc)})")
                packets = self.clip.container.demux(self.clip.stream)
                if self.clip.live:
                    self.stopped_by = reason(exc)
                    break
                tries += 1
                continue
            if packet is None:
                return
            if packet.size and packet.has_sidedata("encryption_info"):
                raise ClipError(
                    f"{self.clip.name}: expected a clip that can be decoded, got an encrypted one; "
                    "export it without protection."
                )
            if packet.is_corrupt:
                self._damaged("a part is missing")
            tries = 0
            yield packet
        yield None

    def _with_times(
        self, frames: Iterable[av.VideoFrame], origin: float
    ) -> Iterator[tuple[float, av.VideoFrame]]:
        rate = self.clip.stream.average_rate or self.clip.stream.guessed_rate or _USUAL_RATE
        step, last, offset = 1 / float(rate), -math.inf, -origin
        for frame in frames:
            if frame.time is None:
                time = last + step if last >= 0 else 0.0
            else:
                time = frame.time + offset
                if last - _JITTER < time <= last:
                    continue
                if time <= last:
                    offset += last + step - time
                    time = last + step
            last = self._time = time = round(time, 6)
            yield time, frame

    def _from(self, start: float, origin: float) -> Iterator[av.VideoFrame]:
        """Return the frames from a key frame before ``start``, or all where none is found."""
        stream = self.clip.stream
        try:
            self.clip.container.seek(
                round((origin + start) / stream.time_base), stream=stream, backward=True
            )
            frames = self.decoded()
            found = next(frames, None)
            at = None if found is None else found.time
            if found is not None and at is not None and origin <= at <= origin + start:
                return itertools.chain((found,), frames)
        except (av.FFmpegError, OSError):
            _LOGGER.debug("%s cannot be gone to a time of", self.clip.name)
        self.clip.close()
        self.clip = open_clip(self._source, self._limits)
        return self.decoded()

    def _check_end(self, start: float) -> None:
        stated = stated_seconds(self.clip)
        if stated is not None and max(self._time, start) < stated - _SHORT:
            self._good = True
            self._damaged(f"it ends there, and its header says {stated:.1f} s")

    def _damaged(self, what: str) -> None:
        """Report a damage: the first of those that follow each other without a good frame."""
        self._first_reason = self._first_reason or what
        if not self._good:
            return
        self._good = False
        if self._on_damage is not None:
            self._on_damage(what, self._time)
        else:
            _LOGGER.warning("%s: after %.1f s %s", self.clip.name, self._time, what)

    def _no_frame(self) -> ClipError:
        why = f" ({self._first_reason})" if self._first_reason else ""
        return ClipError(
            f"{self.clip.name}: expected a clip that can be decoded, got 0 frames{why}; it is "
            "empty, damaged or protected: save or download it again."
        )


def stated_seconds(clip: ClipSource) -> float | None:
    """Return how long the pictures of a clip last as its header says; None where it does not."""
    stream, container = clip.stream, clip.container
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if "matroska" in container.format.name:  # it counts from 0, wherever the pictures begin
        ends = _from_clock(stream.metadata.get("DURATION", ""))
        begins = float((stream.start_time or 0) * (stream.time_base or 0))
        return None if ends is None else ends - begins
    if container.duration and len(container.streams) == 1:
        return float(container.duration) / 1e6
    return None


def _from_clock(text: str) -> float | None:
    """Return the seconds of ``00:01:02.5``; None for what is none."""
    try:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return None


def decoded_pictures(source: Iterable[Any], name: str) -> Iterator[tuple[float, Any]]:
    """Yield the (seconds, picture) of a caller; what is none is refused.

    Raises:
        ClipError: An item is no such pair, or its time is not later than the one before.
    """
    last = -math.inf
    for number, item in enumerate(source):
        if not isinstance(item, tuple | list) or len(item) != 2:
            raise ClipError(
                f"{name}: expected (seconds, picture) as item {number}, got "
                f"{type(item).__name__}; pass each frame with its time."
            )
        time, picture = _seconds(item[0]), item[1]
        if time is None:
            raise ClipError(
                f"{name}: expected seconds of at least 0 as the time of item {number}, got "
                f"{item[0]!r:.60}; count from the first frame."
            )
        if time <= last:
            raise ClipError(
                f"{name}: expected times that rise, got {time:g} s after {last:g} s as "
                f"item {number}; sort the frames."
            )
        coloured = isinstance(picture, np.ndarray) and (
            picture.ndim == 3 and picture.shape[2] == 3 and picture.dtype == np.uint8
        )
        if not coloured and not isinstance(picture, Image.Image):
            found = (
                f"an array {picture.shape} of {picture.dtype}"
                if isinstance(picture, np.ndarray)
                else type(picture).__name__
            )
            raise ClipError(
                f"{name}: expected a PIL image or an array (height, width, 3) of uint8 as the "
                f"picture of item {number}, got {found}; convert it to RGB."
            )
        last = time
        yield time, picture


def _seconds(value: object) -> float | None:
    """Return a time as seconds; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, float | int | np.floating | np.integer):
        return None
    seconds = float(value)
    return seconds if 0 <= seconds < math.inf else None
