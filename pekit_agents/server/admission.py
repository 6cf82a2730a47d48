"""What stands before every request: whose it is, where it comes from, and what it may send.

All of it is decided before anything of the body is read.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse

from pekit_agents.server.identity import bearer_of
from pekit_agents.server.problems import PROBLEM_JSON, Problem

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pekit_agents.server.identity import Identify
    from pekit_agents.server.settings import ServerSettings

__all__ = ["Admission", "answer_of"]

#: Nobody has to say who they are to see these.
_PUBLIC = ("/healthz", "/readyz", "/openapi.json", "/sign-in", "/static/")
#: Programs ask for these: without a user they are answered 401, a browser is sent to sign in.
_FOR_PROGRAMS = ("/v1/", "/mcp", "/metrics")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_UPLOADS = 4  # of one user at a time
_UNKNOWN_BYTES = 2**16  # of who is not known yet: a form to sign in
_WITHIN_SITE = frozenset({"same-origin", "none"})


class Admission:
    """Lets in the requests of known users, and no more of a body than may be sent.

    ``scope["state"]["user_id"]`` says whose a request is.

    - A request for another host name is refused: a page of elsewhere could have its name point at
      this machine.
    - A request that changes something and brings no token is refused unless a page of this server
      sent it, or no page at all.
    - A body that is too large, or does not arrive in time, is refused; and so is a user's next one
      while several are still arriving.

    Args:
        app: The application.
        settings: The host names and limits.
        identify: Gives the user of a request.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings, identify: Identify) -> None:
        self._app, self._settings, self._identify = app, settings, identify
        self._hosts = {host.casefold() for host in settings.allowed_hosts}
        self._reading: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        try:
            user = await self._user(request)
        except Problem as problem:
            await answer_of(problem)(scope, receive, send)
            return
        if user is None and not _is_under(scope["path"], _PUBLIC):
            await _unknown_user(request)(scope, receive, send)
            return
        scope.setdefault("state", {})["user_id"] = user
        if scope["method"] in _SAFE:
            await self._app(scope, receive, send)
        else:
            await self._read(user or "", scope, receive, send)

    async def _user(self, request: HTTPConnection) -> str | None:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        known = {host, f"[{host}]"} & self._hosts
        if not known and "*" not in self._hosts:
            raise Problem(
                421,
                f"expected a request for {', '.join(sorted(self._hosts))}, found one for another "
                "host; add its name with --allow-host",
            )
        if request.scope["method"] not in _SAFE and bearer_of(request) is None:
            _require_same_site(request)
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._settings.max_request:
            raise _too_large(self._settings.max_request)
        return await self._identify(request)

    async def _read(self, user: str, scope: Scope, receive: Receive, send: Send) -> None:
        if self._reading[user] >= _UPLOADS:
            words = f"expected at most {_UPLOADS} uploads at a time; wait for the others"
            busy = Problem(429, words, headers={"Retry-After": "2", "Connection": "close"})
            await answer_of(busy)(scope, receive, send)
            return
        most = self._settings.max_request if user else _UNKNOWN_BYTES
        deadline = asyncio.get_running_loop().time() + self._settings.upload_seconds
        reading, received, begun = True, 0, False
        self._reading[user] += 1

        def done() -> None:
            nonlocal reading
            if reading:
                reading = False
                self._reading[user] -= 1
                self._reading += Counter()  # drops those at 0

        async def bounded() -> Message:
            nonlocal received
            if not reading:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError as exc:
                seconds = f"{self._settings.upload_seconds:g}"
                raise Problem(
                    408,
                    f"expected the whole body within {seconds} seconds; send it again, or less",
                    headers={"Connection": "close"},
                ) from exc
            received += len(message.get("body", b""))
            if received > most:
                raise _too_large(most)
            if not message.get("more_body"):
                done()
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, bounded, noted)
        except Problem as problem:
            if begun:
                raise
            await answer_of(problem)(scope, receive, send)
        finally:
            done()


def answer_of(problem: Problem) -> Response:
    """Return problem details as a response."""
    return JSONResponse(problem.body(), problem.status_code, problem.headers, PROBLEM_JSON)


def _unknown_user(request: HTTPConnection) -> Response:
    path = request.scope["path"]
    if request.scope["method"] == "GET" and not _is_under(path, _FOR_PROGRAMS):
        return RedirectResponse(f"/sign-in?next={quote(path)}", 303)
    words = "expected a token, found none that is known; send Authorization: Bearer TOKEN"
    # Closed, or what was not read of the body would be taken for the next request.
    headers = {"WWW-Authenticate": "Bearer", "Connection": "close"}
    return answer_of(Problem(401, words, headers=headers))


def _require_same_site(request: HTTPConnection) -> None:
    """Refuse what a page of elsewhere has a browser send with the cookies of this site."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    within = site is None or site in _WITHIN_SITE
    if within and origin is not None:
        within = urlsplit(origin).netloc.casefold() == request.headers.get("host", "").casefold()
    if not within:
        raise Problem(
            403,
            "expected a request of this server's own pages, found one of another site; send a "
            "token to use the server from elsewhere",
            headers={"Connection": "close"},
        )


def _too_large(most: int) -> Problem:
    words = f"expected a body of at most {most} bytes, found more; send fewer or smaller photos"
    return Problem(413, words, headers={"Connection": "close"})


def _is_under(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or (path.startswith(place) and place[-1] == "/") for place in places)
