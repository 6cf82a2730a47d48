"""Who has gone: what is not begun for them is left, and what has begun goes to its end."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import httpx
import pytest

from pekit_agents.server import create_app
from pekit_agents.server.clients import Client, ClientGone, waiting_for_client
from pekit_agents.server.work import Work
from pekit_agents.testing import graded_profile
from tests.server.rest.conftest import ANN, photo_of, running, settings_for

COUNT = 40
GONE = {"type": "http.disconnect"}
WHOLE = {"type": "http.request", "body": b"x", "more_body": False}


class Gate:
    """Vision tools that wait until they are let go, and count what they were asked."""

    def __init__(self) -> None:
        self.inner = graded_profile()
        self.waits, self.may, self.calls = False, threading.Event(), 0

    def propose(self, *given: Any) -> Any:
        """Wait, and propose."""
        self._wait()
        return self.inner.proposer.propose(*given)

    def extract(self, *given: Any) -> Any:
        """Wait, and extract."""
        self._wait()
        return self.inner.extractor.extract(*given)

    def _wait(self) -> None:
        if self.waits:
            self.calls += 1
            assert self.may.wait(30)


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


class Server:
    """A real server with one thread for photos, which a gate holds."""

    def __init__(self, app: Any, gate: Gate, url: str) -> None:
        self.service, self.gate, self._address = app.state.service, gate, url.rpartition("/")[2]
        headers = {"Authorization": f"Bearer {ANN}"}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=30)
        form = {"name": "Biscuit", "category": "dog"}
        files = {"photos": ("a.png", photo_of("red"))}
        assert self.http.post("/v1/objects", data=form, files=files).status_code == 201
        sent = self.http.post("/v1/pictures", files={"photo": ("p.png", photo_of("red"))})
        self.handle = sent.json()["picture"]

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> socket.socket:
        """Send a request through a connection of its own, and do not read the answer."""
        host, _, port = self._address.partition(":")
        told = {
            "Host": self._address,
            "Authorization": f"Bearer {ANN}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            **({"Content-Length": str(len(body))} if body else {}),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in told.items()), "", ""]
        connection = socket.create_connection((host, int(port)))
        connection.sendall("\r\n".join(lines).encode() + body)
        return connection


@pytest.fixture
def server(tmp_path):
    """Serve where one user may have much waiting."""
    gate = Gate()
    settings = settings_for(tmp_path, threads=1, queue=100, per_user=100)
    app = create_app(settings, profile=replace(gate.inner, proposer=gate, extractor=gate))
    with running(app) as url:
        until(app.state.loading.done)
        made = Server(app, gate, url)
        gate.waits = True
        try:
            yield made
        finally:
            gate.may.set()
            made.http.close()


def rest(server: Server) -> socket.socket:
    body = json.dumps({"photo": {"picture": server.handle}, "strictness": "recall"}).encode()
    return server.send("POST", "/v1/find", body)


def folder_lines(server: Server) -> socket.socket:
    """A stream: its first line has not come, so that nothing of the answer has been sent."""
    body = json.dumps({"photos": [{"picture": server.handle}] * 3, "strictness": "recall"}).encode()
    return server.send("POST", "/v1/find/stream", body)


def console(server: Server) -> socket.socket:
    return server.send("GET", f"/try/{server.handle}?strictness=recall")


def mcp(version: str | None) -> Callable[[Server], socket.socket]:
    def send(server: Server) -> socket.socket:
        arguments = {"image": server.handle, "strictness": "recall"}
        params: dict[str, Any] = {"name": "find_personal_objects", "arguments": arguments}
        headers = {}
        if version is not None:
            about = "io.modelcontextprotocol"
            params["_meta"] = {
                f"{about}/protocolVersion": version,
                f"{about}/clientInfo": {"name": "test", "version": "1"},
                f"{about}/clientCapabilities": {},
            }
            headers = {
                "MCP_Protocol_Version": version,
                "Mcp_Method": "tools/call",
                "Mcp_Name": "find_personal_objects",
            }
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        return server.send("POST", "/mcp", json.dumps(body).encode(), **headers)

    return send


@pytest.mark.parametrize(
    "ask",
    [rest, folder_lines, console, mcp(None), mcp("2026-07-28")],
    ids=["REST", "a stream", "console", "MCP of before", "MCP"],
)
def test_what_waits_for_clients_that_have_gone_is_never_begun(server, ask):
    vision, gate = server.service.vision, server.gate
    with ExitStack() as connections:
        for number in range(1, COUNT + 1):
            connections.enter_context(ask(server))
            until(lambda count=number: vision.waiting == count)
        until(lambda: gate.calls == 1)
    until(lambda: vision.waiting == 1)  # what has begun
    gate.may.set()
    until(lambda: vision.waiting == 0)
    assert gate.calls == 1
    found = server.http.post("/v1/find", json={"photo": {"picture": server.handle}})
    assert found.json()["matches"][0]["name"] == "Biscuit"


def test_who_stays_is_answered_although_others_have_gone(server):
    first = rest(server)
    until(lambda: server.gate.calls == 1)  # so that the second waits, and has not begun
    second, third = rest(server), rest(server)
    until(lambda: server.service.vision.waiting == 3)
    with first, third:
        second.close()
        until(lambda: server.service.vision.waiting == 2)
        server.gate.may.set()
        for each in (first, third):
            assert each.recv(12) == b"HTTP/1.1 200"
    assert server.gate.calls == 2


def test_what_has_begun_under_a_key_is_noted_and_what_has_not_may_be_sent_again(server):
    def introduction(name: str) -> tuple[bytes, str]:
        given = {"name": name, "category": "dog", "photos": [{"picture": server.handle}]}
        return json.dumps(given).encode(), name

    vision = server.service.vision
    connections = []
    for number, name in enumerate(("Rex", "Bella"), start=1):
        body, key = introduction(name)
        connections.append(server.send("POST", "/v1/objects", body, Idempotency_Key=key))
        until(lambda count=number: vision.waiting == count)
    until(lambda: server.gate.calls == 1)
    for each in connections:
        each.close()
    until(lambda: vision.waiting == 1)
    server.gate.may.set()
    until(lambda: vision.waiting == 0)
    assert server.gate.calls == 1
    answers = []
    for name in ("Rex", "Bella"):
        body, key = introduction(name)
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        answers.append(server.http.post("/v1/objects", content=body, headers=headers))
    assert [each.status_code for each in answers] == [201, 201]
    assert ["Idempotency-Repeated" in each.headers for each in answers] == [True, False]
    assert server.gate.calls == 2
    assert server.http.get("/v1/objects").json()["total"] == 3


def test_what_is_left_is_no_error_of_the_server(server, caplog):
    with rest(server):
        until(lambda: server.gate.calls == 1)
        with console(server):
            until(lambda: server.service.vision.waiting == 2)
    until(lambda: server.service.vision.waiting == 1)
    server.gate.may.set()
    until(lambda: server.service.vision.waiting == 0)
    page = server.http.get("/metrics").text
    assert 'pekit_requests_total{method="GET",route="/try/{handle}",status="499"} 1.0' in page
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []


class Sender:
    """Sends messages when it is told, and says how many were wanted."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.wanted = 0
        for each in messages:
            self.messages.put_nowait(each)

    async def __call__(self) -> dict[str, Any]:
        """Give the next message."""
        self.wanted += 1
        return await self.messages.get()


