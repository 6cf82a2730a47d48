"""The search of a clip: ``ClipSearch`` takes its stretches and tells what was seen so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pekit_agents.video.sightings import Sightings
from pekit_agents.video.timeline import Timeline
from pekit_agents.video.tracks import Tracks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pekit_agents.video.looking import Looker
    from pekit_agents.video.stretches import Stretch

__all__ = ["ClipSearch"]

#: Seconds out of sight after which a thing comes anew, where frames are sampled often enough.
_APART = 1.0


class ClipSearch:
    """The search of one clip, as far as it got.

    Args:
        looker: Searches a frame.
        every: Seconds between two frames.
        earlier: A timeline of the beginning of the clip, to go on with.
        history: Seconds for which what is over is kept; None for ever.
    """

    def __init__(
        self,
        looker: Looker,
        *,
        every: float,
        earlier: Timeline | None = None,
        history: float | None = None,
    ) -> None:
        self._looker = looker
        self._earlier = earlier or Timeline()
        apart = max(_APART, 2 * every)  # one sampled frame may be missed
        self._tracks = Tracks(apart)
        self._sightings = Sightings(apart, self._earlier.sightings, history=history)
        self._size_wh, self._until = self._earlier.size_wh, self._earlier.until
        self._sampled, self._searched = self._earlier.sampled, self._earlier.searched

    def advance(self, stretch: Stretch) -> None:
        """Search the next stretch of the clip."""
        look = None
        if stretch.image is not None:
            look = self._looker.look(stretch.image)
            self._searched += 1
        self._sightings.end(self._tracks.advance(stretch, look))
        self._sampled += len(stretch.frames)
        last = stretch.frames[-1]
        self._size_wh, self._until = last.size_wh, last.time

    def timeline(self, *, over: bool = False, damage: Sequence[str] = ()) -> Timeline:
        """Return what was seen so far.

        Args:
            over: Whether all that was asked for was read.
            damage: What could not be read.
        """
        return Timeline(
            size_wh=self._size_wh,
            until=self._until,
            sightings=self._sightings.by_now(self._tracks.open, self._until),
            sampled=self._sampled,
            searched=self._searched,
            complete=over,
            damage=tuple(damage),
        )
