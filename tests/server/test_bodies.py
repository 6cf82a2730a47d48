"""What may be sent, and how much of it at a time: nobody's bodies stand in another's way."""

from __future__ import annotations

import asyncio
import json

import pytest
from starlette.requests import Request

from pekit_agents.server import bodies
from tests.server.test_admission import ANN, HOST, app, read

__all__ = ["app"]


async def stubborn(scope, receive, send):
    """An application that answers 500 to whatever goes wrong, as some do."""
    try:
        await read(scope, receive, send)
    except Exception:  # noqa: BLE001
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b"sorry"})


LENGTH, CHUNKED = "content-length", ("transfer-encoding", "chunked")


@pytest.mark.parametrize("inner", [read, stubborn])
@pytest.mark.parametrize(
    ("method", "headers", "body", "status"),
    [
        ("POST", [(LENGTH, "10")], [b"12345", b"67890"], 200),
        ("POST", [(LENGTH, "11")], [b"12345678901"], 413),
        ("POST", [(LENGTH, "1")], [b"12345678901"], 413),
        ("POST", [CHUNKED], [b"12345", b"67890"], 200),
        ("POST", [CHUNKED], [b"12345", b"678901"], 413),
        ("GET", [CHUNKED], [b"12345", b"678901"], 413),
        ("POST", [(LENGTH, "-1")], [], 400),
        ("POST", [(LENGTH, "1_0")], [], 400),
        ("POST", [(LENGTH, "²")], [], 400),
        ("POST", [(LENGTH, "")], [], 400),
        ("POST", [CHUNKED], [b"1", None], 408),
        ("PUT", [(LENGTH, "9")], [b"1", None], 408),
    ],
)
async def test_a_body_that_is_too_large_or_late(app, ask, inner, method, headers, body, status):
    bounded = app(inner, max_request=10, upload_seconds=0.01)
    answer = await ask(bounded, method, "/v1/x", [HOST, ANN, *headers], body)
    assert answer.status == status
    if status != 200:
        assert json.loads(answer.body)["status"] == status
        assert answer.headers["connection"] == "close"


async def test_an_answer_that_has_begun_is_not_begun_again(app):
    """A body that is refused while an application already answers."""
    pieces, sent = [b"12345", b"678901"], []

    async def early(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while pieces:
            await receive()

    async def receive():
        return {"type": "http.request", "body": pieces.pop(0), "more_body": True}

    async def send(message):
        sent.append(message.get("status"))

    headers = [
        (b"host", b"localhost"),
        (b"authorization", b"Bearer ann"),
        (b"content-length", b"9"),
    ]
    scope = {"type": "http", "method": "POST", "path": "/v1/x", "headers": headers}
    await app(early, max_request=10)(scope, receive, send)
    assert sent == [200]


async def test_who_is_not_known_sends_a_form_at_once(app, ask, monkeypatch):
    monkeypatch.setattr(bodies, "_UNKNOWN_SECONDS", 0.01)
    answer = await ask(app(), "POST", "/sign-in", [HOST, (LENGTH, "9")], [b"1", None])
    assert answer.status == 408


async def test_an_address_is_no_user(app, ask):
    """Who is called like an address shares no place with those who come from there."""
    bounded, begun = app(), [HOST, (LENGTH, "9")]
    slow = [
        asyncio.create_task(ask(bounded, "POST", "/sign-in", begun, [None], "10.0.0.1"))
        for _ in range(4)
    ]
    await asyncio.sleep(0)
    assert (await upload(ask, bounded, 3, "10.0.0.1")).status == 200
    for task in slow:
        task.cancel()


async def test_nothing_is_kept_of_who_has_sent_something(app, ask):
    bounded = app()
    for n in range(3):
        assert (await upload(ask, bounded, 3, f"user {n}")).status == 200
    assert not bounded._bodies._arriving.keys() | bounded._bodies._held.keys()


class Held:
    """An application that reads, and answers when it may."""

    def __init__(self):
        self.read, self.may = asyncio.Semaphore(0), asyncio.Event()

    async def __call__(self, scope, receive, send):
        await Request(scope, receive).body()
        self.read.release()
        await self.may.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})


async def upload(ask, app, size, user="ann", **options):
    headers = [HOST, ("authorization", f"Bearer {user}"), (LENGTH, str(size))]
    return await ask(app, "POST", "/v1/x", headers, **{"body": [b"x" * size], **options})


