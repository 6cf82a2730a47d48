"""``User``: does over REST and MCP what a user's programs do, and notes how long each took."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from benchmarks.server.photos import Photos

__all__ = ["Figures", "User"]

_THINGS = 8  # of a user; the oldest is forgotten for the next, so that memories stay as they are
_TRIES = 20
_MCP = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}
_ERROR = re.compile(r'"isError": ?true|"error": ?\{')


@dataclass
class Figures:
    """What was measured.

    Attributes:
        seconds: How long each request took, by kind; waits that the server asked for included.
        waits: How often the server said to wait: 429 or 503.
        errors: What was answered else, in words.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    waits: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """How many were answered."""
        return sum(len(each) for each in self.seconds.values())


class User:
    """A user with a token.

    Args:
        client: Sends.
        token: Says who it is.
        photos: What is sent.
        rng: Draws what is done next.
        figures: Where it is noted.
    """

    def __init__(
        self,
        client: httpx2.AsyncClient,
        token: str,
        photos: Photos,
        rng: random.Random,
        figures: Figures,
    ) -> None:
        self._client, self._photos, self._rng, self._figures = client, photos, rng, figures
        self._headers = {"authorization": f"Bearer {token}"}
        self._things: deque[str] = deque()
        self._count = 0

    async def use(self, until: float, pause: float) -> None:
        """Do one thing after another, with pauses of ``pause`` seconds in the mean."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._rng.uniform(0, pause))  # they do not all begin at once
        await self.remember()
        files = {"photo": ("photo", self._photos.next())}
        await self._send("send", "POST", "/v1/pictures", files=files)  # the latest, for MCP
        kinds: list[Callable[[], Awaitable[None]]] = [self.find, self.list, self.remember, self.mcp]
        while loop.time() < until:
            await asyncio.sleep(self._rng.expovariate(1 / pause) if pause else 0)
            (kind,) = self._rng.choices(kinds, (50, 20, 10, 20))
            await kind()

    async def find(self) -> None:
        """Send a photo and have it searched."""
        files = {"photo": ("photo", self._photos.next())}
        await self._send("find", "POST", "/v1/find", files=files)

    async def list(self) -> None:
        """List what is remembered."""
        await self._send("list", "GET", "/v1/objects")

    async def remember(self) -> None:
        """Introduce a thing, and forget the oldest of many."""
        self._count += 1
        name = f"thing {self._count} {self._rng.random()}"
        said = {"name": name, "category": "thing", "context": "of a load test"}
        files = {"photos": ("photo", self._photos.next())}
        told = await self._send("remember", "POST", "/v1/objects", data=said, files=files)
        if told is not None:
            self._things.append(told["object_id"])
        if len(self._things) > _THINGS:
            await self._send("forget", "DELETE", f"/v1/objects/{self._things.popleft()}")

    async def mcp(self) -> None:
        """Call a tool."""
        name = self._rng.choice(("find_personal_objects", "list_personal_objects"))
        params = {"name": name, "arguments": {}}
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        await self._send("mcp", "POST", "/mcp", json=call, headers=_MCP)

    async def _send(self, kind: str, method: str, path: str, **given: Any) -> Any:
        headers = self._headers | given.pop("headers", {})
        begun = time.perf_counter()
        for _ in range(_TRIES):
            try:
                answer = await self._client.request(method, path, headers=headers, **given)
            except httpx2.TransportError as exc:
                self._figures.errors.append(f"{method} {path}: {type(exc).__name__}")
                return None
            if answer.status_code not in {429, 503}:
                break
            self._figures.waits[answer.status_code] += 1
            await asyncio.sleep(float(answer.headers.get("retry-after", 1)))
        self._figures.seconds.setdefault(kind, []).append(time.perf_counter() - begun)
        if answer.status_code >= 400 or (kind == "mcp" and _ERROR.search(answer.text)):
            told = f"{method} {path}: {answer.status_code} {answer.text[:200]}"
            # A random part of a photo may show nothing that stands out: that is an answer.
            if "no-object-found" not in told:
                self._figures.errors.append(told)
            return None
        return json.loads(answer.text) if kind == "remember" else None
