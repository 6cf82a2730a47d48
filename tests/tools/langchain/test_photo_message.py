"""A user's message in one call, and the user of a configured run."""

from __future__ import annotations

import asyncio
import io
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain.agents import create_agent
from langgraph.checkpoint.memory import InMemorySaver
from llama_index.core.base.llms.types import ImageBlock
from PIL import Image

from pekit_agents.errors import ImageError
from pekit_agents.testing import fake_profile, solid_scene, to_png
from pekit_agents.tools import llama_index
from pekit_agents.tools.identity import UnknownUser
from pekit_agents.tools.langchain import (
    PersonalizationMiddleware,
    PersonalToolkit,
    configured_user,
    images_in,
    photo_message,
)

SCENE = solid_scene({"red": (20, 20, 80, 80)})


def photos(folder: Path) -> list[Any]:
    path, grey = folder / "red.png", io.BytesIO()
    path.write_bytes(to_png(SCENE))
    Image.new("L", (40, 30)).save(grey, "PPM")  # a kind that no MIME type is known of
    return [path, str(path), to_png(SCENE), SCENE, np.asarray(SCENE), grey.getvalue()]


def test_text_and_photos_of_any_kind_are_one_message(tmp_path: Path) -> None:
    message = photo_message("This is Biscuit.", *photos(tmp_path))
    assert message.content[0] == {"type": "text", "text": "This is Biscuit."}
    pictures = images_in(message)
    assert [picture.data for picture in pictures[:3]] == [to_png(SCENE)] * 3
    kinds = [Image.open(io.BytesIO(picture.data)) for picture in pictures]
    assert [kind.format for kind in kinds] == ["PNG"] * 3 + ["JPEG"] * 3
    assert [kind.size for kind in kinds[3:5]] == [SCENE.size] * 2

    other = llama_index.photo_message("This is Biscuit.", *photos(tmp_path))
    blocks = [block for block in other.blocks if isinstance(block, ImageBlock)]
    assert [block.resolve_image().read() for block in blocks] == [p.data for p in pictures]
    assert [block.image_mimetype for block in blocks] == ["image/png"] * 3 + ["image/jpeg"] * 3


@pytest.mark.parametrize("message", [photo_message, llama_index.photo_message])
@pytest.mark.parametrize("photo", ["https://example.com/a.png", b"text", "/no/such.jpg"])
def test_what_is_no_photo_is_refused_when_it_is_said(message: Any, photo: Any) -> None:
    with pytest.raises(ImageError, match="expected"):
        message("This is Biscuit.", photo)


def test_a_message_goes_through_an_agent_as_it_is(tmp_path: Path, make_model: Any) -> None:
    personal = PersonalizationMiddleware.open(tmp_path, user_id="ann", profile=fake_profile())
    model = make_model(("remember_object", {"name": "Biscuit", "category": "dog"}))
    agent = create_agent(model, middleware=[personal])
    agent.invoke({"messages": [photo_message("This is Biscuit.", SCENE)]})
    assert [obj.name for obj in personal.actions.open_kit("ann").objects()] == ["Biscuit"]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_configured_user_counts_where_the_host_says_so(
    tmp_path: Path, make_model: Any, asynchronous: bool
) -> None:
    personal = PersonalizationMiddleware.open(
        tmp_path, user_resolver=configured_user, profile=fake_profile()
    )
    model = make_model(("remember_object", {"name": "Biscuit", "category": "dog"}))
    agent = create_agent(model, middleware=[personal], checkpointer=InMemorySaver())
    start = {"messages": [photo_message("This is Biscuit.", SCENE)]}
    config: Any = {"configurable": {"user_id": "ann", "thread_id": "1"}}
    asyncio.run(agent.ainvoke(start, config)) if asynchronous else agent.invoke(start, config)
    assert [obj.name for obj in personal.actions.open_kit("ann").objects()] == ["Biscuit"]
    for wrong in ({"thread_id": "2"}, {"thread_id": "3", "user_id": 7}):
        with pytest.raises(UnknownUser, match="configurable"):
            agent.invoke({"messages": ["Hello"]}, {"configurable": wrong})


def test_without_it_a_configured_user_is_nobody_and_the_error_names_the_way(
    toolkit: PersonalToolkit, make_model: Any
) -> None:
    agent = create_agent(make_model(("list_personal_objects", {})), toolkit.get_tools())
    with pytest.raises(UnknownUser, match="user_resolver=configured_user"):
        agent.invoke({"messages": ["Hello"]}, {"configurable": {"user_id": "ann"}})
    with pytest.raises(UnknownUser, match="found none"):
        configured_user(None)


def test_a_message_of_two_million_characters_does_not_stop_a_conversation(
    tmp_path: Path, make_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    normalize = unicodedata.normalize

    def guard(form: Any, text: str) -> str:
        assert len(text) < 100_000
        return normalize(form, text)

    monkeypatch.setattr(unicodedata, "normalize", guard)
    long = "e\u0301\u0327" * 700_000
    personal = PersonalizationMiddleware.open(tmp_path, user_id="ann", profile=fake_profile())
    model = make_model(
        ("remember_object", {"name": "Biscuit", "category": "dog"}),
        ("describe_personal", {"question": long}),
    )
    agent = create_agent(model, middleware=[personal])
    state = agent.invoke({"messages": [photo_message(long, SCENE)]})
    *_, refused, last = state["messages"]
    assert refused.status == "error"
    assert "shorten it" in refused.content
    assert last.content == "done"
    assert [obj.name for obj in personal.actions.open_kit("ann").objects()] == ["Biscuit"]