async def test_a_user_has_four_uploads_at_a_time_and_others_theirs(app, ask):
    bounded = app()
    slow = [asyncio.create_task(upload(ask, bounded, 9, body=[b"1", None])) for _ in range(4)]
    await asyncio.sleep(0)
    refused = await upload(ask, bounded, 3)
    assert (refused.status, refused.headers["retry-after"]) == (429, "2")
    assert (await upload(ask, bounded, 3, "bob")).status == 200
    for task in slow:
        task.cancel()
    await asyncio.wait(slow)
    assert (await upload(ask, bounded, 3)).status == 200


async def test_what_a_users_requests_weigh_together_is_bounded(app, ask):
    held = Held()
    bounded = app(held, max_request=10)
    first = asyncio.create_task(upload(ask, bounded, 7))
    await held.read.acquire()
    assert (await upload(ask, bounded, 4)).status == 429
    second = asyncio.create_task(upload(ask, bounded, 3))
    await held.read.acquire()
    held.may.set()
    assert [(await each).status for each in (first, second)] == [200, 200]
    assert (await upload(ask, bounded, 10)).status == 200


async def test_what_all_requests_weigh_together_is_bounded(app, ask):
    held = Held()
    bounded = app(held, max_request=10)
    tasks = [asyncio.create_task(upload(ask, bounded, 10, f"user {n}")) for n in range(8)]
    for _ in tasks:
        await held.read.acquire()
    refused = await upload(ask, bounded, 1, "ann")
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    held.may.set()
    assert [(await each).status for each in tasks] == [200] * 8


async def test_who_is_not_known_sends_a_form_and_takes_no_place_of_others(app, ask):
    form = ("POST", "/sign-in", [HOST, (LENGTH, "70000")])
    assert (await ask(app(), *form)).status == 413
    bounded = app()
    begun = [HOST, (LENGTH, "9")]
    slow = [
        asyncio.create_task(ask(bounded, "POST", "/sign-in", begun, [None], "10.0.0.1"))
        for _ in range(4)
    ]
    await asyncio.sleep(0)
    assert (await ask(bounded, "POST", "/sign-in", begun, [b"x"], "10.0.0.1")).status == 429
    assert (await ask(bounded, "POST", "/sign-in", begun, [b"x"], "10.0.0.2")).status == 200
    for task in slow:
        task.cancel()


async def test_an_error_of_the_application_is_still_one(app, ask):
    async def fails(scope, receive, send):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ask(app(fails), headers=[HOST, ANN])
    with pytest.raises(ZeroDivisionError):
        await upload(ask, app(fails), 3)


async def test_once_a_body_is_there_its_user_may_send_another_one(app, ask):
    held = Held()
    bounded = app(held)
    tasks = [asyncio.create_task(upload(ask, bounded, 1)) for _ in range(6)]
    for _ in tasks:
        await asyncio.wait_for(held.read.acquire(), 20)
    held.may.set()
    assert [(await each).status for each in tasks] == [200] * 6


async def test_once_a_body_is_there_its_time_is_no_more(app):
    """An application that streams waits for the client to leave."""
    messages, seen, sent = [{"type": "http.request", "body": b"123"}], [], []

    async def streams(scope, receive, send):
        await receive()
        seen.append(await receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive():
        if messages:
            return messages.pop()
        await asyncio.sleep(0.1)  # longer than a body may take
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message["status"])

    headers = [
        (b"host", b"localhost"),
        (b"authorization", b"Bearer ann"),
        (b"content-length", b"3"),
    ]
    scope = {"type": "http", "method": "POST", "path": "/v1/x", "headers": headers}
    await app(streams, upload_seconds=0.01)(scope, receive, send)
    assert (seen, sent) == ([{"type": "http.disconnect"}], [200])


async def test_who_reads_on_after_a_refusal_gets_nothing(app, ask):
    got = []

    async def reads_on(scope, receive, send):
        for _ in range(2):
            try:
                got.append((await receive())["body"])
            except Exception as exc:  # noqa: BLE001
                got.append(exc.status_code)

    headers = [HOST, ANN, CHUNKED]
    answer = await ask(app(reads_on, max_request=3), "POST", "/v1/x", headers, [b"1234", b"5"])
    assert (answer.status, got) == (413, [413, 413])
