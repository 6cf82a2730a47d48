"""Finding in clips: ``PeKit.find_in_video``, and ``follow_video`` as it goes on."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pekit_agents.errors import ClipError
from pekit_agents.kit.references import require_end
from pekit_agents.kit.regions import RegionSearch
from pekit_agents.protocols import SearchMode
from pekit_agents.retrieval.regions import PhotoRegions, require_mode
from pekit_agents.video.looking import Looker
from pekit_agents.video.searching import ClipSearch
from pekit_agents.video.stretches import stretches
from pekit_agents.video.timeline import Sighting, Timeline

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.retrieval.search import Search
    from pekit_agents.video.frames import Frame

__all__ = ["VideoProgress", "VideoUpdate", "Videos"]

#: Called with the seconds that were searched, and the seconds that there are; None where the clip
#: does not say, as a camera.
VideoProgress = Callable[[float, float | None], None]

#: Seconds for which a camera's past is kept.
_HISTORY = 60.0
#: What could not be read is listed up to so often; a clip may be damaged all over.
_MOST_DAMAGE = 20


@dataclass(frozen=True, slots=True)
class VideoUpdate:
    """What :meth:`PeKit.follow_video` tells.

    Attributes:
        time: Of the last frame that was looked at, in seconds.
        timeline: What was seen by then.
        appeared: Sightings that are named since the update before, the surest first.
        gone: Sightings that were named and are out of sight, or turned out to be something else.
    """

    time: float
    timeline: Timeline
    appeared: tuple[Sighting, ...] = ()
    gone: tuple[Sighting, ...] = ()


class Videos(RegionSearch):
    """The part of :class:`~pekit_agents.kit.kit.PeKit` that searches clips."""

    def find_in_video(
        self,
        source: Any,
        *,
        every: float = 0.2,
        start: float = 0.0,
        end: float | None = None,
        mode: SearchMode = "auto",
        strictness: Strictness | None = None,
        resume: Timeline | None = None,
        progress: VideoProgress | None = None,
    ) -> Timeline:
        """Find when the personal objects are in a clip, and where.

        Of every six tenths of a second the sharpest frame is searched, as :meth:`find` searches a
        photo, and none while nothing moves. What is found is followed through the frames between,
        and what it is, is decided by all looks at it together.

        Args:
            source: A path; the bytes of a clip; a binary file; the address of a camera or a stream;
                or any iterable of (seconds, picture). An address must never come from a model or a
                stranger: it is opened.
            every: Seconds between two frames that are looked at.
            start: From where on, in seconds from the first frame.
            end: Up to where; None for all of it. A camera needs one.
            mode: As for :meth:`find`.
            strictness: As for :meth:`find`.
            resume: The timeline of a search that was stopped: it is gone on with where it ended.
            progress: Called as the search goes on.

        Returns:
            What was seen, named and possible. A clip that cannot be read to its end gives what was
            seen up to there, and ``damage`` says so.

        Raises:
            ClipError: The source is missing, is no clip, or gives no frame at all.
            InvalidInput: A time, the mode or the strictness is none, or a camera has no end.
            MissingDependency: The extra ``video`` is not installed.
        """
        from pekit_agents.video.decoding import searched_until

        require_end(source, end)
        gallery = self._memory.gallery()
        search = self._search(gallery, strictness=strictness)
        looker = self._looker(lambda: search, mode)
        searching = _Searching(looker, source, every, start, end, resume=resume)
        total = None if progress is None else searched_until(source, end)
        for _ in searching.steps():
            if progress is not None:
                progress(searching.time, total)
        return searching.timeline(over=True)

    def follow_video(
        self,
        source: Any,
        *,
        every: float = 0.2,
        start: float = 0.0,
        end: float | None = None,
        mode: SearchMode = "auto",
        strictness: Strictness | None = None,
        history: float | None = _HISTORY,
        resume: Timeline | None = None,
    ) -> Generator[VideoUpdate, None, None]:
        """Yield what is in a clip or before a camera while it goes on.

        What is remembered or forgotten meanwhile counts from the next search on. Frames of a camera
        that come during a search are dropped.

        Args:
            source: As for :meth:`find_in_video`.
            every: As for :meth:`find_in_video`.
            start: As for :meth:`find_in_video`.
            end: As for :meth:`find_in_video`; None goes on for ever before a camera.
            mode: As for :meth:`find`.
            strictness: As for :meth:`find`.
            history: Seconds for which sightings that are over, and boxes, are kept in the timeline;
                None for ever.
            resume: As for :meth:`find_in_video`.

        Yields:
            An update for each stretch of frames, the last one with ``timeline.complete``. A camera
            that falls silent ends it, and ``damage`` says so.

        Raises:
            ClipError: The source is missing, is no clip, or is a camera that does not answer.
            InvalidInput: A time, the mode or the strictness is none.
            MissingDependency: The extra ``video`` is not installed.
        """
        self._search(self._memory.gallery(), strictness=strictness)  # checks it
        looker = self._looker(
            lambda: self._search(self._memory.gallery(), strictness=strictness), mode
        )
        searching = _Searching(looker, source, every, start, end, resume=resume, history=history)
        return searching.updates()

    def _looker(self, search: Callable[[], Search], mode: SearchMode) -> Looker:
        require_mode(mode)
        return Looker(
            lambda image: PhotoRegions(image, self._profile, mode),
            search,
            self._profile,
            self._memory.stored_features,
        )


class _Searching:
    """One search of one source."""

    def __init__(
        self,
        looker: Looker,
        source: Any,
        every: float,
        start: float,
        end: float | None,
        *,
        resume: Timeline | None = None,
        history: float | None = None,
    ) -> None:
        from pekit_agents.video.decoding import frames_of

        if resume is not None and resume.sampled:
            start = max(start, resume.until + every)
        self._search = ClipSearch(looker, every=every, earlier=resume, history=history)
        self._damage: list[str] = list(() if resume is None else resume.damage)
        self._frames: Iterator[Frame] = frames_of(
            source, every=every, start=start, end=end, on_damage=self._note
        )
        self._any = resume is not None
        self.time = start

    def steps(self) -> Iterator[None]:
        """Search stretch by stretch.

        Raises:
            ClipError: Nothing can be read.
        """
        pieces = stretches(self._frames)
        while True:
            try:
                stretch = next(pieces, None)
            except ClipError as exc:
                if not self._any:
                    raise
                self._note(str(exc), self.time)
                return
            if stretch is None:
                return
            self._any = True
            self._search.advance(stretch)
            self.time = stretch.frames[-1].time
            yield

    def updates(self) -> Generator[VideoUpdate, None, None]:
        """Search, and tell after each stretch what is new.

        Raises:
            ClipError: Nothing can be read, or nothing any more.
        """
        before: dict[int, Sighting] = {}
        for _ in self.steps():
            timeline = self.timeline()
            yield _update(before, timeline)
            before = _in_sight(timeline)
        yield _update(before, self.timeline(over=True))

    def timeline(self, *, over: bool = False) -> Timeline:
        """Return what was seen so far."""
        return self._search.timeline(over=over, damage=self._damage)

    def _note(self, what: str, time: float) -> None:
        if len(self._damage) < _MOST_DAMAGE:
            self._damage.append(f"after {time:.1f} s: {what}")


def _in_sight(timeline: Timeline) -> dict[int, Sighting]:
    return {each.number: each for each in timeline.named if each.ongoing}


def _update(before: Mapping[int, Sighting], timeline: Timeline) -> VideoUpdate:
    """Return what is new in a timeline, given what was named and in sight before."""
    now = _in_sight(timeline)
    last = {each.number: each for each in timeline.sightings}
    appeared = [each for number, each in now.items() if number not in before]
    gone = [last.get(number, each) for number, each in before.items() if number not in now]
    return VideoUpdate(
        timeline.until,
        timeline,
        tuple(sorted(appeared, key=lambda each: -each.score)),
        tuple(replace(each, ongoing=False) for each in gone),
    )
