"""What the chat does for one user."""

import asyncio
import base64
import re
import threading
from collections import defaultdict

import pytest
from langchain_core.messages import AIMessage

from examples.chat_model import OfflineStandIn
from examples.fastapi_chat.conversations import Conversations
from pekit_agents.server import Service
from pekit_agents.server.work import Work
from pekit_agents.testing import fake_profile

INTRODUCTION = "This is Ruby, my motorcycle. Rebuilt in 2014."


def test_a_thing_that_was_introduced_is_called_by_its_name(serve, red, scene):
    ann, _ = serve()
    thread = ann.begin()
    reply, (handle,) = ann.told(thread, INTRODUCTION, red)
    assert '"Ruby" (category "motorcycle")' in reply
    reply, (other,) = ann.told(thread, "What is this?", scene)
    assert reply == "(Offline stand-in) This is Ruby. You told me: Rebuilt in 2014."

    said = ann.ask("GET", f"/v1/threads/{thread}").json()
    assert [message["role"] for message in said] == ["user", "assistant"] * 2
    assert said[0] == {"role": "user", "text": INTRODUCTION, "pictures": [handle]}
    assert ann.things() == ["Ruby"]
    assert ann.picture(handle) == red
    assert ann.service.latest("ann") == [other, handle]  # for MCP and the console


def test_a_reply_comes_in_pieces(serve):
    ann, _ = serve()
    events = ann.events(ann.say(ann.begin(), "Hello"))
    assert [kind for kind, _ in events] == ["token"] * (len(events) - 1) + ["done"]
    assert len(events) > 3


def test_a_conversation_goes_on_after_a_restart(serve, red, scene):
    ann, _ = serve()
    thread = ann.begin()
    _, (handle,) = ann.told(thread, INTRODUCTION, red)
    ann.client.__exit__(None, None, None)

    again, _ = serve()
    assert again.ask("GET", "/v1/threads").json() == [thread]
    assert again.picture(handle) == red
    assert "This is Ruby." in again.told(thread, "And this?", scene)[0]
    assert len(again.ask("GET", f"/v1/threads/{thread}").json()) == 4


def test_no_picture_is_in_a_checkpoint(serve, folder, red, scene):
    ann, _ = serve()
    thread = ann.begin()
    ann.told(thread, INTRODUCTION, red)
    ann.told(thread, "What is this?", scene)
    stored = b"".join(
        path.read_bytes() for path in (folder / ".server/chat").glob("threads.sqlite*")
    )
    assert b"What is this?" in stored
    for photo in (red, scene):
        middle = photo[len(photo) // 3 :][:60]
        coded = [base64.b64encode(middle[at : at + 57]) for at in range(3)]
        assert not any(piece in stored for piece in (middle, *coded))


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", "/v1/threads"),
        ("GET", "/v1/threads"),
        ("GET", "/v1/threads/1"),
        ("POST", "/v1/threads/1/messages"),
    ],
)
def test_nothing_is_to_be_had_without_a_token(serve, method, url):
    ann, _ = serve()
    assert ann.client.request(method, url).status_code == 401
    ann.token += "x"
    assert ann.ask(method, url).status_code == 401


@pytest.mark.parametrize(
    ("photos", "status", "words"),
    [
        ([b"no picture"], 422, "expected a photo"),
        ([b""], 422, "0 bytes"),
        ([b"\x89PNG" + bytes(26 * 2**20)], 422, "at most"),
        ([b"x"] * 4, 422, "at most 4 items"),
    ],
    ids=["no picture", "empty", "too large", "too many"],
)
def test_what_cannot_be_a_photo_is_refused_before_anything_is_kept(
    serve, folder, scene, photos, status, words
):
    ann, _ = serve()
    thread = ann.begin()
    response = ann.say(thread, "Look", scene, *photos[:4])
    assert (response.status_code, words in response.json()["detail"]) == (status, True)
    assert response.headers["content-type"] == "application/problem+json"
    assert ann.ask("GET", f"/v1/threads/{thread}").json() == []
    assert not (folder / ".server/pictures").exists()


@pytest.mark.parametrize(
    ("fields", "status"),
    [({}, 422), ({"text": ""}, 422), ({"text": "x" * 5000}, 422)],
)
def test_a_text_has_a_length(serve, fields, status):
    ann, _ = serve()
    url = f"/v1/threads/{ann.begin()}/messages"
    assert ann.ask("POST", url, data=fields).status_code == status


