"""An album in one message is kept whole, shown from its newest end, and can be remembered."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM

from pekit_agents.testing import solid_scene, to_png
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.image_store import ImageStore, MemoryImageStore
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
