"""What was found in users' clips: each part is searched once for each state of its user's memory.

A search takes minutes, so one runs at a time in a process, whoever asks: it takes all cores, and
frames of two clips would only take turns. Single photos do not wait for it.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from pekit_agents.errors import ClipError, InvalidInput, PeKitError
from pekit_agents.memory.search.ram import RamCache, shared_ram_cache
from pekit_agents.tools.clip_store import ClipStore
from pekit_agents.tools.image_store import check_limits
from pekit_agents.video.timeline import Timeline

if TYPE_CHECKING:
    from pathlib import Path

    from pekit_agents.kit.kit import PeKit
    from pekit_agents.kit.videos import VideoProgress
    from pekit_agents.protocols import SearchMode
    from pekit_agents.types import PersonalObject

__all__ = ["CLIP_SECONDS", "ClipFindings", "SearchStopped"]

#: Seconds of a clip that one call searches. In a clip where something moves all the time, the
#: embedded profile searches a frame for every 0.6 s and takes 0.4 s for each on two free cores, and
#: twice that on busy ones: a minute and a half of waiting, or under three. Whoever waits for a tool
#: gives up after about four.
CLIP_SECONDS = 120

_Version: TypeAlias = "tuple[int, tuple[PersonalObject, ...]]"
#: A user, a handle, and from when to when was searched.
_Key: TypeAlias = tuple[str, str, float, float]
#: What was found, and from where to go on; None where nothing is left.
_Told: TypeAlias = "tuple[Timeline, float | None]"

_RECORD_BYTES = 2000  # about what a sighting takes beside its boxes and its picture
_BOX_BYTES = 150
_PATIENCE_S = 0.2  # between two looks at whether whoever waits for a turn still wants it
#: Seconds at the end of a clip that are not worth another call.
_SLACK = 1.0

_TURN = threading.Lock()


class SearchStopped(PeKitError):
    """Whoever asked does not wait for it any more."""


class ClipFindings:
    """Searches users' clips and keeps what is found until the memory changes.

    Users are walled off from each other. Safe to call from several threads.

    Args:
        open_kit: Gives a user's kit.
        clips: Where the clips are kept.
        mode: How hard to look, as in :meth:`PeKit.find`.
        seconds: How much of a clip one call searches.
        ram: What is kept in; None for that of the whole process.
    """

    def __init__(
        self,
        open_kit: Callable[[str], PeKit],
        clips: ClipStore,
        *,
        mode: SearchMode = "auto",
        seconds: int = CLIP_SECONDS,
        ram: RamCache | None = None,
    ) -> None:
        check_limits(clip_seconds=seconds)
        self._open_kit, self._clips, self._mode = open_kit, clips, mode
        self.seconds = seconds
        self._ram = shared_ram_cache() if ram is None else ram
        # What the cache lets go of is gone here as well.
        self._found: weakref.WeakValueDictionary[_Key, _Searched] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()

    def find(
        self,
        user_id: str,
        handle: str,
        start: float = 0.0,
        end: float | None = None,
        progress: VideoProgress | None = None,
    ) -> _Told:
        """Search a clip, or as much of it from ``start`` on as one call searches.

        Args:
            user_id: Whose clip and memory.
            handle: The clip's handle.
            start: From where on, in seconds.
            end: Up to where, at most; None for the end of the clip.
            progress: As for :meth:`PeKit.find_in_video`; called while it waits for its turn, too.
                What it raises ends the search.

        Returns:
            What was found, complete only where nothing of the clip is left that was asked for; and
            from where to go on, None where nothing is left.

        Raises:
            UnknownClip: This user has no such clip (any more).
            InvalidInput: A time is none, or after the end of the clip.
            ClipError: It cannot be read.
            MemoryStoreError: The memory cannot be read.
        """
        _check_times(start, end)
        path = self._clips.path(user_id, handle)
        last = min(start + self.seconds, math.inf if end is None else end)
        kit = self._open_kit(user_id)
        version = kit.version(), tuple(kit.objects())
        key = user_id, handle, start, last
        found = self._known(key, version)
        if found is None:
            _wait_for_turn(progress, start)
            try:
                found = self._known(key, version)  # searched meanwhile, perhaps
                if found is None:
                    told = self._search(kit, path, start, last, end, progress)
                    found = self._keep(key, version, told)
            finally:
                _TURN.release()
        return found.told

    def clear(self, user_id: str) -> None:
        """Let go of everything of one user."""
        with self._lock:
            self._drop(user_id)

    def _search(
        self,
        kit: PeKit,
        path: Path,
        start: float,
        last: float,
        end: float | None,
        progress: VideoProgress | None,
    ) -> _Told:
        from pekit_agents.video.decoding import describe_clip
        from pekit_agents.video.sources import name_of

        try:
            there = describe_clip(path).duration
            if there is not None and start >= there:
                raise InvalidInput(
                    f"start: expected a time in the clip, which has {there:.1f} seconds, found "
                    f"{start:g}"
                )
            timeline = kit.find_in_video(
                path, start=start, end=last, mode=self._mode, progress=progress
            )
        except ClipError as exc:  # it names the file, which is nobody's business
            raise ClipError(exc.message.replace(f"{name_of(path)}: ", "")) from exc
        wanted = min(math.inf if there is None else there, math.inf if end is None else end)
        # Of a clip that says nothing of its length, or is damaged, there may be no more.
        sure = there is not None and not timeline.damage
        if last < wanted - _SLACK and (sure or timeline.until >= last - _SLACK):
            return replace(timeline, complete=False), last
        return timeline, None

    def _known(self, key: _Key, version: _Version) -> _Searched | None:
        with self._lock:
            self._drop(key[0], unless=version)
            found = self._found.get(key)
            if found is not None:
                self._ram.get(found.ram_key)  # it is in use
            return found

    def _keep(self, key: _Key, version: _Version, told: _Told) -> _Searched:
        found = _Searched(version, told, self._ram)
        with self._lock:
            self._found[key] = found
            self._ram.put(found.ram_key, found)
        return found

    def _drop(self, user_id: str, *, unless: _Version | None = None) -> None:
        for key, found in list(self._found.items()):
            if key[0] == user_id and found.version != unless:
                self._found.pop(key, None)
                self._ram.drop(found.ram_key)


class _Searched:
    """What was found in a part of a clip."""

    def __init__(self, version: _Version, told: _Told, ram: RamCache) -> None:
        self.version, self.told = version, told
        self.ram_key = ram.key_for(self)

    @property
    def nbytes(self) -> int:
        """About how much RAM it takes."""
        return _RECORD_BYTES + sum(
            _RECORD_BYTES + len(each.key_frame.picture) + _BOX_BYTES * len(each.boxes)
            for each in self.told[0].sightings
        )


def _check_times(start: float, end: float | None) -> None:
    if not 0 <= start < math.inf:
        raise InvalidInput(f"start: expected seconds from the beginning, 0 or more, found {start}")
    if end is not None and not start < end:
        raise InvalidInput(f"end: expected seconds after the start, {start:g}, found {end}")


def _wait_for_turn(progress: VideoProgress | None, start: float) -> None:
    while not _TURN.acquire(timeout=_PATIENCE_S):
        if progress is not None:
            progress(start, None)
