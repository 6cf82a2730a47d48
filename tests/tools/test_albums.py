"""An album in one message is kept whole, shown from its newest end, and can be remembered."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from llama_index.core.agent.workflow import ToolCallResult
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.tools import ToolOutput

from pekit_agents.testing import solid_scene, to_png
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_albums import put_album
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.image_store import ImageStore, MemoryImageStore, UnknownImage
from pekit_agents.tools.langchain.messages import LangChainMessages
from pekit_agents.tools.langchain.middleware import PersonalizationMiddleware
from pekit_agents.tools.langchain.pictures import image_block
from pekit_agents.tools.langchain.toolkit import PersonalToolkit
from pekit_agents.tools.llama_index.agent import PersonalFunctionAgent
from pekit_agents.tools.llama_index.tools import PersonalToolSpec

#: Fourteen photos, of which the store below has room for five.
ALBUM = [to_png(solid_scene({"red": (20 + i, 20, 90, 90)})) + bytes(20_000) for i in range(14)]
LIMIT = 5 * len(ALBUM[0]) + 500

Admit = Callable[[PersonalActions, list[bytes]], tuple[Any, Any]]


def _langchain(actions: PersonalActions, photos: list[bytes]) -> tuple[Any, Any]:
    personal = PersonalizationMiddleware(PersonalToolkit(actions=actions, user_id="ann"))
    blocks: list[Any] = [{"type": "text", "text": "This is Biscuit."}]
    blocks += [image_block(photo, "image/png") for photo in photos]
    (kept,) = personal.admit([HumanMessage(blocks)])
    return kept, personal._messages


def _llama_index(actions: PersonalActions, photos: list[bytes]) -> tuple[Any, Any]:
    llm = MockFunctionCallingLLM()
    agent = PersonalFunctionAgent(PersonalToolSpec(actions, user_id="ann"), llm=llm)
    blocks = [TextBlock(text="This is Biscuit."), *(ImageBlock(image=photo) for photo in photos)]
    return agent.admit(ChatMessage(role="user", blocks=blocks)), agent._chat


@pytest.fixture(params=["RAM", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ImageStore:
    if request.param == "RAM":
        return MemoryImageStore(max_bytes_per_user=LIMIT)
    return DirectoryImageStore(tmp_path / "pictures", max_bytes_per_user=LIMIT)


@pytest.mark.parametrize("admit", [_langchain, _llama_index])
def test_an_album_is_remembered_whole(
    actions: PersonalActions, store: ImageStore, admit: Admit
) -> None:
    own = PersonalActions(actions.open_kit, store)
    kept, _ = admit(own, ALBUM)
    handles = re.findall(r"img_[0-9a-f]{32}", str(kept.content))
    assert len(handles) == 14
    for handle in handles[:3]:  # puts pictures of its own
        own.annotated.keep("ann", own.open_kit("ann").find(store.get("ann", handle)))
    own.remember_object("ann", "Biscuit", "dog", images=handles)
    (biscuit,) = own.open_kit("ann").objects()
    assert biscuit.name == "Biscuit"


@pytest.mark.parametrize("admit", [_langchain, _llama_index])
def test_the_newest_of_an_album_are_shown_and_the_rest_is_counted(
    actions: PersonalActions, admit: Admit
) -> None:
    kept, conversation = admit(actions, ALBUM[:12])
    (shown,) = conversation.shown("ann", [kept])
    told = str(shown.content)
    assert "Pictures of this conversation that you are not shown: 2, this one and older" in told
    if admit is _langchain:
        pieces = [piece for _, piece in LangChainMessages().pieces(shown)]
        assert [piece for piece in pieces if isinstance(piece, bytes)] == ALBUM[2:12]
    else:
        pictures = [block for block in shown.blocks if isinstance(block, ImageBlock)]
        assert [block.resolve_image().read() for block in pictures] == ALBUM[2:12]


@pytest.mark.parametrize("admit", [_langchain, _llama_index])
def test_what_an_album_has_no_room_for_is_said(actions: PersonalActions, admit: Admit) -> None:
    own = PersonalActions(actions.open_kit, MemoryImageStore(max_bytes_per_user=25_000))
    kept, _ = admit(own, [ALBUM[0], ALBUM[1] + bytes(10_000), ALBUM[2]])
    told = str(kept.content)
    assert len(re.findall(r"\[image img_", told)) == 2
    assert "[A picture was left out here: expected an image of 1 to 25000 bytes, found" in told


def _handles(kept: Any) -> list[str]:
    return re.findall(r"img_[0-9a-f]{32}", str([message.content for message in kept]))


def _all_kept(own: PersonalActions, handles: list[str]) -> bool:
    own.images.put("ann", to_png(solid_scene({"green": (9, 9, 60, 60)})) + bytes(LIMIT // 2))
    own.remember_object("ann", "Biscuit", "dog", images=handles)
    (biscuit,) = own.open_kit("ann").objects()
    return biscuit.n_views == len(handles) == 14


def test_an_album_of_one_message_per_photo_is_kept_whole_by_admit(
    actions: PersonalActions, store: ImageStore
) -> None:
    own = PersonalActions(actions.open_kit, store)
    personal = PersonalizationMiddleware(PersonalToolkit(actions=own, user_id="ann"))
    sent = [HumanMessage([image_block(photo, "image/png")]) for photo in ALBUM]
    kept = personal.admit([*sent, HumanMessage("This is Biscuit.")])
    assert _all_kept(own, _handles(kept))


def test_an_album_of_one_message_per_photo_is_kept_whole_by_a_run(
    actions: PersonalActions, store: ImageStore, make_model: Any
) -> None:
    own = PersonalActions(actions.open_kit, store)
    personal = PersonalizationMiddleware(PersonalToolkit(actions=own, user_id="ann"))
    agent = create_agent(make_model(), middleware=[personal])
    # Each was answered, as in a conversation that a client sends anew in every turn.
    sent = [
        each
        for photo in ALBUM
        for each in (HumanMessage([image_block(photo, "image/png")]), AIMessage("Nice."))
    ]
    state = agent.invoke({"messages": [*sent, HumanMessage("These are Biscuit.")]})
    assert _all_kept(own, _handles(state["messages"]))


def _llama_index_agent(own: PersonalActions) -> PersonalFunctionAgent:
    return PersonalFunctionAgent(PersonalToolSpec(own, user_id="ann"), llm=MockFunctionCallingLLM())


async def test_an_album_in_a_chat_history_is_kept_whole(
    actions: PersonalActions, store: ImageStore
) -> None:
    own = PersonalActions(actions.open_kit, store)
    agent = _llama_index_agent(own)
    memory = ChatMemoryBuffer.from_defaults(token_limit=10**6)
    sent = [ChatMessage(role="user", blocks=[ImageBlock(image=photo)]) for photo in ALBUM]
    await agent.run("These are Biscuit.", chat_history=sent, memory=memory)
    assert _all_kept(own, _handles(await memory.aget_all())[:14])


@pytest.mark.parametrize("count", [1, 2, 14])
def test_what_one_batch_of_tools_returns_is_kept_whole(
    actions: PersonalActions, store: ImageStore, make_model: Any, count: int
) -> None:
    own = PersonalActions(actions.open_kit, store)
    personal = PersonalizationMiddleware(PersonalToolkit(actions=own, user_id="ann"))

    @tool
    def gallery(part: int) -> Any:
        """Return photos."""
        return [image_block(photo, "image/png") for photo in ALBUM[part::count]]

    calls = [{"name": "gallery", "args": {"part": at}, "id": f"c{at}"} for at in range(count)]
    model = make_model()
    model.messages = iter([AIMessage("", tool_calls=calls), AIMessage("ok")])
    agent = create_agent(model, tools=[gallery], middleware=[personal])
    state = agent.invoke({"messages": ["Show me Biscuit."]})
    returned = [message for message in state["messages"] if message.type == "tool"]
    assert _all_kept(own, _handles(returned))


async def test_what_one_batch_of_llama_index_tools_returns_is_kept_whole(
    actions: PersonalActions, store: ImageStore
) -> None:
    own = PersonalActions(actions.open_kit, store)
    agent = _llama_index_agent(own)
    outputs = [
        ToolOutput(tool_name="g", raw_input={}, raw_output=None, blocks=[ImageBlock(image=photo)])
        for photo in ALBUM
    ]
    results = [
        ToolCallResult(
            tool_name="g", tool_kwargs={}, tool_id=str(at), tool_output=output, return_direct=False
        )
        for at, output in enumerate(outputs)
    ]
    agent._keep_results("ann", results)
    assert _all_kept(own, re.findall(r"img_[0-9a-f]{32}", str([o.blocks for o in outputs])))


def test_what_tools_return_takes_not_the_place_of_what_the_user_sent(store: ImageStore) -> None:
    sent = put_album(store, "ann", ALBUM[:7])
    first = put_album(store, "ann", ALBUM[7:10], batch="1")
    assert put_album(store, "ann", [b"x" * LIMIT], batch="1") != []
    for handle in [*sent, *first]:
        assert store.get("ann", str(handle))
    put_album(store, "ann", [b"y" * LIMIT], batch="2")  # those of the first batch may go
    put_album(store, "ann", [b"z" * LIMIT])  # and now those of the user
    kept = 0
    for handle in [*sent, *first]:
        with contextlib.suppress(UnknownImage):
            kept += len(store.get("ann", str(handle))) > 0
    assert kept <= 5
