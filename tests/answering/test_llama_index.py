"""LlamaIndex LLMs: a recording one that takes blocks as a provider's does."""

from __future__ import annotations

import asyncio
import io

import pytest
from PIL import Image

pytest.importorskip("llama_index.core", reason="LlamaIndex is not installed")

from llama_index.core.base.llms.types import ThinkingBlock
from llama_index.core.llms import (
    ChatMessage,
    ChatResponse,
    ImageBlock,
    MessageRole,
    MockLLM,
    TextBlock,
)

from pekit_agents import ModelError
from pekit_agents.answering import LlamaIndexAnswerModel, as_answer_model


class Recorder(MockLLM):
    """Says what it is told to and keeps what it heard."""

    heard: list = []  # noqa: RUF012  (a pydantic field, copied for each model)
    says: list = []  # noqa: RUF012

    def chat(self, messages, **kwargs):
        self.heard.append(list(messages))
        return ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, blocks=self.says))

    async def achat(self, messages, **kwargs):
        return self.chat(messages, **kwargs)


def recorder(*blocks) -> Recorder:
    llm = Recorder()
    llm.says = list(blocks)
    return llm


def test_picture_and_text_are_blocks_of_one_user_message(photo):
    llm = recorder(TextBlock(text="It is asleep."))
    model = as_answer_model(llm)
    assert isinstance(model, LlamaIndexAnswerModel)
    assert model.answer(photo, "What is it doing?") == "It is asleep."
    ((message,),) = llm.heard
    assert message.role == MessageRole.USER
    picture, text = message.blocks
    assert isinstance(picture, ImageBlock)
    assert (picture.image_mimetype, text.text) == ("image/jpeg", "What is it doing?")
    sent = Image.open(io.BytesIO(picture.resolve_image().read()))
    assert (sent.format, sent.size) == ("JPEG", photo.size)


def test_without_a_picture_there_is_only_text():
    llm = recorder(TextBlock(text="A dog."))
    as_answer_model(llm).answer(None, "Who is Biscuit?")
    ((message,),) = llm.heard
    assert [block.model_dump() for block in message.blocks] == [
        TextBlock(text="Who is Biscuit?").model_dump()
    ]


def test_a_large_picture_is_shrunk():
    llm = recorder(TextBlock(text="Black."))
    LlamaIndexAnswerModel(llm, max_side=100).answer(Image.new("RGB", (400, 200)), "?")
    sent = Image.open(io.BytesIO(llm.heard[0][0].blocks[0].resolve_image().read()))
    assert sent.size == (100, 50)


def test_async_asks_the_same(photo):
    llm = recorder(TextBlock(text="It is asleep."))
    model = LlamaIndexAnswerModel(llm)
    assert asyncio.run(model.aanswer(photo, "?")) == model.answer(photo, "?") == "It is asleep."
    first, second = llm.heard
    assert first[0].blocks == second[0].blocks


def test_thoughts_are_left_out_of_the_answer():
    llm = recorder(ThinkingBlock(content="A dog is lying there."), TextBlock(text="It is asleep."))
    assert as_answer_model(llm).answer(None, "?") == "It is asleep."


@pytest.mark.parametrize("blocks", [(), (TextBlock(text=" "),)], ids=["nothing", "blank"])
def test_no_text_is_a_model_error(blocks):
    with pytest.raises(ModelError, match="from Recorder, found no text"):
        as_answer_model(recorder(*blocks)).answer(None, "?")


def test_the_models_own_error_passes_untouched():
    class Refused(Exception):
        pass

    class Refusing(Recorder):
        def chat(self, messages, **kwargs):
            raise Refused("no credit")

    with pytest.raises(Refused, match="no credit"):
        as_answer_model(Refusing()).answer(None, "?")


def test_what_openais_package_sends(stub, photo):
    openai = pytest.importorskip(
        "llama_index.llms.openai", reason="llama-index-llms-openai is not installed"
    )
    llm = openai.OpenAI(model="gpt-4o", api_base=stub.url, api_key="k", max_retries=0)
    assert as_answer_model(llm).answer(photo, "What is it?") == "It is asleep."
    ((path, _, body),) = stub.heard
    picture, text = body["messages"][0]["content"]
    assert path == "/v1/chat/completions"
    assert text == {"type": "text", "text": "What is it?"}
    assert picture["image_url"]["url"].startswith("data:image/jpeg;base64,")
