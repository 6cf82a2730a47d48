"""LangChain chat models: a recording fake, and the wire format of a real provider's package."""

from __future__ import annotations

import asyncio
import base64
import io

import pytest
from PIL import Image

pytest.importorskip("langchain_core", reason="LangChain is not installed")

from langchain_core.language_models import FakeListLLM, GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser

from pekit_agents import InvalidInput, ModelError
from pekit_agents.answering import LangChainAnswerModel, as_answer_model


class Recorder(GenericFakeChatModel):
    """Says what it is told to and keeps what it heard."""

    heard: list = []  # noqa: RUF012  (a pydantic field, copied for each model)

    def _generate(self, messages, *args, **kwargs):
        self.heard.append(list(messages))
        return super()._generate(messages, *args, **kwargs)


def recorder(*replies) -> Recorder:
    return Recorder(messages=iter(replies))


def test_picture_and_text_are_standard_blocks_of_one_user_message(photo):
    chat_model = recorder(AIMessage("It is asleep."))
    model = as_answer_model(chat_model)
    assert isinstance(model, LangChainAnswerModel)
    assert model.answer(photo, "What is it doing?") == "It is asleep."
    ((message,),) = chat_model.heard
    assert isinstance(message, HumanMessage)
    picture, text = message.content_blocks
    assert text == {"type": "text", "text": "What is it doing?"}
    assert (picture["type"], picture["mime_type"]) == ("image", "image/jpeg")
    assert Image.open(io.BytesIO(base64.b64decode(picture["base64"]))).size == photo.size


def test_without_a_picture_there_is_only_text():
    chat_model = recorder(AIMessage("A dog."))
    as_answer_model(chat_model).answer(None, "Who is Biscuit?")
    ((message,),) = chat_model.heard
    assert message.content_blocks == [{"type": "text", "text": "Who is Biscuit?"}]


def test_a_large_picture_is_shrunk():
    chat_model = recorder(AIMessage("Black."))
    LangChainAnswerModel(chat_model, max_side=100).answer(Image.new("RGB", (400, 200)), "?")
    data = chat_model.heard[0][0].content_blocks[0]["base64"]
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (100, 50)


def test_async_asks_the_same(photo):
    chat_model = recorder(AIMessage("one"), AIMessage("two"))
    model = LangChainAnswerModel(chat_model)
    assert model.answer(photo, "?") == "one"
    assert asyncio.run(model.aanswer(photo, "?")) == "two"
    first, second = chat_model.heard
    assert first[0].content == second[0].content


def test_thoughts_are_left_out_of_the_answer():
    blocks = [
        {"type": "reasoning", "reasoning": "A dog is lying there."},
        {"type": "text", "text": "It is "},
        {"type": "text", "text": "asleep."},
    ]
    assert as_answer_model(recorder(AIMessage(blocks))).answer(None, "?") == "It is asleep."


def test_no_text_is_a_model_error_with_the_reason():
    silent = AIMessage("", response_metadata={"finish_reason": "length"})
    with pytest.raises(ModelError, match=r"from Recorder, found no text.*'length'"):
        as_answer_model(recorder(silent)).answer(None, "?")


def test_wrapped_models_and_chains_that_end_in_text_are_taken(photo):
    for wrap in (
        lambda model: model.with_retry(stop_after_attempt=1),
        lambda model: model.with_config(tags=["pekit"]),
        lambda model: model.with_fallbacks([recorder()]),
        lambda model: model | StrOutputParser(),
    ):
        wrapped = as_answer_model(wrap(recorder(AIMessage("It is asleep."))))
        assert isinstance(wrapped, LangChainAnswerModel)
        assert wrapped.answer(photo, "?") == "It is asleep."


def test_the_models_own_error_passes_untouched():
    class Refused(Exception):
        pass

    class Refusing(Recorder):
        def _generate(self, *args, **kwargs):
            raise Refused("no credit")

    with pytest.raises(Refused, match="no credit"):
        as_answer_model(Refusing(messages=iter(()))).answer(None, "?")


def test_a_text_completion_model_is_refused():
    with pytest.raises(InvalidInput, match="FakeListLLM, which cannot see pictures"):
        as_answer_model(FakeListLLM(responses=["x"]))


@pytest.mark.parametrize("responses_api", [False, True], ids=["completions", "responses"])
def test_what_openais_package_sends(stub, photo, responses_api):
    openai = pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")
    if responses_api:
        stub.reply = responses_reply("It is asleep.")
    chat_model = openai.ChatOpenAI(
        model="gpt", base_url=stub.url, api_key="k", use_responses_api=responses_api
    )
    assert as_answer_model(chat_model).answer(photo, "What is it?") == "It is asleep."
    ((path, _, body),) = stub.heard
    if responses_api:
        picture, text = body["input"][0]["content"]
        assert path == "/v1/responses"
        assert (picture["type"], text) == (
            "input_image",
            {"type": "input_text", "text": "What is it?"},
        )
        url = picture["image_url"]
    else:
        picture, text = body["messages"][0]["content"]
        assert path == "/v1/chat/completions"
        assert text == {"type": "text", "text": "What is it?"}
        url = picture["image_url"]["url"]
    head, data = url.split(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == photo.size


def responses_reply(text: str) -> dict:
    part = {"type": "output_text", "text": text, "annotations": []}
    message = {
        "id": "msg-1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }
    return {
        "id": "resp-1",
        "object": "response",
        "created_at": 1,
        "model": "gpt",
        "status": "completed",
        "output": [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
