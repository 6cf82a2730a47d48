"""Bounded work: a server's slow work runs in threads, and what is too much is told so at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from pekit_agents.errors import PeKitError

__all__ = ["RequestRefused", "ServerBusy", "TooManyRequests", "Work"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class RequestRefused(PeKitError):
    """The server does not work on it now; trying again after a while is safe.

    Attributes:
        retry_after: After how many seconds.
    """

    retry_after = 5


class ServerBusy(RequestRefused):
    """As much waits for the server as may wait, of all users together."""


class TooManyRequests(RequestRefused):
    """As much of this user is worked on or waits as may be."""

    retry_after = 2


class Work:
    """Threads for one kind of work, so that nothing else waits for it.

    It belongs to one event loop.

    Args:
        threads: How much is done at a time.
        queue: How much may wait.
        per_user: How much of one user may be done or wait.
        name: What the threads are called.
    """

    def __init__(self, threads: int, queue: int, per_user: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(threads, name)
        self._places, self._per_user = threads + queue, per_user
        self._begun: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """How much is done or waits."""
        return self._begun.total()

    async def run(
        self, user_id: str, work: Callable[_P, _T], *args: _P.args, **options: _P.kwargs
    ) -> _T:
        """Do some work for a user in one of the threads.

        Who stops waiting takes along what has not begun; what has begun goes on to its end and
        keeps its place until then.

        Raises:
            TooManyRequests: Too much of this user is done or waits.
            ServerBusy: Too much waits.
        """
        if self._begun[user_id] >= self._per_user:
            raise TooManyRequests(
                f"expected at most {self._per_user} requests of one user at a time, found another "
                "one; wait for an answer before the next"
            )
        if self.waiting >= self._places:
            raise ServerBusy(
                "expected a free place in the queue, found the server busy; try again in a few "
                "seconds"
            )
        self._begun[user_id] += 1
        done = partial(self._done, asyncio.get_running_loop(), user_id)
        future = self._pool.submit(work, *args, **options)
        future.add_done_callback(done)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Wait for what has begun; what waits is not begun."""
        self._pool.shutdown(cancel_futures=True)

    def _done(self, loop: asyncio.AbstractEventLoop, user_id: str, future: Future[_T]) -> None:
        del future

        def leave() -> None:
            self._begun[user_id] -= 1
            self._begun += Counter()  # drops those at 0

        if not loop.is_closed():
            loop.call_soon_threadsafe(leave)