def test_photos_wait_for_the_servers_threads(serve, red, monkeypatch):
    ann, _ = serve()
    thread = ann.begin()
    monkeypatch.setattr(ann.service, "vision", Work(1, -1, 8, "without a place"))
    response = ann.say(thread, "Look", red)
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert "busy" in response.json()["detail"]
    assert ann.ask("GET", f"/v1/threads/{thread}").json() == []


def test_a_model_that_fails_is_no_secret_and_tells_none(serve, scripted, caplog):
    def fail(messages):
        raise RuntimeError("key sk-123 is invalid")

    ann, _ = serve(scripted(reply=fail))
    thread = ann.begin()
    events = ann.events(ann.say(thread, "Hello"))
    assert events == [("error", "The reply could not be finished.")]
    assert "sk-123" in caplog.text
    assert ann.events(ann.say(thread, "Again"))[-1][0] == "error"  # and no lock is left behind


def test_of_a_forgotten_user_nothing_is_left(serve, folder, red, scene):
    ann, bob = serve()
    thread = ann.begin()
    _, (handle,) = ann.told(thread, INTRODUCTION, red)
    ann.told(thread, "What may this be?", scene)
    bobs = bob.begin()
    bob.told(bobs, "This is Mug, my cup. From grandma.", red)
    ann.client.__exit__(None, None, None)  # what was said leaves the write-ahead log
    ann, bob = serve()

    ann.be_forgotten()
    assert _files_with(folder, b"Ruby", b"2014", b"What may this", scene) == []
    assert len(_files_with(folder, red)) == 1  # Bob has shown the same photo
    assert ann.ask("GET", "/v1/threads").json() == []
    assert ann.things() == []
    assert ann.ask("GET", f"/v1/threads/{thread}").status_code == 404
    assert ann.picture(handle) is None
    assert bob.things() == ["Mug"]
    assert len(bob.ask("GET", f"/v1/threads/{bobs}").json()) == 2

    ann.be_forgotten()  # twice does no harm
    assert "Nothing" in ann.told(ann.begin(), "What is this?", scene)[0]


def test_forgetting_waits_for_a_run_and_nothing_is_written_after_it(
    serve, scripted, folder, red, monkeypatch
):
    begun, released = threading.Event(), threading.Event()
    asked = threading.Semaphore(0)

    class Turn(asyncio.Lock):
        async def acquire(self):
            asked.release()  # in line with what comes next: nothing else runs in between
            return await super().acquire()

    def remember(messages):
        if messages[-1].type == "tool":
            return AIMessage("Done.")
        begun.set()
        released.wait(20)
        wanted = {"name": "Ruby", "category": "motorcycle"}
        call = {"name": "remember_object", "args": wanted, "id": "call_1"}
        return AIMessage("", tool_calls=[call])

    ann, _ = serve(scripted(reply=remember))
    monkeypatch.setattr(ann.client.app.state.chats, "_turns", defaultdict(Turn))
    thread = ann.begin()
    answers = {}

    def later(name, request):
        def keep():
            answers[name] = request()

        worker = threading.Thread(target=keep)
        worker.start()
        return worker

    first = later("first", lambda: ann.events(ann.say(thread, "This is Ruby.", red)))
    assert begun.wait(20)
    assert asked.acquire(timeout=20)
    forgetting = later("forgetting", ann.be_forgotten)
    assert asked.acquire(timeout=20)
    queued = later("queued", lambda: ann.events(ann.say(thread, "And this?", red)))
    assert asked.acquire(timeout=20)
    assert answers == {}
    released.set()
    for worker in (first, forgetting, queued):
        worker.join(20)
    assert answers["first"][-1][0] == "done"
    assert answers["forgetting"] is None
    assert answers["queued"] == [("error", "The thread is gone.")]
    assert _files_with(folder, b"Ruby", b"And this", red) == []


async def test_a_run_is_finished_when_nobody_listens(settings, red):
    service = Service(settings, fake_profile())
    async with Conversations.open(service, OfflineStandIn()) as chats:
        thread = await chats.threads.add("ann")
        reply = chats.say("ann", thread, INTRODUCTION, [red])
        assert (await anext(reply))[0] == "token"
        await reply.aclose()
    async with Conversations.open(service, OfflineStandIn()) as chats:
        user, assistant = await chats.history(thread)
    service.close()
    assert (user.role, assistant.role) == ("user", "assistant")
    assert re.fullmatch(r'.* "Rebuilt in 2014\."', assistant.text)


def _files_with(folder, *needles):
    """Return the files that hold any of the needles."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if any(needle in path.read_bytes() for needle in needles)]
