"""Watching a camera for days: ``watch`` yields who comes and goes, and calls it again when silent.

It knows no kit: it is given what follows a source, as ``kit.follow_video`` does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from pekit_agents.errors import ClipError
from pekit_agents.images.loading import load_image
from pekit_agents.prompting.drawing import assign_colours
from pekit_agents.video.decoding import describe_clip
from pekit_agents.video.key_frames import drawn
from pekit_agents.video.presence import Event, Hysteresis, Presence
from pekit_agents.video.sources import is_address, is_camera, is_device, name_of

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage
    from pekit_agents.video.timeline import Timeline

__all__ = ["Update", "snapshot", "watch"]

#: Seconds until a silent camera is tried again: a moment first, as after a lost packet, then twice
#: as long each time, and a minute at most, so that it is back a minute after it is switched on.
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0


class Update(Protocol):
    """What is told while a source is followed; see :class:`pekit_agents.kit.videos.VideoUpdate`."""

    @property
    def timeline(self) -> Timeline:
        """What was seen by then."""
        ...


def watch(
    follow: Callable[[Any], Iterable[Update]],
    source: Any,
    *,
    rules: Hysteresis | None = None,
    tell: Callable[[str], None] | None = None,
    wait: Callable[[float], None] = time.sleep,
    seconds: Callable[[], float] = time.monotonic,
    today: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Generator[Event, None, None]:
    """Yield who comes in sight and who is gone, once each.

    A camera that falls silent is tried again and again, after a second and at last every minute.
    What was in sight then is not gone before the camera has looked again. A clip ends with its last
    frame.

    Args:
        follow: Follows a source anew each time: :meth:`PeKit.follow_video`, or a
            ``functools.partial`` of it with arguments.
        source: As for :meth:`PeKit.follow_video`.
        rules: How sure it has to be; default two looks, and gone after five seconds.
        tell: Called with a sentence when a camera falls silent and when it is back.
        wait: Waits for so many seconds.
        seconds: A clock that never goes back.
        today: The time of day, in UTC.

    Yields:
        The events in the order in which they are known.

    Raises:
        ClipError: The source cannot be read; a camera, when it is called for the first time.
    """
    live = is_address(source) or is_device(source)
    presence, clock = Presence(rules), _Clock(seconds, today, live=live)
    pause, silent = _FIRST_WAIT, False
    while True:
        last = None
        try:
            for update in follow(source):
                now = update.timeline
                if not now.sampled:
                    continue
                clock.read(now.until)
                if last is None:
                    presence.resumed(now.until + clock.shift)
                    pause = _FIRST_WAIT
                    if silent and tell is not None:
                        tell(f"{name_of(source)} is back.")
                last = now
                for event in presence.advance(now, shift=clock.shift):
                    yield clock.dated(event)
            why = next(reversed(last.damage), "it ended") if last is not None else "it ended"
        except ClipError as exc:
            if last is None and not silent:
                raise
            why = str(exc)
        if not live or (last is not None and not silent and _ends(source)):
            for event in presence.finish(last) if last is not None else ():
                yield clock.dated(event)
            return
        presence.interrupted()
        clock.restart()
        silent = True
        if tell is not None:
            tell(f"{name_of(source)} is silent; trying again in {pause:g} s. ({why})")
        wait(pause)
        pause = min(2 * pause, _LONGEST_WAIT)


def snapshot(event: Event) -> RGBImage | None:
    """Return the key frame of an event with the box and the name of what it is about.

    Args:
        event: What happened.

    Returns:
        The picture; None where none was kept.
    """
    picture = event.sighting.key_frame.picture
    if not picture:
        return None
    match = event.sighting.match()
    tile_wh = load_image(picture).size
    return drawn(picture, [match], assign_colours([match]), from_wh=event.size_wh, tile_wh=tile_wh)


def _ends(source: Any) -> bool:
    """Return whether an address holds a clip that is over, and no camera that is silent."""
    if is_camera(source):
        return False
    try:
        return describe_clip(source).duration is not None
    except ClipError:
        return False


class _Clock:
    """Tells when the frames of a camera were taken, across its silences.

    A frame is read some time after it was taken, as a search takes its time: what was read soonest
    says when the frames began to be counted.
    """

    def __init__(
        self, seconds: Callable[[], float], today: Callable[[], datetime], *, live: bool
    ) -> None:
        self._seconds, self._today, self._live = seconds, today, live
        self._zero = math.inf  # when this call of the camera began, by the clock
        self._first: float | None = None  # when the first one did

    @property
    def shift(self) -> float:
        """Seconds from the beginning of the first call to that of this one."""
        return 0.0 if self._first is None or not self._live else self._zero - self._first

    def read(self, until: float) -> None:
        """Take in that a frame of this time was just read."""
        self._zero = min(self._zero, self._seconds() - until)

    def restart(self) -> None:
        """Begin to count anew, as the camera does."""
        if self._first is None and self._zero < math.inf:
            self._first = self._zero
        self._zero = math.inf

    def dated(self, event: Event) -> Event:
        """Return an event with its time of day."""
        if not self._live:
            return event
        begun = self._zero if self._first is None else self._first
        ago = self._seconds() - (begun + event.seconds)
        return replace(event, at=self._today() - timedelta(seconds=max(0.0, ago)))