async def turned() -> None:
    """Let all that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_no_more_of_a_body_is_read_than_the_application_wants():
    sender = Sender({**WHOLE, "more_body": True}, WHOLE, GONE)
    with Client(sender, has_body=True) as client:
        await turned()
        assert sender.wanted == 0
        await client.received()
        await turned()
        assert sender.wanted == 1
        assert await client.received() == WHOLE
        await turned()
        assert sender.wanted == 3
        assert [await client.received() for _ in range(2)] == [GONE, GONE]


async def test_a_request_without_a_body_is_received_as_it_came():
    empty = {**WHOLE, "body": b""}
    with Client(Sender(empty, GONE), has_body=False) as client:
        await turned()
        assert [await client.received() for _ in range(3)] == [empty, GONE, GONE]


@pytest.mark.parametrize("arriving", [False, True])
async def test_for_who_has_gone_nothing_begins(arriving):
    work, done = Work(1, 1, 1, "w"), []
    with Client(Sender(GONE), has_body=arriving) as client:
        await client.received()
        for _ in range(2):  # no place stays taken
            with pytest.raises(ClientGone):
                await work.run("ann", done.append, 1)
    assert (done, work.waiting) == ([], 0)
    await work.run("ann", done.append, 2)
    assert done == [2]


async def test_who_goes_while_cancelled_takes_no_thread_along():
    """As where an MCP request is cancelled because its client has gone."""
    work, may, sender = Work(1, 4, 4, "w"), threading.Event(), Sender()
    held = asyncio.create_task(work.run("ann", may.wait, 30))
    with Client(sender, has_body=False):
        second = asyncio.create_task(work.run("ann", may.wait, 30))
        await turned()
        assert work.waiting == 2
        sender.messages.put_nowait(GONE)
        await asyncio.sleep(0)  # it is heard; who waits has not been told
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
    assert work._free == 0  # the only thread is taken
    may.set()
    assert await held


async def test_without_a_request_nobody_goes():
    turn = asyncio.get_running_loop().create_future()
    with waiting_for_client(turn):
        assert not turn.done()
