"""A stand-in for the LLM of the pages on LlamaIndex, because a real one needs a key."""

import re
import sys
from types import ModuleType

import pytest


@pytest.fixture(autouse=True)
def obliging_llm(monkeypatch):
    """Let ``OpenAI`` be an LLM that does what a good one would."""
    try:
        from llama_index.core.base.llms import types
        from llama_index.core.llms import mock
    except ImportError:
        return

    class OpenAI(mock.MockFunctionCallingLLM):
        def __init__(self, model="", **options):
            super().__init__(response_generator=_answer(types), is_chat_model=True, **options)

    module = ModuleType("llama_index.llms.openai")
    module.OpenAI = OpenAI
    monkeypatch.setitem(sys.modules, module.__name__, module)


def _answer(types):
    """Call the tool that was asked for once, then say which names were in the last message."""

    def answer(messages, **options):
        last = messages[-1].content or ""
        asked = re.match(r"This is (\w+), my (\w+)\.", last)
        if asked and messages[-1].role == "user":
            call = types.ToolCallBlock(
                tool_call_id="call_1",
                tool_name="remember_object",
                tool_kwargs={"name": asked[1], "category": asked[2]},
            )
            return types.ChatMessage(role="assistant", blocks=[call])
        names = re.findall(r'called "([^"]+)"', last)
        said = f"This is {' and '.join(names)}." if names else "Done."
        return types.ChatMessage(role="assistant", content=said)

    return answer
