"""The retrievers in query engines: what a model is shown of what they find."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import get_response_synthesizer
from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.query_engine import RetrieverQueryEngine, SimpleMultiModalQueryEngine
from llama_index.core.schema import QueryBundle
from llama_index.core.tools import RetrieverTool

from pekit_agents.errors import InvalidInput
from pekit_agents.retrievers.llama_index import PersonalObjectRetriever
from pekit_agents.testing import fake_profile
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_folder import DirectoryImageStore


@pytest.fixture
def retriever(root: Path, actions: PersonalActions, tmp_path: Path) -> PersonalObjectRetriever:
    images = DirectoryImageStore(tmp_path / "pictures")
    return PersonalObjectRetriever.open(root, user_id="ann", profile=fake_profile(), images=images)


@pytest.fixture
def query(tmp_path: Path, photo: Callable[..., bytes]) -> QueryBundle:
    (tmp_path / "photo.png").write_bytes(photo("red", "blue"))
    return QueryBundle("What is in the picture?", image_path=str(tmp_path / "photo.png"))


@pytest.fixture
def seen() -> list[ChatMessage]:
    return []


@pytest.fixture
def llm(seen: list[ChatMessage]) -> MockFunctionCallingLLM:
    """A model that sees pictures and records what it is shown."""

    def answer(messages: Any, **kwargs: Any) -> ChatMessage:
        seen.extend(messages)
        return ChatMessage(role="assistant", content="Biscuit beside a mug.")

    return MockFunctionCallingLLM(response_generator=answer, is_chat_model=True)


def shown(messages: list[ChatMessage]) -> tuple[str, list[bytes]]:
    blocks = [block for message in messages for block in message.blocks]
    pictures = [block.resolve_image().read() for block in blocks if isinstance(block, ImageBlock)]
    return "\n".join(block.text for block in blocks if isinstance(block, TextBlock)), pictures


@pytest.mark.parametrize("mode", ["compact", "simple_summarize", "refine", "tree_summarize"])
async def test_a_query_engine_shows_a_multimodal_model_the_annotated_picture(
    retriever: PersonalObjectRetriever,
    query: QueryBundle,
    llm: Any,
    seen: list[ChatMessage],
    mode: Any,
) -> None:
    synthesizer = get_response_synthesizer(llm=llm, response_mode=mode, multimodal=True)
    engine = RetrieverQueryEngine(retriever, synthesizer)
    answer = await engine.aquery(query)
    assert str(answer) == "Biscuit beside a mug."
    text, pictures = shown(seen)
    assert '"Biscuit" (category "dog"): ' in text
    assert "annotated_image" not in text
    assert set(pictures) == {retriever.picture(hit) for hit in answer.source_nodes}
    assert engine.query(query).source_nodes == answer.source_nodes


def test_a_query_engine_tells_a_blind_model_the_same(
    retriever: PersonalObjectRetriever, query: QueryBundle, llm: Any, seen: list[ChatMessage]
) -> None:
    llm.is_chat_model = True
    engine = RetrieverQueryEngine.from_args(retriever, llm=llm)
    engine.query(query)
    text, pictures = shown(seen)
    assert text.count('"Biscuit" (category "dog"): ') == 1
    assert pictures == []


def test_the_multimodal_query_engine_takes_it(
    retriever: PersonalObjectRetriever, query: QueryBundle, llm: Any, seen: list[ChatMessage]
) -> None:
    engine = SimpleMultiModalQueryEngine(retriever, multi_modal_llm=llm)  # type: ignore[arg-type]
    assert str(engine.query(query)) == "Biscuit beside a mug."
    assert len(shown(seen)[1]) == 2


def test_as_a_tool_it_takes_words_only(
    retriever: PersonalObjectRetriever, query: QueryBundle
) -> None:
    tool = RetrieverTool.from_defaults(retriever)
    assert "Eats shoes." in tool.call(input="who eats shoes?").content
    with pytest.raises(InvalidInput, match="found the path of a file"):
        tool.call(input=query.image_path)
