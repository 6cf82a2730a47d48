"""What reading and decoding uploads may cost: a deadline, a few at a time, and "busy" beyond it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from fastapi import HTTPException
from starlette.responses import JSONResponse

from pekit_agents.images import ImageLimits

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from examples.fastapi_chat.accounts import Accounts

__all__ = ["MAX_PHOTOS", "PHOTO_LIMITS", "UPLOAD_SECONDS", "Decoding", "UploadLimits"]

MAX_PHOTOS = 4
#: Who sends a photo cannot raise a limit, so errors do not say how.
PHOTO_LIMITS = ImageLimits(max_bytes=10 * 2**20, remedies={})

#: Four photos of 10 MB at 3 Mbit/s, which is a slow phone.
UPLOAD_SECONDS = 120
_UPLOADS = 2  # of one user at a time
_THREADS = 2  # that decode: large photos take seconds of CPU and hundreds of MB of RAM each
_PLACES = 16  # in the queue for them, the photos that are being decoded included

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Decoding:
    """Threads for pictures alone, so that nothing else waits for them; a full queue says so."""

    def __init__(self, threads: int = _THREADS, places: int = _PLACES) -> None:
        self._pool = ThreadPoolExecutor(threads, "decoding")
        self._free = places

    async def run(self, work: Callable[_P, _T], *args: _P.args, **options: _P.kwargs) -> _T:
        """Do some work in one of the threads.

        Raises:
            HTTPException: 503, the queue is full.
        """
        if not self._free:
            raise HTTPException(
                503,
                "expected a free place for another photo, found the service busy; try again in a "
                "few seconds",
                {"Retry-After": "5"},
            )
        self._free -= 1
        loop = asyncio.get_running_loop()
        begun = self._pool.submit(work, *args, **options)
        # Not when the caller stops waiting: the thread goes on.
        begun.add_done_callback(lambda done: self._give_back(loop, done))
        return await asyncio.wrap_future(begun)

    def close(self) -> None:
        """Let the threads end; what waits is not begun."""
        self._pool.shutdown(cancel_futures=True)

    def _give_back(self, loop: asyncio.AbstractEventLoop, done: Future[_T]) -> None:
        del done

        def free() -> None:
            self._free += 1

        if not loop.is_closed():
            loop.call_soon_threadsafe(free)


class UploadLimits:
    """Reads uploads of known users only, a few of each at a time, and none for ever.

    FastAPI reads a request's body before it asks whose it is.

    Args:
        app: The application; its state has the accounts.
        seconds: How long a request's body may take to arrive.
    """

    def __init__(self, app: ASGIApp, *, seconds: float = UPLOAD_SECONDS) -> None:
        self._app, self._seconds = app, seconds
        self._reading: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http" or not scope["path"].endswith("/messages"):
            await self._app(scope, receive, send)
            return
        accounts: Accounts = scope["app"].state.accounts
        user = await accounts.user_of(_token(scope))
        if user is None:
            await _refused(401, "expected a valid token")(scope, receive, send)
        elif self._reading[user] >= _UPLOADS:
            words = f"expected at most {_UPLOADS} uploads at a time; wait for the others"
            await _refused(429, words)(scope, receive, send)
        else:
            await self._read(user, scope, receive, send)

    async def _read(self, user: str, scope: Scope, receive: Receive, send: Send) -> None:
        deadline = asyncio.get_running_loop().time() + self._seconds
        reading = True
        self._reading[user] += 1

        def done() -> None:
            nonlocal reading
            if reading:
                reading = False
                self._reading[user] -= 1
                self._reading += Counter()  # drops those at 0

        async def in_time() -> Message:
            if not reading:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError as exc:
                done()
                words = f"expected the whole upload within {self._seconds:g} seconds"
                raise HTTPException(408, words, {"Connection": "close"}) from exc
            if not message.get("more_body"):
                done()
            return message

        try:
            await self._app(scope, in_time, send)
        finally:
            done()


def _token(scope: Scope) -> str:
    said = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    kind, _, token = said.partition(" ")
    return token if kind.lower() == "bearer" else ""


def _refused(status: int, words: str) -> JSONResponse:
    # Closed, or what was not read would be taken for the next request.
    headers = {"Connection": "close"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"detail": words}, status, headers)
