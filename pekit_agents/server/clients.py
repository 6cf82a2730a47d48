"""``Client``: whether somebody still waits for the answer to a request, for the work done for it.

This alone decides it, for REST, MCP and the console: :class:`~pekit_agents.server.work.Work` asks
it before it begins some work, and is told while the work waits for a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

    from starlette.types import Message, Receive

__all__ = ["Client", "ClientGone", "waiting_for_client"]

_GONE = "http.disconnect"
_asking: ContextVar[Client | None] = ContextVar("asking", default=None)


class ClientGone(Exception):
    """Nobody waits for it any more; it is not told to anybody, so it is no ``PeKitError``."""


class Client:
    """Who sent a request; a context manager for as long as the request is worked on.

    A client that closes its connection has gone. A server says so in ``receive``, where
    applications seldom listen once they have read the body: from then on this listens, and the
    application hears of it from here. While the body still arrives, only the application reads, so
    that no more is read than it wants.

    Args:
        receive: Receives the messages of the request.
        has_body: Whether a body comes.
    """

    def __init__(self, receive: Receive, *, has_body: bool) -> None:
        self._receive, self._arriving = receive, has_body
        self._heard: asyncio.Queue[Message] = asyncio.Queue(1)
        self._listening: asyncio.Task[None] | None = None
        self._waiting: set[asyncio.Future[Any]] = set()
        self._gone = False

    def __enter__(self) -> Client:
        """Begin to listen where no body comes."""
        self._before = _asking.set(self)
        if not self._arriving:
            self._listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> bool:
        """End to listen; that the client is gone needs no answer."""
        _asking.reset(self._before)
        if self._listening is not None:
            self._listening.cancel()
        return isinstance(error, ClientGone)

    async def received(self) -> Message:
        """Receive the next message, in the application's place."""
        if self._arriving:
            message = await self._receive()
            self._arriving = message.get("more_body", False)
            if message["type"] == _GONE:
                await self._leave(message)
            elif not self._arriving:
                self._listen()
            return message
        message = await self._heard.get()
        if message["type"] == _GONE:  # as often as it is asked
            self._heard.put_nowait(message)
        return message

    @contextmanager
    def stops(self, turn: asyncio.Future[Any]) -> Iterator[None]:
        """Have a future end in :class:`ClientGone` if the client goes meanwhile.

        Raises:
            ClientGone: It has gone.
        """
        if self._gone:
            raise ClientGone
        self._waiting.add(turn)
        try:
            yield
        finally:
            self._waiting.discard(turn)

    def _listen(self) -> None:
        self._listening = asyncio.get_running_loop().create_task(self._listened())

    async def _listened(self) -> None:
        while (message := await self._receive())["type"] != _GONE:
            await self._heard.put(message)
        await self._leave(message)

    async def _leave(self, message: Message) -> None:
        self._gone = True
        for turn in self._waiting:
            if not turn.done():
                turn.set_exception(ClientGone())
        await self._heard.put(message)


@contextmanager
def waiting_for_client(turn: asyncio.Future[Any]) -> Iterator[None]:
    """Have a future end in :class:`ClientGone` if who is answered here goes meanwhile.

    Where no request is answered, such as when the server starts, nobody can go.

    Raises:
        ClientGone: They have gone.
    """
    client = _asking.get()
    if client is None:
        yield
    else:
        with client.stops(turn):
            yield
