"""Where a provider could not open the address of a picture, words stand in the conversation."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from llama_index.core.base.llms.types import ChatMessage, ImageBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM

from pekit_agents.testing import solid_scene, to_png
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_store import handle_of
from pekit_agents.tools.langchain.middleware import PersonalizationMiddleware
from pekit_agents.tools.langchain.toolkit import PersonalToolkit
from pekit_agents.tools.llama_index.agent import PersonalFunctionAgent
from pekit_agents.tools.llama_index.tools import PersonalToolSpec

PNG = to_png(solid_scene({"blue": (20, 20, 90, 90)}))
B64 = base64.b64encode(PNG).decode()
OPENED = [
    "https://example.org/a.jpg",
    "HTTP://example.org/a.jpg",
    "gs://bucket/a.jpg",
    "s3://bucket/a.jpg",
]
UNOPENED = [
    "/home/u/x.jpg",
    "x.jpg",
    r"C:\Users\u\x.jpg",
    "C:/Users/u/x.jpg",
    "file:///home/u/x.jpg",
    "blob:https://example.org/1",
    "content://media/1",
    "ph://A",
    "about:blank",
    "https:///x.jpg",
    f"[image {handle_of(PNG)}]",  # what an earlier version left
]
BLOCKS = [
    lambda url: {"type": "image_url", "image_url": {"url": url}},
    lambda url: {"type": "image_url", "image_url": url},
    lambda url: {"type": "input_image", "image_url": url},
    lambda url: {"type": "image", "url": url},
    lambda url: {"type": "image", "source": {"type": "url", "url": url}},
]
WORDS = "[A picture was left out here: a path or address that only the sender can open]"
NOTHING = "[A picture was left out here: expected a picture or its address, found neither]"


def _langchain(actions: PersonalActions, block: Any) -> list[Any]:
    personal = PersonalizationMiddleware(PersonalToolkit(actions=actions, user_id="ann"))
    (kept,) = personal.admit([HumanMessage([block])])
    return list(kept.content)


def _llama_index(actions: PersonalActions, block: ImageBlock) -> list[Any]:
    agent = PersonalFunctionAgent(
        PersonalToolSpec(actions, user_id="ann"), llm=MockFunctionCallingLLM()
    )
    return list(agent.admit(ChatMessage(role="user", blocks=[block])).blocks)


@pytest.mark.parametrize("block", BLOCKS)
def test_an_address_in_langchain(actions: PersonalActions, block: Any) -> None:
    for url in OPENED:
        assert _langchain(actions, block(url)) == [block(url)]
    for url in UNOPENED:
        assert _langchain(actions, block(url)) == [{"type": "text", "text": WORDS}]
    for url in ("", " "):
        assert _langchain(actions, block(url)) == [{"type": "text", "text": NOTHING}]


@pytest.mark.parametrize("block", [{"type": "image_url"}, {"type": "image_url", "image_url": {}}])
def test_a_block_without_an_address(actions: PersonalActions, block: Any) -> None:
    assert _langchain(actions, block) == [{"type": "text", "text": NOTHING}]


def test_an_address_in_llama_index(actions: PersonalActions) -> None:
    for url in OPENED:
        (kept,) = _llama_index(actions, ImageBlock(url=url))
        assert isinstance(kept, ImageBlock)
    # It takes nothing but URLs, and mends the last of them.
    for url in (url for url in UNOPENED if re.match(r"\w+:(?!///x)", url)):
        (kept,) = _llama_index(actions, ImageBlock(url=url))
        assert kept.text == WORDS
    (kept,) = _llama_index(actions, ImageBlock())
    assert kept.text == NOTHING


@pytest.mark.parametrize(
    "url", [B64, f" data:image/png;base64,{B64}", f"url(data:image/png;base64,{B64})"]
)
def test_a_picture_in_place_of_an_address_is_taken(actions: PersonalActions, url: str) -> None:
    label = f"[image {handle_of(PNG)}]"
    for block in BLOCKS:
        assert _langchain(actions, block(url)) == [{"type": "text", "text": label}]
