"""``Watched``: counts and logs each request, and answers what nobody expected."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import time
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

from pekit_agents.errors import MemoryStoreError
from pekit_agents.server.admission import answer_of
from pekit_agents.server.identity import secret_key
from pekit_agents.server.monitoring.logs import REQUESTS
from pekit_agents.server.problems import Problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pekit_agents.server.monitoring.metrics import Metrics
    from pekit_agents.server.service import Service

__all__ = ["Watched", "template_of"]

_REQUESTS, _ERRORS = logging.getLogger(REQUESTS), logging.getLogger(__name__)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_MOUNTED = ("/mcp", "/static")  # applications that leave no template behind
_PREFIX = "/v1"
_OTHER = "other"  # what no route answers: a path of it may say anything
_DISCONNECTED = 499  # who asked did not wait for the answer


class Watched:
    """Counts and logs requests; an error that nobody expected is a problem without details.

    ``scope["state"]["request_id"]`` and the answer's ``X-Request-ID`` are the log's.

    Args:
        app: The application.
        service: What it works with.
        metrics: Where requests are counted.
    """

    def __init__(self, app: ASGIApp, service: Service, metrics: Metrics) -> None:
        self._app, self._service, self._metrics = app, service, metrics
        self._key: bytes | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 0
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as exc:  # noqa: BLE001  # uvicorn would log its words, which are a user's
            about = {"request_id": request_id, "error": type(exc).__qualname__}
            _ERRORS.exception("an error that nobody expected", extra=about)
            if not status:  # else the connection is closed in the middle of the answer
                await answer_of(_unexpected(request_id))(scope, receive, noted)
        finally:
            self._note(scope, status or _DISCONNECTED, time.perf_counter() - begun, request_id)

    def _note(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        route = template_of(scope)
        self._metrics.answered(method, route, status, seconds)
        if _REQUESTS.isEnabledFor(logging.INFO):
            about = {
                "method": method,
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 1),
                "request_id": request_id,
                "user": self._hidden(scope["state"].get("user_id")),
            }
            _REQUESTS.info("request", extra=about)

    def _hidden(self, user_id: str | None) -> str | None:
        """Return what tells users apart, and who they are to nobody without the key."""
        if user_id is None:
            return None
        if self._key is None:
            try:
                self._key = secret_key(self._service.settings.folder).encode()
            except MemoryStoreError:
                self._key = secrets.token_bytes(32)  # of this process
        name = user_id.encode("utf-8", "surrogatepass")
        return hmac.new(self._key, b"log\0" + name, hashlib.sha256).hexdigest()[:12]


def template_of(scope: Scope) -> str:
    """Return which route answered a request, without what stood in its place."""
    path = getattr(scope.get("route"), "path", None)
    if isinstance(path, str) and path:
        # FastAPI leaves the route as it was written, without the prefix of its router.
        within = scope["path"].startswith(f"{_PREFIX}/") and not path.startswith(_PREFIX)
        return f"{_PREFIX}{path}" if within else path
    for mounted in _MOUNTED:
        if scope["path"] == mounted or scope["path"].startswith(f"{mounted}/"):
            return mounted
    return _OTHER


def _unexpected(request_id: str) -> Problem:
    return Problem(
        500,
        "expected an answer, found an error of the server; its log says more under this request_id",
        request_id=request_id,
    )
