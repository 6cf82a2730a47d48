"""Real agents and memories; the model is scripted and the vision tools know plain colours."""

import base64
import json

import pytest
from llama_index.core.agent.workflow import AgentWorkflow
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.workflow import Context

from pekit_agents.tools.llama_index.agent import PersonalFunctionAgent
from pekit_agents.tools.llama_index.tools import PersonalToolSpec


class ScriptedLLM(MockFunctionCallingLLM):
    """Answers from a script, messages or functions of what it is shown, and records that."""

    script: list = []  # noqa: RUF012  (pydantic fields, copied for each model)
    seen: list = []  # noqa: RUF012
    options: list = []  # noqa: RUF012

    def _prepare_chat_with_tools(self, tools, **options):
        self.options.append({"tools": tools, **options})
        return super()._prepare_chat_with_tools(tools, **options)

    def _get_response_generator(self):
        def answer(messages, **options):
            self.seen.append(list(messages))
            step = self.script.pop(0)
            step = step(messages) if callable(step) else step
            return ChatMessage(role="assistant", content=step) if isinstance(step, str) else step

        return answer


@pytest.fixture
def scripted():
    return lambda *script: ScriptedLLM(script=list(script))


@pytest.fixture
def calls():
    """Build the message of a model that calls tools: ``calls(("find_...", {...}), ...)``."""

    def build(*wanted):
        blocks = [
            ToolCallBlock(tool_call_id=f"call_{at}", tool_name=name, tool_kwargs=args)
            for at, (name, args) in enumerate(wanted)
        ]
        return ChatMessage(role="assistant", blocks=blocks)

    return build


@pytest.fixture
def said():
    """Build a user's message with photos: ``said("look", photo("red"))``."""

    def build(text, *photos):
        pictures = [ImageBlock(image=data) for data in photos]
        return ChatMessage(role="user", blocks=[TextBlock(text=text), *pictures])

    return build


@pytest.fixture
def make_agent(actions):
    """Build an agent over the actions of the test."""

    def make(llm, *, user_id=None, user_resolver=None, **options):
        spec = PersonalToolSpec(actions, user_id=user_id, user_resolver=user_resolver)
        return PersonalFunctionAgent(spec, llm=llm, **options)

    return make


@pytest.fixture(params=["agent", "workflow"])
def as_runnable(request):
    """Run an agent alone, and as the only one of a workflow."""
    return (lambda agent: agent) if request.param == "agent" else _workflow


def _workflow(agent):
    return AgentWorkflow(agents=[agent])


@pytest.fixture
def context():
    async def make(runnable, user_id="ann"):
        ctx = Context(runnable)
        await ctx.store.set("user_id", user_id)
        return ctx

    return make


@pytest.fixture
def remember(actions, photo):
    """Put an object of one colour into a user's memory."""

    def store(name, colour, *, user_id="ann", context=""):
        return actions.open_kit(user_id).remember(
            name, photo(colour), category="thing", context=context
        )

    return store


@pytest.fixture
def pictures():
    """Return the bytes of all pictures in messages, in their order."""

    def find(messages):
        return [
            block.resolve_image().read()
            for message in messages
            for block in message.blocks
            if isinstance(block, ImageBlock)
        ]

    return find


@pytest.fixture
def holds_bytes():
    """Tell whether a JSON-ready value holds a picture in base64, at any alignment."""

    def holds(value, data):
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        middle = data[len(data) // 3 : len(data) // 3 + 60]
        needles = [middle[at:] for at in range(3)]
        coded = [base64.b64encode(needle[: len(needle) // 3 * 3]).decode() for needle in needles]
        return repr(middle)[2:-1] in text or any(needle in text for needle in coded)

    return holds
