"""Plain LlamaIndex agents with scripted models over real memories."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.agent.workflow.workflow_events import ToolCallResult
from llama_index.core.llms import ChatMessage
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.tools import ToolOutput
from llama_index.core.workflow import Context

from pekit_agents.testing import fake_profile, solid_scene, to_png
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.llama_index.tools import PersonalToolSpec

Call = tuple[str, dict[str, Any]]


def scripted(*calls: Call) -> MockFunctionCallingLLM:
    """Return a model that makes one call a turn and then says "done"."""
    left = list(calls)

    def reply(messages: Any, **kwargs: Any) -> ChatMessage:
        if not left:
            return ChatMessage(role="assistant", content="done")
        name, arguments = left.pop(0)
        call = {"block_type": "tool_call", "tool_name": name, "tool_kwargs": arguments}
        return ChatMessage(role="assistant", blocks=[{**call, "tool_call_id": f"c{len(left)}"}])

    return MockFunctionCallingLLM(response_generator=reply, is_chat_model=True)


async def run_agent(
    spec: PersonalToolSpec, *calls: Call, say: Any = "Hello", store: Any = None, memory: Any = None
) -> list[ToolOutput]:
    """Run a plain agent whose model makes these calls; return what the tools gave."""
    agent = FunctionAgent(tools=spec.to_tool_list(), llm=scripted(*calls), streaming=False)
    ctx = Context(agent)
    for key, value in ({"user_id": "ann"} if store is None else store).items():
        await ctx.store.set(key, value)
    handler = agent.run(user_msg=say, ctx=ctx, memory=memory)
    return [
        event.tool_output
        async for event in handler.stream_events()
        if isinstance(event, ToolCallResult)
    ]


@pytest.fixture
def spec(actions: PersonalActions) -> PersonalToolSpec:
    return PersonalToolSpec(actions)


@pytest.fixture
def bound(actions: PersonalActions) -> PersonalToolSpec:
    return PersonalToolSpec(actions, user_id="ann")


@pytest.fixture
def filed(tmp_path: Path) -> PersonalToolSpec:
    """Ann's memory with her red dog, and pictures that are files."""
    images = DirectoryImageStore(tmp_path / "pictures")
    profile = fake_profile()
    spec = PersonalToolSpec.open(tmp_path / "memory", user_id="ann", profile=profile, images=images)
    photo = images.put("ann", to_png(solid_scene({"red": (20, 20, 80, 80)})))
    spec.actions.remember_object("ann", "Biscuit", "dog", "Eats shoes.", [photo])
    return spec


@pytest.fixture(name="run_agent")
def _run_agent() -> Callable[..., Any]:
    """Run a plain agent whose model makes some calls; gives what the tools gave."""
    return run_agent


@pytest.fixture(name="scripted")
def _scripted() -> Callable[..., MockFunctionCallingLLM]:
    """Make a model that makes one call a turn and then says "done"."""
    return scripted


@pytest.fixture
def names() -> Callable[[PersonalActions, str], list[str]]:
    """List the names of a user's objects."""

    def listed(actions: PersonalActions, user_id: str) -> list[str]:
        objects = actions.list_personal_objects(user_id).record["objects"]
        return [obj["name"] for obj in objects]

    return listed
