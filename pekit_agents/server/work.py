"""Bounded work: a server's slow work runs in threads, and what is too much is told so at once."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeAlias, TypeVar

from pekit_agents.errors import PeKitError
from pekit_agents.server.clients import waiting_for_client

__all__ = ["RequestRefused", "ServerBusy", "TooManyRequests", "Work"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Turn: TypeAlias = "asyncio.Future[None]"


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

    Users take turns: who asks for much waits for themselves. It belongs to one event loop.

    Args:
        threads: How much is done at a time.
        queue: How much may wait.
        per_user: How much of one user may be done or wait.
        name: What the threads are called.

    Attributes:
        refused: How often something was too much, by what it was too much for: ``"user"`` or
            ``"server"``.
    """

    def __init__(self, threads: int, queue: int, per_user: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(threads, name)
        self._free, self._places, self._per_user = threads, threads + queue, per_user
        self._begun: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[_Turn]] = OrderedDict()
        self.refused: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """How much is done or waits."""
        return self._begun.total()

    async def run(
        self, user_id: str, work: Callable[_P, _T], *args: _P.args, **options: _P.kwargs
    ) -> _T:
        """Do some work for a user in one of the threads.

        Who stops waiting takes along what has not begun, and so does a client that goes; what has
        begun goes on to its end and keeps its place until then.

        Raises:
            ClientGone: Whose request it was has gone, and it has not begun.
            TooManyRequests: Too much of this user is done or waits.
            ServerBusy: Too much waits, or the server stops.
        """
        self._check(user_id)
        self._begun[user_id] += 1
        try:
            await self._turn(user_id)
            done = self._submit(partial(copy_context().run, work, *args, **options))
        except BaseException:
            self._leave(user_id)
            raise
        loop = asyncio.get_running_loop()
        done.add_done_callback(partial(self._done, loop, user_id))
        return await asyncio.wrap_future(done)

    def close(self) -> None:
        """Wait for what has begun; what waits is not begun."""
        for turns in self._waiting.values():
            for turn in turns:
                if not turn.done():
                    turn.set_exception(_stopping())
        self._waiting.clear()
        self._pool.shutdown(cancel_futures=True)

    def _check(self, user_id: str) -> None:
        if self._begun[user_id] >= self._per_user:
            self.refused["user"] += 1
            raise TooManyRequests(
                f"expected at most {self._per_user} requests of one user at a time, found another "
                "one; wait for an answer before the next"
            )
        if self.waiting >= self._places:
            self.refused["server"] += 1
            raise ServerBusy(
                "expected a free place in the queue, found the server busy; try again in a few "
                "seconds"
            )

    async def _turn(self, user_id: str) -> None:
        """Wait for a thread and take it."""
        turn: _Turn = asyncio.get_running_loop().create_future()
        with waiting_for_client(turn):
            if self._free:
                self._free -= 1
                return
            self._waiting.setdefault(user_id, deque()).append(turn)
            try:
                await turn
            except BaseException:
                if _was_given(turn):  # at the very moment
                    self._give()
                elif turn in self._waiting.get(user_id, ()):
                    self._waiting[user_id].remove(turn)
                raise

    def _give(self) -> None:
        """Give a thread that is free to who waits, of another user than the last time."""
        while self._waiting:
            user_id, turns = self._waiting.popitem(last=False)
            while turns and turns[0].done():  # who stopped waiting at that moment
                turns.popleft()
            if turns:
                turns.popleft().set_result(None)
                self._waiting[user_id] = turns  # at the end
                return
        self._free += 1

    def _submit(self, work: Callable[[], _T]) -> Future[_T]:
        try:
            return self._pool.submit(work)
        except RuntimeError as exc:  # the threads have ended, or the machine gives no more
            self._give()
            raise _stopping() from exc

    def _leave(self, user_id: str) -> None:
        self._begun[user_id] -= 1
        self._begun += Counter()  # drops those at 0

    def _done(self, loop: asyncio.AbstractEventLoop, user_id: str, done: Future[_T]) -> None:
        del done

        def leave() -> None:
            self._leave(user_id)
            self._give()

        if not loop.is_closed():
            loop.call_soon_threadsafe(leave)


def _was_given(turn: _Turn) -> bool:
    return turn.done() and not turn.cancelled() and turn.exception() is None


def _stopping() -> ServerBusy:
    return ServerBusy("expected a server that runs, found one that stops; try again soon")
