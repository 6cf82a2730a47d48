"""``python langchain_agent.py URL TOKEN PHOTO``: a LangChain agent, by langchain-mcp-adapters.

It runs in an environment of its own: the adapters want mcp 1.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_mcp_adapters.client import MultiServerMCPClient


class ScriptedModel(GenericFakeChatModel):
    """Takes tools, and answers from its script."""

    def bind_tools(self, tools: Any, **options: Any) -> ScriptedModel:
        """Return itself."""
        return self


def call(name: str, /, **given: Any) -> AIMessage:
    """Return the message of a model that calls a tool."""
    return AIMessage("", tool_calls=[{"name": name, "args": given, "id": name}])


async def main(url: str, token: str, photo: str) -> None:
    """Have an agent remember and find, and print what it was told."""
    server = {
        "transport": "streamable_http",
        "url": url,
        "headers": {"Authorization": f"Bearer {token}"},
    }
    client = MultiServerMCPClient({"pekit": server})
    tools = await client.get_tools()
    script = [
        call("add_photo", photo=photo),
        call("remember_object", name="Biscuit", category="dog", images=["latest"]),
        call("find_personal_objects", image="latest"),
        AIMessage("There is Biscuit."),
    ]
    agent = create_agent(ScriptedModel(messages=iter(script)), tools)
    done = await agent.ainvoke({"messages": [("user", "Remember this, and look again.")]})
    prompts = await client.get_prompt(
        "pekit", "describe", arguments={"question": "Who is it?", "image": "none"}
    )
    told = {
        "tools": [tool.name for tool in tools],
        "results": [
            [block if isinstance(block, str) else block["type"] for block in _blocks(message)]
            for message in done["messages"]
            if message.type == "tool"
        ],
        "words": [message.text for message in done["messages"] if message.type == "tool"],
        "records": [message.artifact for message in done["messages"] if message.type == "tool"],
        "answer": done["messages"][-1].text,
        "prompt": prompts[0].text,
    }
    sys.stdout.write(json.dumps(told))


def _blocks(message: Any) -> Any:
    content = message.content
    return [content] if isinstance(content, str) else content


asyncio.run(main(*sys.argv[1:]))
