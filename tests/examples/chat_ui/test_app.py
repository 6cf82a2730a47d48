"""The chat's handlers as Chainlit calls them, over the fake world of plain colours."""

import asyncio
import threading
import uuid

import pytest

pytest.importorskip("chainlit", reason="Chainlit is not installed: the chat cannot run")
pytest.importorskip("langchain", reason="LangChain is not installed")

import chainlit as cl
from chainlit.config import config
from chainlit.context import init_ws_context
from chainlit.session import WebsocketSession
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from examples.chat_ui import app
from pekit_agents import PeKit
from pekit_agents.testing import fake_profile
from pekit_agents.tools.langchain.middleware import PersonalizationMiddleware


class Page:
    """What a browser would show: it takes what Chainlit sends to one."""

    def __init__(self):
        self.messages, self.errors, self.pictures = {}, [], []
        self.session = WebsocketSession(
            id=uuid.uuid4().hex,
            socket_id=uuid.uuid4().hex,
            emit=self.receive,
            emit_call=None,
            user_env={},
            client_type="webapp",
        )

    async def receive(self, event, data):
        if event in ("new_message", "stream_start", "update_message") and "message" in data["type"]:
            self.messages[data["id"]] = data["output"]
            self.errors += [data["output"]] if data["isError"] else []
        elif event == "stream_token":
            self.messages[data["id"]] = data["token"]
        elif event == "element":
            self.pictures.append(data["forId"])

    @property
    def last(self):
        return list(self.messages.values())[-1]

    async def start(self):
        init_ws_context(self.session)
        await config.code.on_chat_start()

    async def say(self, text, *photos):
        init_ws_context(self.session)
        files = []
        for index, photo in enumerate(photos):
            name = f"photo{index}.png"
            kept = await self.session.persist_file(name=name, mime="image/png", content=photo)
            path = str(self.session.files[kept["id"]]["path"])
            files.append(cl.Image(name=name, path=path, mime="image/png"))
        message = cl.Message(text, type="user_message", elements=files)
        await config.code.on_message(message)


@pytest.fixture
def world(tmp_path, monkeypatch):
    """The chat over an empty memory, with fake vision tools."""
    monkeypatch.setenv("PEKIT_MEMORY", str(tmp_path / "memory"))
    for name in ("PEKIT_CHAT_MODEL", "PEKIT_CONSOLE"):
        monkeypatch.delenv(name, raising=False)
    opened = PersonalizationMiddleware.open
    monkeypatch.setattr(
        PersonalizationMiddleware,
        "open",
        lambda path, **options: opened(path, **{**options, "profile": fake_profile()}),
    )
    app.opened.cache_clear()
    yield
    app.opened.cache_clear()


@pytest.fixture
async def page(world):
    page = Page()
    await page.start()
    yield page
    await page.session.delete()


async def test_a_thing_is_introduced_and_called_by_its_name(page, red, scene):
    await page.say("This is my motorcycle Ruby. Rebuilt in 2014.", red)
    await page.say("What is this?", scene)
    assert page.last == "(Offline stand-in) This is Ruby. You told me: Rebuilt in 2014."
    replied = list(page.messages)[-1]
    assert page.pictures[-1] == replied
    assert page.pictures.count(replied) == 1


async def test_what_is_not_recognised_is_not_boxed(page, scene):
    await page.say("What is this?", scene)
    assert "Nothing" in page.last
    assert page.pictures == []


async def test_several_photos_may_come_at_once_and_those_with_a_thing_are_boxed(page, red, scene):
    await page.say("This is my motorcycle Ruby.", red)
    before = len(page.pictures)
    await page.say("Which of these?", scene, red)
    assert len(page.pictures) == before + 2


async def test_things_are_listed_and_forgotten_by_words(page, red, scene):
    await page.say("This is my motorcycle Ruby.", red)
    await page.say("What do you know?")
    assert '"Ruby" (category "motorcycle")' in page.last
    await page.say("Forget Ruby.")
    await page.say("What is this?", scene)
    assert "Ruby" not in page.last


async def test_what_is_introduced_is_there_for_the_commands_and_the_server(page, red, tmp_path):
    await page.say("This is my motorcycle Ruby.", red)
    kit = PeKit.open(tmp_path / "memory", profile=fake_profile())
    (obj,) = kit.objects()
    assert obj.name == "Ruby"
    assert [view.crop is not None for view in kit.views(obj.object_id)] == [True]
    assert list((tmp_path / "memory" / ".server" / "pictures").rglob("img_*"))


@pytest.mark.parametrize("console", [None, "http://127.0.0.1:8321/"])
async def test_the_page_leads_to_the_console_where_there_is_one(world, monkeypatch, console):
    if console:
        monkeypatch.setenv("PEKIT_CONSOLE", console)
    page = Page()
    await page.start()
    assert ("[Your things](http://127.0.0.1:8321/)" in page.last) is (console is not None)
    await page.session.delete()


