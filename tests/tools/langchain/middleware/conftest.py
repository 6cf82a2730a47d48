"""A scripted model that records what it is shown, and photos in a world of plain colours."""

import base64
import re
import sqlite3
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.checkpoint.memory import InMemorySaver

from pekit_agents import PeKit
from pekit_agents.testing import fake_profile
from pekit_agents.tools.image_store import MemoryImageStore
from pekit_agents.tools.langchain.middleware import PersonalizationMiddleware
from pekit_agents.tools.langchain.pictures import image_block, images_in
from pekit_agents.tools.langchain.toolkit import PersonalToolkit


class ScriptedModel(BaseChatModel):
    """Answers from a script: messages, or functions of what the model is shown."""

    script: list[Any]
    seen: list[list[Any]] = []  # noqa: RUF012  (a pydantic field, copied for each model)
    tools: list[Any] = []  # noqa: RUF012

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools, **kwargs):
        self.tools = list(tools)
        return self

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        self.seen.append(list(messages))
        step = self.script.pop(0)
        reply = step(messages) if isinstance(step, Callable) else step
        reply = AIMessage(reply) if isinstance(reply, str) else reply
        return ChatResult(generations=[ChatGeneration(message=reply)])


def _call(name, call_id, args):
    return {"name": name, "args": args, "id": call_id, "type": "tool_call"}


@pytest.fixture
def scripted():
    return lambda *script: ScriptedModel(script=list(script))


@pytest.fixture
def calls():
    """Build the message of a model that calls tools: ``calls(("find_...", {...}), ...)``."""

    def build(*wanted):
        listed = [_call(name, f"call_{at}", args) for at, (name, args) in enumerate(wanted)]
        return AIMessage("", tool_calls=listed)

    return build


@pytest.fixture
def labels():
    """Return the handles that stand in labels anywhere in messages."""

    def find(messages):
        texts = " ".join(str(message.content) for message in messages)
        return re.findall(r"\[image (img_[0-9a-f]{32})\]", texts)

    return find


@pytest.fixture
def said():
    """Build a user's message with photos: ``said("look", photo("red"))``."""

    def build(text, *photos):
        pictures = [image_block(data, "image/png") for data in photos]
        return HumanMessage([{"type": "text", "text": text}, *pictures])

    return build


@pytest.fixture
def images():
    return MemoryImageStore()


@pytest.fixture
def memory(tmp_path):
    return tmp_path / "memory"


@pytest.fixture
def personal(memory, images):
    """Open a middleware over the fake world."""

    def build(**options):
        identity = {"user_id": options.pop("user_id", "ann")}
        if "user_resolver" in options:
            identity["user_resolver"] = options.pop("user_resolver")
        toolkit = PersonalToolkit.open(memory, profile=fake_profile(), images=images, **identity)
        return PersonalizationMiddleware(toolkit, **options)

    return build


@pytest.fixture
def remember(memory, photo):
    """Put an object of one colour into a user's memory."""

    def store(name, colour, *, user_id="ann", context="", category="thing"):
        kit = PeKit.open(memory, profile=fake_profile(), user_id=user_id)
        return kit.remember(name, photo(colour), category=category, context=context)

    return store


@pytest.fixture
def pictures():
    """Return the bytes of all pictures in messages, in their order."""
    return lambda messages: [picture.data for message in messages for picture in images_in(message)]


@pytest.fixture
def holds_bytes():
    """Tell whether a blob holds an image, raw or in base64 at any of its three alignments."""

    def holds(blob: bytes, data: bytes) -> bool:
        middle = data[len(data) // 3 : len(data) // 3 + 60]
        needles = [middle[at:] for at in range(3)]
        coded = [base64.b64encode(needle[: len(needle) // 3 * 3]) for needle in needles]
        return middle in blob or any(needle in blob for needle in coded)

    return holds


@contextmanager
def _memory_saver():
    saver = InMemorySaver()

    def blobs():
        for threads in saver.storage.values():
            for checkpoints in threads.values():
                for checkpoint, metadata, _ in checkpoints.values():
                    yield from (checkpoint[1], metadata[1])
        for _, blob in saver.blobs.values():
            yield blob
        for writes in saver.writes.values():
            yield from (write[2][1] for write in writes.values())

    yield saver, blobs


@contextmanager
def _sqlite_saver():
    sqlite = pytest.importorskip("langgraph.checkpoint.sqlite")
    connection = sqlite3.connect(":memory:", check_same_thread=False)

    def blobs():
        for table in ("checkpoints", "writes"):
            for row in connection.execute(f"select * from {table}"):
                for value in row:
                    if isinstance(value, bytes | str):
                        yield value if isinstance(value, bytes) else value.encode()

    yield sqlite.SqliteSaver(connection), blobs
    connection.close()


@pytest.fixture(params=["memory", "sqlite"])
def stored(request, holds_bytes):
    """A checkpointer, and a count of the blobs in it that hold a picture."""
    savers = {"memory": _memory_saver, "sqlite": _sqlite_saver}
    with savers[request.param]() as (saver, blobs):
        yield saver, lambda data: sum(holds_bytes(blob, data) for blob in blobs())
