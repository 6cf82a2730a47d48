"""A LlamaIndex agent over the server, by llama-index-tools-mcp; the model is scripted."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.tools.mcp import BasicMCPClient, McpToolSpec

from pekit_agents.tools.specs import VERBS
from tests.server.mcp.conftest import TOKENS, photo

pytestmark = pytest.mark.slow  # imports a web framework and LlamaIndex


class ScriptedLLM(MockFunctionCallingLLM):
    """Answers from a script of texts and calls, and keeps what it was shown."""

    script: list = []  # noqa: RUF012  (pydantic fields, copied for each model)
    seen: list = []  # noqa: RUF012

    def _get_response_generator(self) -> Any:
        def answer(messages: Any, **_: Any) -> ChatMessage:
            self.seen.append(list(messages))
            step = self.script.pop(0)
            if isinstance(step, str):
                return ChatMessage(role="assistant", content=step)
            name, given = step
            call = ToolCallBlock(tool_call_id="call", tool_name=name, tool_kwargs=given)
            return ChatMessage(role="assistant", blocks=[call])

        return answer


async def test_an_agent_remembers_and_finds(http):
    headers = {"Authorization": f"Bearer {TOKENS['ann']}"}
    spec = McpToolSpec(client=BasicMCPClient(f"{http.url}/mcp", headers=headers))
    tools = await spec.to_tool_list_async()
    assert [tool.metadata.name for tool in tools] == [*VERBS, "add_photo", "ask_for_photo"]
    red = base64.b64encode(photo("red")).decode()
    llm = ScriptedLLM(
        script=[
            ("add_photo", {"photo": red}),
            ("remember_object", {"name": "Biscuit", "category": "dog", "images": ["latest"]}),
            ("find_personal_objects", {"image": "latest"}),
            ("forget_personal_object", {"name": "Bella"}),
            "There is Biscuit.",
        ]
    )
    answer = await FunctionAgent(tools=tools, llm=llm).run("Remember this, and look again.")
    assert str(answer) == "There is Biscuit."
    results = [str(message.content) for message in llm.seen[-1] if message.role == "tool"]
    assert 'Remembered from 1 photo: "Biscuit"' in results[1]
    assert re.search(r'"Biscuit" \(category "dog"\).*probability \d+ %', results[2])
    assert '"Bella"' in results[3]  # an error in words, and the agent goes on
