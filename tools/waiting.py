"""``Waiting``: whoever waits for a search hears how far it is, and may end it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pekit_agents.tools.clip_findings import SearchStopped

__all__ = ["Waiting"]

#: What is told of a search: the seconds of the clip that were searched, and all that there are.
_Tell = Callable[[float, float | None], None]


class Waiting:
    """The ``progress`` of a verb that takes minutes.

    Args:
        tell: Told how far it is; called in the thread that searches.
    """

    def __init__(self, tell: _Tell | None = None) -> None:
        self._tell, self._ended = tell, threading.Event()

    def __call__(self, seconds: float, total: float | None) -> None:
        """Tell how far it is.

        Raises:
            SearchStopped: Nobody waits any more.
        """
        if self._ended.is_set():
            raise SearchStopped("the search of a clip was ended, since nobody waits for it")
        if self._tell is not None:
            self._tell(seconds, total)

    def end(self) -> None:
        """Let the search end where it is."""
        self._ended.set()
