"""What stands before every request: whose it is, where it comes from, and what it may send.

All of it is decided before anything of the body is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse

from pekit_agents.errors import PeKitError
from pekit_agents.server.bodies import Bodies
from pekit_agents.server.clients import Client
from pekit_agents.server.hosts import host_of, site_of
from pekit_agents.server.identity import bearer_of
from pekit_agents.server.problems import PROBLEM_JSON, Problem, problem_of

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
#: Where a clip is sent, and what a form has beside it.
_CLIPS = ("/v1/find/video", "/v1/find/video/stream")
_FORM_BYTES = 2**16
_READING = frozenset({"GET", "HEAD"})
_WITHIN_SITE = frozenset({"same-origin", "none"})
#: Of every answer that does not say otherwise. What is somebody's stays out of shared caches, of
#: pages of elsewhere and of the addresses that browsers tell other sites.
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Admission:
    """Lets in the requests of known users, and no more of a body than may be sent.

    ``scope["state"]["user_id"]`` says whose a request is.

    - A request for another host name is refused: a page of elsewhere could have its name point at
      this machine.
    - A request that brings no token is refused where a page of elsewhere sent it, unless it only
      leads here: a link.
    - A body that is too large, or does not arrive in time, is refused; and so is a user's next one
      while several are still arriving.
    - What is not begun for a client that has gone is left; see :class:`Client`.

    Args:
        app: The application.
        settings: The host names and limits.
        identify: Gives the user of a request.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings, identify: Identify) -> None:
        self._app, self._identify = app, identify
        self._hosts = frozenset(settings.allowed_hosts)
        streamed = dict.fromkeys(_CLIPS, settings.max_clip + _FORM_BYTES)
        self._bodies = Bodies(settings.max_request, settings.upload_seconds, streamed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        send = _with_headers(send)
        try:
            self._check_host(request)
            if bearer_of(request) is None:
                _require_same_site(request)
            user = await self._identify(request)
            if user is None and not _is_under(scope["path"], _PUBLIC):
                await _unknown_user(request)(scope, receive, send)
                return
            body = self._bodies.of(request, user)
        except Problem as problem:
            await answer_of(problem)(scope, receive, send)
            return
        except PeKitError as exc:
            await answer_of(problem_of(exc))(scope, receive, send)
            return
        scope.setdefault("state", {})["user_id"] = user
        if body is None:
            with Client(receive, has_body=False) as client:
                await self._app(scope, client.received, send)
            return
        with body, Client(body.received(receive), has_body=True) as client:
            await self._app(scope, client.received, body.instead_of(send))
        if body.refused is not None and not body.answered:
            await answer_of(body.refused)(scope, receive, send)

    def _check_host(self, request: HTTPConnection) -> None:
        sent = request.headers.getlist("host")
        host = host_of(sent[0]) if len(sent) == 1 else None
        if host is None or not {host, "*"} & self._hosts:
            raise Problem(
                421,
                f"expected a request for {', '.join(sorted(self._hosts))}, found one for another "
                "host; add its name with --allow-host",
                headers={"Connection": "close"},
            )


def answer_of(problem: Problem) -> Response:
    """Return problem details as a response."""
    return JSONResponse(problem.body(), problem.status_code, problem.headers, PROBLEM_JSON)


def _unknown_user(request: HTTPConnection) -> Response:
    path = request.scope["path"]
    if request.scope["method"] in _READING and not _is_under(path, _FOR_PROGRAMS):
        # "//elsewhere" and "/\elsewhere" are other sites to a browser.
        within = path.startswith("/") and path[1:2] not in {"/", "\\"}
        return RedirectResponse(f"/sign-in?next={quote(path)}" if within else "/sign-in", 303)
    words = "expected a token, found none that is known; send Authorization: Bearer TOKEN"
    # Closed, or what was not read of the body would be taken for the next request.
    headers = {"WWW-Authenticate": "Bearer", "Connection": "close"}
    return answer_of(Problem(401, words, headers=headers))


def _require_same_site(request: HTTPConnection) -> None:
    """Refuse what a page of elsewhere has a browser send with the cookies of this site."""
    method, headers = request.scope["method"], request.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    within = site is None or site in _WITHIN_SITE
    if method in _READING:
        within = within or headers.get("sec-fetch-mode") == "navigate"
    elif within and origin is not None:
        sent_by = site_of(origin)
        within = sent_by is not None and sent_by[1] == headers.get("host", "").casefold()
    if not within:
        raise Problem(
            403,
            "expected a request of this server's own pages, found one of another site; send a "
            "token to use the server from elsewhere",
            headers={"Connection": "close"},
        )


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent


def _is_under(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or (path.startswith(place) and place[-1] == "/") for place in places)
