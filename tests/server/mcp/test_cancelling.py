"""A call that nobody waits for any more: what has not begun is not begun, and its place is free."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import anyio
import httpx2
from mcp import Client

from pekit_agents.profiles import Profile
from pekit_agents.testing.fakes import graded_profile
from tests.server.mcp.conftest import TOKENS, photo

SIZE = (160, 120)  # of the photos here


class Gate:
    """A proposer that waits until it is let go, and notes each photo that it was shown."""

    def __init__(self) -> None:
        self.inner = graded_profile().proposer
        self.begun, self.open = threading.Semaphore(0), threading.Event()
        self.sizes: list[tuple[int, int]] = []

    def propose(self, image: Any, categories: Sequence[str], mode: Any) -> Any:
        """Wait, and propose; a server warms up with a picture of another size."""
        if image.size != SIZE:
            return self.inner.propose(image, categories, mode)
        self.sizes.append(image.size)
        self.begun.release()
        assert self.open.wait(30)
        return self.inner.propose(image, categories, mode)

    @property
    def profile(self) -> Profile:
        """A profile that proposes so."""
        return replace(graded_profile(), proposer=self)


async def until(told: Callable[[], bool]) -> None:
    """Wait for something that the server does by itself."""
    with anyio.fail_after(30):
        while not told():
            await anyio.sleep(0.01)


async def test_a_cancelled_call_is_never_begun(local, folder):
    """One thread: the first call keeps it while the second is cancelled."""
    gate = Gate()
    server = local(gate.profile, threads=1)
    async with Client(server, mode="legacy") as client:  # its messages are those of stdio
        await _one_waits_and_one_is_cancelled(client, server.service, gate, _photos(folder))


async def test_a_closed_stream_cancels_a_call_over_http(serving, folder):
    """So does a client of 2026-07-28 say it."""
    gate = Gate()
    server = serving(gate.profile, threads=1, user="ann", photos=(str(folder),))
    async with server.client("ann") as client:
        await _one_waits_and_one_is_cancelled(client, server.service, gate, _photos(folder))


async def test_a_request_that_an_older_client_closes_is_cancelled(serving, folder):
    """Its message that says so comes by itself, and nothing says which request it is about."""
    gate = Gate()
    server = serving(gate.profile, threads=1)
    (handle,) = (server.service.take_in("ann", data) for data in [_photos(folder)["first"]])
    given = {"name": "find_personal_objects", "arguments": {"image": handle}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": given}
    headers = {
        "Accept": "application/json, text/event-stream",
        "Authorization": f"Bearer {TOKENS['ann']}",
    }
    async with server.client("ann") as client, anyio.create_task_group() as tasks:
        remember = {"name": "Biscuit", "category": "dog", "images": [handle]}
        await client.call_tool("remember_object", remember)
        tasks.start_soon(client.call_tool, "find_personal_objects", {"image": handle})
        await anyio.to_thread.run_sync(gate.begun.acquire)
        async with httpx2.AsyncClient() as http:
            sent = http.stream("POST", f"{server.url}/mcp", json=body, headers=headers)
            async with sent as response:
                assert response.status_code == 200
                await until(lambda: server.service.vision.waiting == 2)
        await until(lambda: server.service.vision.waiting == 1)
        gate.open.set()


async def _one_waits_and_one_is_cancelled(
    client: Client, service: Any, gate: Gate, handles: dict[str, bytes]
) -> None:
    user = service.settings.user
    first, second = (service.take_in(user, data) for data in handles.values())
    given = {"name": "Biscuit", "category": "dog", "images": [first]}
    await client.call_tool("remember_object", given)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, "find_personal_objects", {"image": first})
        await anyio.to_thread.run_sync(gate.begun.acquire)
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as cancelled:
                cancelled.start_soon(client.call_tool, "find_personal_objects", {"image": second})
                await until(lambda: service.vision.waiting == 2)
                scope.cancel()
        await until(lambda: service.vision.waiting == 1)
        gate.open.set()
    await until(lambda: service.vision.waiting == 0)
    assert gate.sizes == [SIZE]


def _photos(folder: Any) -> dict[str, bytes]:
    return {"first": (folder / "red.png").read_bytes(), "second": photo("green", "red")}


async def test_others_are_answered_while_a_photo_is_searched(local, folder):
    gate = Gate()
    server = local(gate.profile, threads=1)
    async with Client(server, mode="legacy") as client:
        given = {"name": "Biscuit", "category": "dog", "images": ["red.png"]}
        await client.call_tool("remember_object", given)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "find_personal_objects", {"image": "red.png"})
            await anyio.to_thread.run_sync(gate.begun.acquire)
            with anyio.fail_after(30):
                listed = await client.call_tool("list_personal_objects", {})
            gate.open.set()
    assert listed.structured_content["total"] == 1
