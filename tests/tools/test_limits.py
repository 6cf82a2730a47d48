"""``limits=`` of an agent is what a picture may weigh at each of its doors, raised or lowered."""

from __future__ import annotations

import base64
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from llama_index.core.base.llms.types import ChatMessage, ImageBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from PIL import Image

from pekit_agents import PeKit
from pekit_agents.images import ImageLimits
from pekit_agents.testing import fake_profile, solid_scene, to_png
from pekit_agents.tools.langchain.messages import LangChainMessages
from pekit_agents.tools.langchain.middleware import PersonalizationMiddleware
from pekit_agents.tools.langchain.pictures import image_block
from pekit_agents.tools.llama_index.agent import PersonalFunctionAgent, personalize_message

SCENE = to_png(solid_scene({"red": (20, 20, 80, 80)}))
HEAVY = SCENE + bytes(52 * 2**20)  # a scan above the 50 MB of the default


def _wide() -> bytes:
    picture, buffer = Image.new("RGB", (21_000, 200), (128,) * 3), BytesIO()
    picture.paste((255, 0, 0), (20, 20, 180, 180))
    picture.save(buffer, "PNG")
    return buffer.getvalue()


WIDE = _wide()
RAISED = ImageLimits(max_bytes=200 * 2**20, max_side=40_000)


def _langchain(path: Path, limits: ImageLimits, data: bytes) -> tuple[Any, list[Any]]:
    agent = PersonalizationMiddleware.open(
        path, user_id="ann", profile=fake_profile(), limits=limits
    )
    kept = agent.admit([HumanMessage([image_block(data, "image/png")])])
    (shown,) = agent._messages.shown("ann", kept)
    form = LangChainMessages(10**9)
    return kept[0].content[0]["text"], [piece for _, piece in form.pieces(shown)]


def _llama_index(path: Path, limits: ImageLimits, data: bytes) -> tuple[Any, list[Any]]:
    llm = MockFunctionCallingLLM()
    agent = PersonalFunctionAgent.open(
        path, user_id="ann", profile=fake_profile(), limits=limits, llm=llm
    )
    kept = agent.admit(ChatMessage(role="user", blocks=[ImageBlock(image=data)]))
    (shown,) = agent._chat.shown("ann", [kept])
    return kept.blocks[0].text, [
        each.resolve_image().read() if isinstance(each, ImageBlock) else each.text
        for each in shown.blocks
    ]


both = pytest.mark.parametrize("run", [_langchain, _llama_index])


@both
@pytest.mark.parametrize("data", [HEAVY, WIDE], ids=["heavy", "wide"])
def test_a_raised_limit_lets_a_picture_through_every_door(
    tmp_path: Path, run: Any, data: bytes
) -> None:
    label, shown = run(tmp_path, RAISED, data)
    assert label.startswith("[image img_")
    (picture,) = [piece for piece in shown if isinstance(piece, bytes)]
    assert len(picture) < 5 * 2**20
    kit = PeKit.open(tmp_path / "own", profile=fake_profile(), limits=RAISED)
    told = personalize_message(ChatMessage(role="user", blocks=[ImageBlock(image=data)]), kit)
    assert [type(block) for block in told.blocks] == [ImageBlock]


@both
def test_a_picture_of_many_bytes_is_refused_at_the_default(tmp_path: Path, run: Any) -> None:
    label, _ = run(tmp_path, ImageLimits(), HEAVY)
    assert label.startswith("[A picture was left out here: expected ")


@both
def test_a_lowered_limit_holds(tmp_path: Path, run: Any) -> None:
    label, _ = run(tmp_path, ImageLimits(max_bytes=100), SCENE)
    assert label.startswith("[A picture was left out here: expected ")
    low = ImageLimits(max_pixels=1000)
    label, shown = run(tmp_path, low, SCENE)
    assert label.startswith("[image img_")  # it is decoded later
    assert [piece for piece in shown if isinstance(piece, bytes)] == []
    assert "at most 0.001 megapixels" in shown[-1]
    kit = PeKit.open(tmp_path / "own", profile=fake_profile(), limits=low)
    sent = ChatMessage(role="user", blocks=[ImageBlock(image=SCENE)])
    (told,) = personalize_message(sent, kit).blocks
    assert "at most 0.001 megapixels" in told.text


@both
def test_a_picture_too_small_to_search_is_shown_all_the_same(tmp_path: Path, run: Any) -> None:
    tiny = to_png(Image.new("RGB", (8, 8)))
    _, shown = run(tmp_path, ImageLimits(max_pixels=1000), tiny)
    assert tiny in shown


def test_a_text_in_which_a_picture_hides_has_the_same_limit(tmp_path: Path) -> None:
    url = f"data:image/png;base64,{base64.b64encode(SCENE).decode()}"
    agent = PersonalizationMiddleware.open(
        tmp_path, user_id="ann", profile=fake_profile(), limits=ImageLimits(max_bytes=100)
    )
    (kept,) = agent.admit([HumanMessage(f"See {url}")])
    assert "[A picture was left out here: expected at most 0.0 MB" in str(kept.content)
