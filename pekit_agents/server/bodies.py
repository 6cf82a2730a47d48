"""The bodies of requests while they arrive and are worked on: ``Bodies`` bounds them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from pekit_agents.server.problems import Problem

if TYPE_CHECKING:
    from types import TracebackType

    from starlette.requests import HTTPConnection
    from starlette.types import Message, Receive, Send

__all__ = ["Bodies", "Body"]

_UPLOADS = 4  # of one user that arrive at a time
#: Of who is not known yet, by their address: a form to sign in.
_UNKNOWN_BYTES, _UNKNOWN_SECONDS = 2**16, 15.0
_USERS = 8  # who may have as much in RAM as one may: larger requests of more wait


class Bodies:
    """Bounds what arrives: of one request, of one user and of all.

    It belongs to one event loop.

    Args:
        most: The largest body of a request in bytes, and of a user's requests together.
        seconds: How long a body may take to arrive.
        streamed: The largest body by path, where a body is written to the disk as it comes: it is
            not held.
    """

    def __init__(
        self, most: int, seconds: float, streamed: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        self._most, self._seconds, self._streamed = most, seconds, streamed
        self._arriving: Counter[str] = Counter()
        self._held: Counter[str] = Counter()  # bytes

    def of(self, request: HTTPConnection, user: str | None) -> Body | None:
        """Return what bounds the body of a request; None where it has none.

        Raises:
            Problem: It says that it is too large, or as much of the user arrives as may.
        """
        chunked = "transfer-encoding" in request.headers
        length = request.headers.get("content-length", "0")
        if not length.isdecimal():  # headers are Latin-1, which has no other digits
            words = f"expected a Content-Length in digits, found {length!r:.40}"
            raise Problem(400, words, headers={"Connection": "close"})
        if not chunked and int(length) == 0:
            return None
        # No user is called so: an address follows what no user id begins with.
        who = f"\0{request.client.host if request.client else ''}" if user is None else user
        streamed = None if user is None else self._streamed.get(request.scope["path"])
        most, seconds = streamed or self._most, self._seconds
        if user is None:
            most, seconds = min(most, _UNKNOWN_BYTES), min(seconds, _UNKNOWN_SECONDS)
        if int(length) > most:
            raise _too_large(most)
        if self._arriving[who] >= _UPLOADS:
            raise _too_many(f"expected at most {_UPLOADS} uploads at a time")
        return Body(self, who, most, seconds, held=streamed is None)

    def arrives(self, who: str, change: int) -> None:
        """Note that a body begins or ends to arrive."""
        self._arriving[who] += change
        self._arriving += Counter()  # drops those at 0

    def hold(self, who: str, size: int) -> None:
        """Note that some more is held, or less.

        Raises:
            Problem: It is more than may be held.
        """
        if size > 0 and self._held[who] + size > self._most:
            raise _too_many(f"expected requests of at most {self._most} bytes together")
        if size > 0 and self._held.total() + size > _USERS * self._most:
            words = "expected a request that there is room for, found the server busy; try again"
            raise Problem(503, words, headers={"Retry-After": "5", "Connection": "close"})
        self._held[who] += size
        self._held += Counter()


class Body:
    """The body of one request; a context manager for as long as the request is worked on.

    Attributes:
        refused: What is answered instead of what the application answers.
        answered: Whether an answer has begun.
    """

    def __init__(
        self, bodies: Bodies, who: str, most: int, seconds: float, *, held: bool = True
    ) -> None:
        self._bodies, self._who, self._most, self._seconds = bodies, who, most, seconds
        self._held, self._size, self._arriving = held, 0, False
        self.refused: Problem | None = None
        self.answered = False

    def __enter__(self) -> Body:
        """Begin to read."""
        self._arriving = True
        self._bodies.arrives(self._who, 1)
        self._deadline = asyncio.get_running_loop().time() + self._seconds
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> bool:
        """Let go of it; what the application says to a refusal is no error."""
        self._read()
        if self._held:
            self._bodies.hold(self._who, -self._size)
        return self.refused is not None and isinstance(error, Exception)

    def received(self, receive: Receive) -> Receive:
        """Return what gives the application the body, as far as it is let in."""

        async def bounded() -> Message:
            if not self._arriving:
                return await receive()
            if self.refused is not None:
                raise self.refused
            try:
                return self._admitted(await self._in_time(receive))
            except Problem as problem:
                self.refused = problem
                raise

        return bounded

    def instead_of(self, send: Send) -> Send:
        """Return what sends the application's answer, unless the body was refused before."""

        async def sent(message: Message) -> None:
            if self.refused is not None and not self.answered:
                return
            self.answered = True
            await send(message)

        return sent

    async def _in_time(self, receive: Receive) -> Message:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await receive()
        except TimeoutError as exc:
            raise Problem(
                408,
                f"expected the whole body within {self._seconds:g} seconds; send it again, or less",
                headers={"Connection": "close"},
            ) from exc

    def _admitted(self, message: Message) -> Message:
        size = len(message.get("body", b""))
        if self._size + size > self._most:
            raise _too_large(self._most)
        if self._held:
            self._bodies.hold(self._who, size)
        self._size += size
        if not message.get("more_body"):
            self._read()
        return message

    def _read(self) -> None:
        if self._arriving:
            self._arriving = False
            self._bodies.arrives(self._who, -1)


def _too_large(most: int) -> Problem:
    words = f"expected a body of at most {most} bytes, found more; send fewer or smaller files"
    return Problem(413, words, headers={"Connection": "close"})


def _too_many(words: str) -> Problem:
    headers = {"Retry-After": "2", "Connection": "close"}
    return Problem(429, f"{words}, found another one; wait for the others", headers=headers)
