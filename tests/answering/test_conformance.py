"""Every adapter of an LVLM passes what all answer models must pass."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO
from itertools import repeat

import pytest
from PIL import Image

from pekit_agents.answering import as_answer_model
from pekit_agents.testing import AnswerModelTests


class TestFunction(AnswerModelTests):
    @pytest.fixture
    def answer_model(self):
        return as_answer_model(self.answer)

    def answer(self, image, text):
        self.last = (image, text)
        return f"{image and image.size} {text}"

    def received(self):
        return self.last

    @pytest.fixture
    def silent_model(self):
        return as_answer_model(lambda image, text: "")


class TestOpenAI(AnswerModelTests):
    @pytest.fixture
    def answer_model(self, stub):
        pytest.importorskip("httpx2", reason="httpx2 is not installed: no endpoint can be asked")
        from pekit_agents.answering import OpenAIAnswerModel

        self.heard = stub.heard
        return OpenAIAnswerModel(stub.url, "llava")

    def received(self):
        content = self.heard[-1][2]["messages"][-1]["content"]
        if isinstance(content, str):
            return None, content
        parts = {part["type"]: part for part in content}
        url = parts["image_url"]["image_url"]["url"]
        picture = Image.open(BytesIO(b64decode(url.partition(",")[2])))
        return picture, parts["text"]["text"]

    @pytest.fixture
    def silent_model(self, stub, answer_model):
        stub.says(None)
        return answer_model


class TestLangChain(AnswerModelTests):
    def says(self, text):
        pytest.importorskip("langchain_core", reason="LangChain is not installed")
        from langchain_core.language_models import GenericFakeChatModel
        from langchain_core.messages import AIMessage

        return as_answer_model(GenericFakeChatModel(messages=repeat(AIMessage(text))))

    @pytest.fixture
    def answer_model(self):
        return self.says("It is asleep.")

    @pytest.fixture
    def silent_model(self):
        return self.says("")


class TestLlamaIndex(AnswerModelTests):
    def says(self, text):
        pytest.importorskip("llama_index.core", reason="LlamaIndex is not installed")
        from llama_index.core.llms import ChatMessage, ChatResponse, MockLLM

        class Saying(MockLLM):
            def chat(self, messages, **kwargs):
                return ChatResponse(message=ChatMessage(role="assistant", content=text))

        return as_answer_model(Saying())

    @pytest.fixture
    def answer_model(self):
        return self.says("It is asleep.")

    @pytest.fixture
    def silent_model(self):
        return self.says("")
