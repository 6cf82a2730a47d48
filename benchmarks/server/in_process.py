"""``answer_to``: a request to an ASGI application, with nothing of a client that would mend it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = ["Answer", "Call", "answer_to"]

_PATIENCE = 60.0  # seconds: an answer that takes longer never comes


@dataclass(frozen=True)
class Call:
    """A request as it is sent.

    Attributes:
        method: Its method.
        target: Its path and query, as they stand in the request line.
        headers: Its headers.
        body: The pieces of its body; None where it stops to arrive.
        kind: What it tries.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: Sequence[bytes | None] = (b"",)
    kind: str = ""

    @property
    def text(self) -> str:
        """All that it says, as text."""
        body = b"".join(each for each in self.body if each is not None)
        return f"{self.target} {self.headers} {body.decode('latin-1')}"


@dataclass
class Answer:
    """What came back.

    Attributes:
        status: Its status; 0 where nothing came.
        headers: Its headers.
        body: Its body.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


async def answer_to(app: ASGIApp, call: Call) -> Answer:
    """Send a request and return the answer.

    Raises:
        TimeoutError: It does not come.
    """
    answer, pieces = Answer(), list(call.body)
    split = urlsplit(f"//x{call.target}" if call.target.startswith("//") else call.target)
    path = call.target.partition("?")[0]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("latin-1", "replace"),
        "root_path": "",
        "query_string": split.query.encode("latin-1", "replace"),
        "headers": [
            (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in call.headers
        ],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8321),
        "state": {},
    }
    whole = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if not pieces:
            await whole.wait()
            return {"type": "http.disconnect"}
        piece = pieces.pop(0)
        if piece is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {
                k.decode("latin-1"): v.decode("latin-1") for k, v in message["headers"]
            }
        else:
            answer.body += message.get("body", b"")
            if not message.get("more_body"):
                whole.set()

    async with asyncio.timeout(_PATIENCE):
        await app(scope, receive, send)
    return answer
