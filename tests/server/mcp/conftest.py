"""A server with two users, and clients of it: in this process and over HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.types import CallToolResult

from pekit_agents.profiles import Profile
from pekit_agents.server import ServerSettings, create_app
from pekit_agents.server.mcp import local_server
from pekit_agents.server.service import Service
from pekit_agents.server.tokens import hash_of
from pekit_agents.testing.fakes import graded_profile, solid_scene, to_png

#: Of each user; the file of tokens holds hashes, and so do the settings.
TOKENS = {"ann": "ann-" + "a" * 20, "bob": "bob-" + "b" * 20}
MODES = ["2026-07-28", "legacy"]


def photo(*colours: str) -> bytes:
    """Return a photo with patches of these colours, side by side, as a file."""
    boxes = {name: (10 + 70 * at, 20, 70 + 70 * at, 80) for at, name in enumerate(colours)}
    return to_png(solid_scene(boxes))


def words(result: CallToolResult) -> str:
    """Return the text of a result."""
    return "\n".join(each.text for each in result.content if each.type == "text")


def picture_blocks(result: CallToolResult) -> list[Any]:
    """Return the pictures of a result."""
    return [each for each in result.content if each.type == "image"]


class UvicornInThread(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()


@contextmanager
def served(app: Any, listening: socket.socket) -> Iterator[None]:
    """Serve an application at a socket that listens."""
    server = UvicornInThread(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    assert server.listens.wait(30)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@dataclass
class Served:
    """A server at a port of this machine.

    Attributes:
        url: Where it is.
        app: The application.
    """

    url: str
    app: Any

    @property
    def service(self) -> Service:
        """What it works with."""
        return self.app.state.service

    @asynccontextmanager
    async def client(
        self, user: str, mode: str = MODES[0], **options: Any
    ) -> AsyncIterator[Client]:
        """Connect as a user."""
        headers = {"Authorization": f"Bearer {TOKENS[user]}"}
        async with create_mcp_http_client(headers=headers) as http:
            transport = streamable_http_client(f"{self.url}/mcp", http_client=http)
            async with Client(transport, mode=mode, **options) as client:
                yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of photos that may be named by path."""
    made = tmp_path / "photos"
    made.mkdir()
    (made / "red.png").write_bytes(photo("red"))
    (made / "both.png").write_bytes(photo("red", "blue"))
    return made


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Start a server with two users at a free port; options are those of its settings."""
    running = []

    def start(profile: Profile | None = None, **options: Any) -> Served:
        listening = socket.create_server(("127.0.0.1", 0))
        given = {
            "memory": str(tmp_path / "memory"),
            "port": listening.getsockname()[1],
            "tokens": {hash_of(token): user for user, token in TOKENS.items()},
            **options,
        }
        settings = ServerSettings(**given)
        app = create_app(settings, profile=profile or graded_profile())
        context = served(app, listening)
        context.__enter__()
        running.append(context)
        return Served(settings.url, app)

    yield start
    for context in running:
        context.__exit__(None, None, None)


@pytest.fixture
def http(serving: Callable[..., Served]) -> Served:
    """A server with two users."""
    return serving()


@pytest.fixture
def local(tmp_path: Path, folder: Path) -> Iterator[Callable[..., Any]]:
    """Make an MCP server for this machine over photos in a folder; options of its settings."""
    made = []

    def make(profile: Profile | None = None, *, console: bool = False, **options: Any) -> Any:
        given = {"memory": str(tmp_path / "memory"), "photos": (str(folder),), **options}
        service = Service(ServerSettings(**given), profile or graded_profile())
        made.append(service)
        server = local_server(service, console=console)
        server.service = service
        return server

    yield make
    for service in made:
        service.close()
