"""What a request leaves behind in RAM: nothing, once caches have what they keep."""

from __future__ import annotations

import gc
import json
import logging
import tracemalloc

import pytest

from benchmarks.server.in_process import answer_to
from benchmarks.server.people import built, three_people
from pekit_agents.server.settings import ServerSettings
from pekit_agents.testing.fakes import graded_profile

_WARM_UP, _ROUNDS = 2, 2  # of all requests of all users
_TRIES = 3  # what leaks, leaks in each; other things of the process may grow in one of them
_MOST = 500  # bytes that a request may leave: its scope takes thousands, and so does a photo
_MCP = (
    ("accept", "application/json, text/event-stream"),
    ("mcp-protocol-version", "2025-06-18"),
)


async def requests_of(app, person) -> int:
    """Send one of each kind of request, so that the memory is afterwards as it was before."""
    photo = ("p.png", person.photo(), "image/png")
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    call["params"] = {"name": "list_personal_objects", "arguments": {}}
    said = {"name": "another", "category": "thing"}
    answers = [
        await person.send(app, "POST", "/v1/objects", data=said, files={"photos": photo}),
        await person.send(app, "POST", "/v1/find", files={"photo": photo}),
        await person.send(app, "POST", "/v1/pictures", files={"photo": photo}),
        await person.send(app, "GET", "/v1/objects"),
        await person.send(app, "GET", "/"),
        await person.send(app, "GET", "/metrics"),
    ]
    mcp = await answer_to(app, built("POST", "/mcp", (*person.headers, *_MCP), json=call))
    gone = f"/v1/objects/{json.loads(answers[0].body)['object_id']}"
    answers += [mcp, await person.send(app, "DELETE", gone)]
    assert [each.status for each in answers if each.status >= 300] == []
    person.ids.clear()
    return len(answers)


async def left_by_a_request(app, people) -> float:
    """Return how many bytes a request leaves behind, in the mean of the best of some tries."""
    left = []
    for rounds in (_WARM_UP, *[_ROUNDS] * _TRIES):
        gc.collect()
        before, count = tracemalloc.get_traced_memory()[0], 0
        for _ in range(rounds):
            for person in people:
                count += await requests_of(app, person)
        gc.collect()
        left.append((tracemalloc.get_traced_memory()[0] - before) / count)
    return min(left[1:])


@pytest.fixture
def no_logs():
    """The test runner keeps what is logged."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def people():
    return three_people()


@pytest.fixture
def of_people(tmp_path, people):
    return ServerSettings(
        memory=str(tmp_path / "memory"), tokens=dict(each.hashed for each in people), threads=1
    )


async def test_a_request_leaves_nothing_behind(of_people, people, running, no_logs):
    tracemalloc.start()
    try:
        async with running(of_people, graded_profile()) as app:
            assert await left_by_a_request(app, people) < _MOST
    finally:
        tracemalloc.stop()
