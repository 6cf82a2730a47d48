"""A model that takes what hosted ones take answers every turn, in both frameworks."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage
from langgraph.checkpoint.memory import InMemorySaver
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.memory import Memory
from PIL import Image

from pekit_agents.testing import solid_scene, to_png
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.langchain.middleware import PersonalizationMiddleware
from pekit_agents.tools.langchain.pictures import image_block, images_in
from pekit_agents.tools.langchain.toolkit import PersonalToolkit
from pekit_agents.tools.llama_index.agent import PersonalFunctionAgent
from pekit_agents.tools.llama_index.tools import PersonalToolSpec

KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
HEIC = (Path(__file__).parents[1] / "images" / "turned.heic").read_bytes()


def _file(kind: str, colour: str, size: tuple[int, int] = (200, 120)) -> bytes:
    buffer, side = io.BytesIO(), size[1]
    solid_scene({colour: (20, 20, side - 30, side - 30)}, size=size).save(buffer, kind)
    return buffer.getvalue()


PHOTOS = {
    **{kind: _file(kind, "blue") for kind in ("JPEG", "PNG", "BMP", "TIFF", "AVIF", "MPO")},
    "recognised HEIC": HEIC,
    "recognised TIFF": _file("TIFF", "red"),
    "recognised and large": _file("JPEG", "red", (1700, 300)),
    "panorama": _file("JPEG", "blue", (9000, 120)),
    "above 5 MB": _file("JPEG", "blue") + bytes(5 * 2**20),
    "cut off": _file("PNG", "blue")[:90],
    "no picture": b"a text that was called photo.jpg",
    "too small to search": to_png(Image.new("RGB", (9, 9))),
}
UNREADABLE = {"cut off", "no picture"}

Chat = Callable[[bytes], tuple[list[list[tuple[str, bytes]]], list[str]]]


def _refuse(mime: str, data: bytes) -> None:
    """Raise what a provider answers to what it does not take."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        assert KINDS.get(picture.format or "") == mime, f"400: {picture.format} as {mime}"
        assert len(data) * 4 / 3 <= 5 * 2**20, f"400: {len(data)} bytes"
        assert max(picture.size) <= 8000, f"400: {picture.size}"


@pytest.fixture(params=[True, False], ids=["auto", "tools only"])
def auto(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def chat_langchain(actions: PersonalActions, make_model: Any, auto: bool) -> Chat:
    def chat(photo: bytes) -> tuple[list[list[tuple[str, bytes]]], list[str]]:
        personal = PersonalizationMiddleware(
            PersonalToolkit(actions=actions, user_id="ann"), auto=auto
        )
        model = make_model()
        model.messages = iter([AIMessage("ok"), AIMessage("ok")])
        agent = create_agent(model, middleware=[personal], checkpointer=InMemorySaver())
        for content in (
            [{"type": "text", "text": "What is this?"}, image_block(photo, "image/jpeg")],
            "Never mind. What do you know about me?",
        ):
            messages = [{"role": "user", "content": content}]
            agent.invoke({"messages": messages}, {"configurable": {"thread_id": "1"}})
        shown = [[(p.mime, p.data) for m in turn for p in images_in(m)] for turn in model.seen]
        return shown, [_texts(turn) for turn in model.seen]

    return chat


def _texts(messages: list[BaseMessage]) -> str:
    return " ".join(message.text for message in messages)


@pytest.fixture
def chat_llama_index(actions: PersonalActions, auto: bool) -> Chat:
    seen: list[list[ChatMessage]] = []

    def answer(messages: Any, **_: Any) -> ChatMessage:
        seen.append(list(messages))
        return ChatMessage(role="assistant", content="ok")

    def chat(photo: bytes) -> tuple[list[list[tuple[str, bytes]]], list[str]]:
        import asyncio

        llm = MockFunctionCallingLLM(response_generator=answer)
        agent = PersonalFunctionAgent(PersonalToolSpec(actions, user_id="ann"), llm=llm, auto=auto)

        async def converse() -> None:
            memory = Memory.from_defaults()
            blocks = [TextBlock(text="What is this?"), ImageBlock(image=photo)]
            await agent.run(ChatMessage(role="user", blocks=blocks), memory=memory)
            await agent.run("Never mind. What do you know about me?", memory=memory)

        asyncio.run(converse())
        shown = [
            [
                (str(block.image_mimetype), block.resolve_image().read())
                for message in turn
                for block in message.blocks
                if isinstance(block, ImageBlock)
            ]
            for turn in seen
        ]
        return shown, [" ".join(str(m.content) for m in turn) for turn in seen]

    return chat


@pytest.fixture(params=["langchain", "llama_index"])
def chat(request: pytest.FixtureRequest, biscuit: str) -> Chat:
    found: Chat = request.getfixturevalue(f"chat_{request.param}")
    return found


@pytest.mark.parametrize("kind", PHOTOS)
def test_every_turn_is_answered_whatever_was_sent(chat: Chat, kind: str, auto: bool) -> None:
    shown, told = chat(PHOTOS[kind])
    assert len(shown) == 2
    for pictures, text in zip(shown, told, strict=True):
        assert len(pictures) == (0 if kind in UNREADABLE else 1)
        assert ("cannot be read" in text) is (kind in UNREADABLE)
        for mime, data in pictures:
            _refuse(mime, data)
        assert ('called "Biscuit"' in text) is (auto and kind.startswith("recognised"))
    if kind in ("JPEG", "PNG", "too small to search"):
        assert shown[0][0][1] == PHOTOS[kind]


def test_without_the_library_for_it_a_heic_photo_is_said(
    chat: Chat, auto: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    shown, told = chat(HEIC)  # of a red thing
    assert shown == [[], []]
    for text in told:
        assert "cannot be read: HEIC is not set up here" in text
        assert "pip install" not in text


def test_what_tools_keep_and_hand_on_is_taken_as_well(
    actions: PersonalActions, biscuit: str, tmp_path: Path
) -> None:
    filed = PersonalActions(actions.open_kit, DirectoryImageStore(tmp_path / "pictures"))
    for kind in ("recognised and large", "recognised TIFF", "TIFF", "recognised HEIC", "JPEG"):
        handle = filed.images.put("ann", PHOTOS[kind])
        result = filed.find_personal_objects("ann", handle)
        if kind.startswith("recognised"):
            annotated = filed.images.get("ann", result.images[0])
            _refuse("image/jpeg", annotated)
            assert max(Image.open(io.BytesIO(annotated)).size) <= 1568
        spec = PersonalToolSpec(filed, user_id="ann")
        output = spec.find_personal_objects(image=handle)  # type: ignore[attr-defined]
        _, picture = output.blocks
        _refuse(picture.image_mimetype, picture.path.read_bytes())
        assert (picture.path.read_bytes() == PHOTOS[kind]) is (kind == "JPEG")
