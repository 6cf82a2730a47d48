"""Uploads that never end, too many of them, and more photos than can be decoded at a time."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import asynccontextmanager

import pytest
from fastapi import HTTPException

from examples.chat_model import OfflineStandIn
from examples.fastapi_chat.app import create_app
from examples.fastapi_chat.uploads import Decoding
from pekit_agents.testing import fake_profile

BEGUN = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nHel'
ENDED = b"lo\r\n--x--\r\n"


class Upload:
    """A request whose body comes in two pieces, the second when it is told to."""

    def __init__(self, app, thread, token):
        self.asked, self.more = asyncio.Event(), asyncio.Event()
        self.answer = {}
        self._pieces = iter([(BEGUN, True), (ENDED, False)])
        headers = [(b"content-type", b"multipart/form-data; boundary=x")]
        if token:
            headers.append((b"authorization", b"Bearer " + token.encode()))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": f"/threads/{thread}/messages",
            "raw_path": b"",
            "root_path": "",
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self):
        body, more = next(self._pieces, (None, False))
        if body is None:
            await asyncio.Event().wait()  # the client stays
        if not more:
            self.asked.set()
            await self.more.wait()
        return {"type": "http.request", "body": body, "more_body": more}

    async def _send(self, message):
        if message["type"] == "http.response.start":
            self.answer["status"] = message["status"]
            self.answer["headers"] = dict(message["headers"])
        else:
            self.answer["body"] = self.answer.get("body", b"") + message.get("body", b"")

    async def answered(self):
        await asyncio.wait_for(self.task, 20)
        return self.answer["status"]


@asynccontextmanager
async def service(folder, **options):
    """Run the service; gives it, a function for a user's token and one for their thread."""
    app = create_app(folder, model=OfflineStandIn(), profile=fake_profile(), **options)
    async with app.router.lifespan_context(app):
        accounts = app.state.accounts
        yield app, accounts.add_token, accounts.add_thread


@pytest.mark.parametrize("token", [None, "nobody's"])
async def test_nothing_is_read_of_strangers(folder, token):
    async with service(folder) as (app, _, new_thread):
        thread = await new_thread("ann")
        uploads = [Upload(app, thread, token) for _ in range(100)]
        assert {await each.answered() for each in uploads} == {401}
        assert not any(each.asked.is_set() for each in uploads)
        assert uploads[0].answer["headers"][b"connection"] == b"close"
        assert uploads[0].answer["headers"][b"www-authenticate"] == b"Bearer"


async def test_an_upload_that_does_not_go_on_is_ended(folder):
    async with service(folder, upload_seconds=0) as (app, new_token, new_thread):
        upload = Upload(app, await new_thread("ann"), await new_token("ann"))
        assert await upload.answered() == 408
        assert b"expected the whole upload within 0 seconds" in upload.answer["body"]
        assert upload.answer["headers"][b"connection"] == b"close"


async def test_a_user_has_a_few_uploads_at_a_time(folder):
    async with service(folder) as (app, new_token, new_thread):
        token, thread = await new_token("ann"), await new_thread("ann")
        stalled = [Upload(app, thread, token) for _ in range(2)]
        for each in stalled:
            await asyncio.wait_for(each.asked.wait(), 20)
        refused = Upload(app, thread, token)
        assert await refused.answered() == 429
        assert "wait for the others" in json.loads(refused.answer["body"])["detail"]

        other = Upload(app, await new_thread("bob"), await new_token("bob"))
        other.more.set()
        assert await other.answered() == 200

        for each in stalled:
            each.more.set()
            assert await each.answered() == 200
        again = Upload(app, thread, token)
        again.more.set()
        assert await again.answered() == 200


async def test_a_full_queue_says_that_the_service_is_busy():
    decoding, go = Decoding(threads=1, places=2), threading.Event()
    try:
        waiting = [asyncio.create_task(decoding.run(go.wait, 20)) for _ in range(2)]
        await asyncio.sleep(0)  # both are in
        with pytest.raises(HTTPException, match="busy; try again in a few seconds") as refused:
            await decoding.run(int)
        assert (refused.value.status_code, refused.value.headers) == (503, {"Retry-After": "5"})
        go.set()
        assert await asyncio.gather(*waiting) == [True, True]
        while not decoding._free:
            await asyncio.sleep(0)
        assert await decoding.run(int) == 0
    finally:
        go.set()
        decoding.close()


async def test_who_stops_waiting_gives_no_place_away_before_the_work_is_done():
    decoding, begun, go = Decoding(threads=1, places=1), threading.Event(), threading.Event()
    try:
        caller = asyncio.create_task(decoding.run(lambda: (begun.set(), go.wait(20))))
        assert await asyncio.to_thread(begun.wait, 20)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        with pytest.raises(HTTPException):
            await decoding.run(int)
        go.set()
        while not decoding._free:
            await asyncio.sleep(0)
    finally:
        go.set()
        decoding.close()


def test_a_message_is_told_that_the_service_is_busy(serve, red, monkeypatch):
    ann, _ = serve()
    thread = ann.begin()
    monkeypatch.setattr(ann.client.app.state, "decoding", Decoding(places=0))
    response = ann.say(thread, "Look", red)
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert "busy" in response.json()["detail"]
    assert ann.ask("GET", f"/threads/{thread}").json() == []