async def test_a_photo_may_come_without_words(page, red):
    await page.say("", red)
    (asked, _) = cl.user_session.get("conversation")
    assert asked.content[0]["text"] == "What is this?"


async def test_a_file_that_is_no_photo_is_refused_and_nothing_is_lost(page, red, scene, tmp_path):
    await page.say("This is my motorcycle Ruby.", red)
    kept = sorted((tmp_path / "memory" / ".server" / "pictures").rglob("*"))
    conversation = cl.user_session.get("conversation")
    await page.say("Look", scene, b"no picture")
    assert page.errors == [page.last]
    assert page.last.startswith("Nothing was sent. photo1.png: expected a photo")
    assert sorted((tmp_path / "memory" / ".server" / "pictures").rglob("*")) == kept
    assert cl.user_session.get("conversation") is conversation
    await page.say("What is this?", scene)
    assert page.last == "(Offline stand-in) This is Ruby."


async def test_a_run_that_fails_is_told_and_leaves_the_conversation_as_it_was(
    page, red, scene, monkeypatch
):
    await page.say("This is my motorcycle Ruby.", red)
    conversation = cl.user_session.get("conversation")

    def fails(*_, **__):
        raise RuntimeError("the provider is out")

    with monkeypatch.context() as broken:
        broken.setattr(app.OfflineStandIn, "_stream", fails)
        await page.say("What is this?", scene)
    assert page.errors == ["No reply came: the provider is out"]
    assert cl.user_session.get("conversation") is conversation


async def test_a_turn_that_is_stopped_leaves_the_conversation_as_it_was(page, monkeypatch):
    speaking, done = threading.Event(), threading.Event()
    spoken = app.OfflineStandIn._stream

    def stream(*arguments, **options):
        for chunk in spoken(*arguments, **options):
            yield chunk
            speaking.set()
            done.wait(10)

    with monkeypatch.context() as slow:
        slow.setattr(app.OfflineStandIn, "_stream", stream)
        turn = asyncio.create_task(page.say("Hello"))
        await asyncio.to_thread(speaking.wait, 10)
        turn.cancel()
        await asyncio.wait([turn])
        done.set()
    await page.say("Hello again")
    said = [message.text for message in cl.user_session.get("conversation")]
    assert said[0] == "Hello again"
    assert page.errors == []


async def test_a_model_that_does_not_stream_is_shown_as_well(page, monkeypatch):
    class Whole(BaseChatModel):
        _llm_type = "whole"

        def bind_tools(self, tools, **options):
            return self

        def _generate(self, messages, stop=None, run_manager=None, **options):
            message = AIMessage(f"I have read {len(messages)}.")
            return ChatResult(generations=[ChatGeneration(message=message)])

    monkeypatch.setattr(app, "configured_model", Whole)
    app.opened.cache_clear()
    await page.say("Hello")
    await page.say("Hello again")
    assert list(page.messages.values())[-2:] == ["I have read 2.", "I have read 4."]


async def test_a_session_is_a_conversation_of_its_own_over_one_memory(page, red, scene):
    await page.say("This is my motorcycle Ruby.", red)
    other = Page()
    await other.start()
    await other.say("What is this?", scene)
    assert other.last == "(Offline stand-in) This is Ruby."
    assert len(cl.user_session.get("conversation")) == 2
    await other.session.delete()


async def test_no_text_loads_a_picture_from_elsewhere(page, monkeypatch):
    pieces = ["Look: !", "[x](http://evil.example/?note)"]
    spoken = app.OfflineStandIn._stream

    def stream(self, messages, *options, **more):
        for chunk, piece in zip(spoken(self, messages, *options, **more), pieces, strict=False):
            chunk.message.content = piece
            yield chunk

    monkeypatch.setattr(app.OfflineStandIn, "_stream", stream)
    await page.say("Hello")
    assert page.last == "Look: !\\[x](http://evil.example/?note)"


async def test_the_page_stays_alive_while_a_photo_is_searched(page, red, monkeypatch):
    searching = []
    find = PersonalizationMiddleware.view

    def view(*arguments):
        searching.append(threading.current_thread())
        return find(*arguments)

    monkeypatch.setattr(PersonalizationMiddleware, "view", view)
    await page.say("This is my motorcycle Ruby.", red)
    assert searching
    assert threading.main_thread() not in searching


@pytest.mark.parametrize("model", [None, "openai:gpt-5.1"])
async def test_the_page_says_when_no_model_replies(world, monkeypatch, model):
    if model:
        monkeypatch.setenv("PEKIT_CHAT_MODEL", model)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
    page = Page()
    await page.start()
    assert ("Offline stand-in" in page.last) is (model is None)
    await page.session.delete()
