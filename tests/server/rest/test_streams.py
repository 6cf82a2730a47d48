"""Many photos as lines: each comes when it is done, and who goes away stops the work."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from pekit_agents.server import create_app
from pekit_agents.server.rest.findings import PhotoLine
from pekit_agents.server.service import Service
from pekit_agents.server.work import RequestRefused
from pekit_agents.testing import fake_profile, graded_profile
from tests.server.rest.conftest import ANN, User, photo_of, settings_for

HEADERS = {"Authorization": f"Bearer {ANN}"}


def files(count: int) -> list[Any]:
    return [("photos", (f"{number}.png", photo_of("red"))) for number in range(1, count + 1)]


def test_lines_are_photos_and_a_bad_one_is_a_line_too(ann):
    ann.introduce("Biscuit")
    sent = files(3)
    sent[1] = ("photos", ("bad.png", b"no photo"))
    answer = ann("POST", "/v1/find/stream", files=sent)
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [(line["photo"], line["found"] is not None) for line in lines] == [
        (1, True),
        (2, False),
        (3, True),
    ]
    assert lines[0]["found"]["matches"][0]["name"] == "Biscuit"
    assert lines[0]["found"]["matches"][0]["or"] == []
    assert lines[1]["problem"]["detail"].startswith("bad.png: expected a photo")


class _Steps:
    """A proposer that lets one photo through for each step, and counts."""

    def __init__(self) -> None:
        self.inner = graded_profile().proposer
        self.steps, self.calls = threading.Semaphore(0), 0

    def propose(self, *given: Any) -> Any:
        self.calls += 1
        assert self.steps.acquire(timeout=20)
        return self.inner.propose(*given)


@asynccontextmanager
async def running(app: Any) -> Any:
    """A real server at a free port, and a client of it."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="warning", lifespan="on")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[found]))
        url = f"http://127.0.0.1:{found.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url, headers=HEADERS, timeout=30) as client:
            await until(lambda: server.started or serving.done())
            yield client
        server.should_exit = True
        await serving


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not happened():
            await asyncio.sleep(0.01)


def test_every_line_is_as_the_openapi_says(serving):
    """With a profile that knows no probabilities they are there, and null."""
    ann = User(serving(profile=fake_profile()), ANN)
    ann.introduce("Biscuit")
    for path in ("/v1/find/stream", "/v1/find/many"):
        answer = ann("POST", path, files=[*files(1), ("photos", ("bad.png", b"no photo"))])
        texts = answer.text.splitlines()
        if path == "/v1/find/many":
            texts = [json.dumps(each) for each in answer.json()["results"]]
        found, problem = (PhotoLine.model_validate_json(text) for text in texts)
        assert found.found is not None
        assert found.found.matches[0].probability is None
        assert problem.problem is not None


@pytest.mark.slow
async def test_each_line_comes_when_it_is_done_and_closing_stops_the_work(tmp_path, monkeypatch):
    app = create_app(settings_for(tmp_path, threads=1), profile=graded_profile())
    service: Service = app.state.service
    steps = _Steps()
    object.__setattr__(service.actions.open_kit._profile, "proposer", steps)
    see, noticed = service.see, asyncio.Event()

    async def watched(*given: Any) -> Any:
        try:
            return await see(*given)
        except asyncio.CancelledError:
            noticed.set()
            raise

    monkeypatch.setattr(service, "see", watched)
    async with running(app) as client:
        steps.steps.release()  # the vision tools are tried out when the server starts
        assert await app.state.loading is None
        steps.calls = 0
        made = await client.post(
            "/v1/objects",
            data={"name": "Biscuit", "category": "dog"},
            files={"photos": photo_of("red")},
        )
        assert made.status_code == 201
        # Four photos that differ: one that is known is not looked into again.
        photos = [
            ("photos", (f"{n}.png", photo_of(*colours)))
            for n, colours in enumerate([("red",), ("red", "blue"), ("blue", "red"), ("green",)])
        ]
        steps.steps.release()
        async with client.stream("POST", "/v1/find/stream", files=photos) as answer:
            lines = answer.aiter_lines()
            # The first line is here while the second photo waits for its step.
            assert json.loads(await anext(lines))["photo"] == 1
            await until(lambda: steps.calls == 2)
            steps.steps.release()
            assert json.loads(await anext(lines))["photo"] == 2
            await until(lambda: steps.calls == 3)
        # Closed: the photo in hand is finished, and the fourth is not begun.
        async with asyncio.timeout(20):
            await noticed.wait()
        for _ in range(4):
            steps.steps.release()
        await until(lambda: service.vision.waiting == 0)
        assert (await client.get("/v1/me")).status_code == 200
        assert (service.vision.waiting, steps.calls) == (0, 3)


async def test_only_the_first_photo_is_refused_for_want_of_a_place(tmp_path, monkeypatch):
    """Later ones wait for one."""
    app = create_app(settings_for(tmp_path), profile=graded_profile())
    service: Service = app.state.service
    monkeypatch.setattr(RequestRefused, "retry_after", 0)
    see, refused = service.see, []

    async def crowded(user: str, work: Any, *given: Any, **options: Any) -> Any:
        if given in ((2,), (3,)) and refused.count(given) < 3:
            refused.append(given)
            raise RequestRefused("expected a place, found none")
        return await see(user, work, *given, **options)

    monkeypatch.setattr(service, "see", crowded)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8321", headers=HEADERS
    ) as client:
        answer = await client.post("/v1/find/stream", files=files(3))
        assert [json.loads(line)["photo"] for line in answer.text.splitlines()] == [1, 2, 3]
        assert len(refused) == 6
        service.vision._per_user = 0
        busy = await client.post("/v1/find/stream", files=files(1))
        assert busy.status_code == 429
        assert busy.headers["Content-Type"] == "application/problem+json"
    service.close()


def test_the_loop_turns_while_a_body_is_read(client, monkeypatch, loop_turns):
    """Base64 and models of bodies are read in a thread."""
    from pekit_agents.server.rest import receiving

    turns: list[Any] = []
    read = receiving._parsed

    def parsed(*given: Any) -> Any:
        turns[0].wait()
        return read(*given)

    async def start() -> None:
        turns.append(loop_turns())

    client.portal.call(start)
    monkeypatch.setattr(receiving, "_parsed", parsed)
    ann = User(client, ANN)
    ann("POST", "/v1/find", json={"photo": {"data": "AAAA"}})
    assert turns[0].seen == [True]
