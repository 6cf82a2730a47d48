"""What tests of the server share: a server in this process, and requests without any client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from pekit_agents.profiles import Profile
from pekit_agents.server import ServerSettings, create_app
from pekit_agents.server.tokens import hash_of
from pekit_agents.testing.fakes import fake_profile

ANN, BOB = "a-token-of-ann-1", "a-token-of-bob-1"
TOKENS = {hash_of(ANN): "ann", hash_of(BOB): "bob"}


@dataclass
class Answer:
    """What an application sent."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


async def asked(
    app: Any,
    method: str = "GET",
    path: str = "/healthz",
    headers: Iterable[tuple[str, str]] = (("host", "localhost"),),
    body: Sequence[bytes | None] = (b"",),
    client: str = "127.0.0.1",
) -> Answer:
    """Send a request without a client, which would mend what is wrong with it.

    Args:
        app: The application.
        method: Its method.
        path: Its path.
        headers: All its headers.
        body: The pieces in which the body arrives; None for one that never does.
        client: The address it comes from.
    """
    answer, pieces = Answer(), list(body)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("utf-8", "replace"),
        "root_path": "",
        "query_string": b"",
        "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers],
        "client": (client, 50000),
        "server": ("127.0.0.1", 8321),
        "state": {},
    }

    async def receive() -> dict[str, Any]:
        if not pieces or pieces[0] is None:
            await asyncio.Event().wait()
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {k.decode(): v.decode() for k, v in message.get("headers", ())}
        else:
            answer.body += message.get("body", b"")

    await app(scope, receive, send)
    return answer


@asynccontextmanager
async def server_of(
    settings: ServerSettings, profile: Profile | None = None, **options: Any
) -> AsyncIterator[FastAPI]:
    """Run a server in this process, without a port."""
    app = create_app(settings, profile=profile or fake_profile(), **options)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    """Of a server for ann and bob."""
    return ServerSettings(memory=str(tmp_path / "memory"), tokens=TOKENS, threads=2)


@pytest.fixture
def own(tmp_path: Path) -> ServerSettings:
    """Of a server on one's own machine."""
    return ServerSettings(memory=str(tmp_path / "memory"), threads=2)


@pytest.fixture
def ask() -> Any:
    """Return what sends a request without a client."""
    return asked


@pytest.fixture
def running() -> Any:
    """Return what runs a server in this process."""
    return server_of
