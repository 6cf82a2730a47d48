"""What of a picture the Context, the chat memory and the events hold, measured on their JSON."""

import json
import re
import warnings

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.memory import ChatMemoryBuffer, Memory
from llama_index.core.storage.chat_store.base_db import MessageStatus
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import Context

from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.image_store import MemoryImageStore

MEMORIES = [ChatMemoryBuffer, Memory]


def _json(ctx):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LlamaIndex leaves the memory out, and says so
        return json.dumps(ctx.to_dict())


async def _stored(memory):
    return json.dumps([message.model_dump(mode="json") for message in await memory.aget_all()])


@pytest.fixture(params=[MemoryImageStore, DirectoryImageStore])
def actions(request, actions, tmp_path):
    store = request.param
    images = store(tmp_path / "pictures") if store is DirectoryImageStore else store()
    return PersonalActions(actions.open_kit, images)


@pytest.fixture
def snapshots(holds_bytes):
    """Tell at each call of the model whether the Context holds one of the pictures."""
    held = []

    def watch(ctx, pictures, reply):
        def step(messages):
            text = _json(ctx)
            held.append(any(holds_bytes(text, data) for data in pictures))
            return reply

        return step

    return watch, held


@pytest.mark.parametrize("make_memory", MEMORIES)
@pytest.mark.parametrize("admitted", [True, False])
async def test_a_run_leaves_no_picture_behind(
    make_agent, scripted, calls, said, photo, as_runnable, context, snapshots, holds_bytes,
    actions, make_memory, admitted,
):  # fmt: skip
    watch, held = snapshots
    red = photo("red")
    agent = make_agent(scripted())
    runnable = as_runnable(agent)
    ctx, memory = await context(runnable), make_memory.from_defaults(token_limit=100_000)
    agent.llm.script[:] = [
        watch(ctx, [red], calls(("remember_object", {"name": "Biscuit", "category": "dog"}))),
        watch(ctx, [red], calls(("find_personal_objects", {}))),
        watch(ctx, [red], "Biscuit."),
    ]
    message = said("This is Biscuit.", red)
    handler = runnable.run(agent.admit(message, "ann") if admitted else message, ctx=ctx,
                           memory=memory)  # fmt: skip
    events = [event.model_dump_json() async for event in handler.stream_events()]
    await handler

    # The run's own input is in the Context while the model is called for the first time.
    assert held == [not admitted, False, False]
    left, stored = _json(ctx), await _stored(memory)
    kept = [actions.images.get("ann", handle) for handle in _handles(stored)]
    assert len(kept) == 2  # the photo and the one with boxes
    for data in kept:
        assert not any(holds_bytes(text, data) for text in (left, stored, *events))


def _handles(text):
    return set(re.findall(r"image (img_[0-9a-f]{32})\]", text))


async def test_pictures_of_other_tools_leave_the_context_with_their_batch(
    make_agent, scripted, calls, photo, context, snapshots, holds_bytes
):
    watch, held = snapshots
    red = photo("red")

    def camera() -> list:
        """Take a picture."""
        return [TextBlock(text="Taken."), ImageBlock(image=red)]

    agent = make_agent(scripted(), tools=[FunctionTool.from_defaults(camera)])
    ctx = await context(agent)
    agent.llm.script[:] = [calls(("camera", {})), watch(ctx, [red], "Red.")]
    result = await agent.run("Take a picture.", ctx=ctx)
    assert held == [False]
    assert not holds_bytes(_json(ctx), red)
    assert not holds_bytes(result.model_dump_json(), red)


@pytest.mark.parametrize("make_memory", MEMORIES)
async def test_pictures_of_a_history_become_handles(
    make_agent, scripted, said, photo, pictures, holds_bytes, make_memory
):
    memory = make_memory.from_defaults(token_limit=100_000)
    agent = make_agent(scripted("Red, then blue."), user_id="ann")
    history = [said("First.", photo("red"))]
    await agent.run(said("Second.", photo("blue")), chat_history=history, memory=memory)
    assert pictures(agent.llm.seen[0]) == [photo("red"), photo("blue")]
    for data in (photo("red"), photo("blue")):
        assert not holds_bytes(await _stored(memory), data)


async def test_what_a_memory_has_archived_stays_archived(
    make_agent, scripted, said, photo, holds_bytes
):
    memory = Memory.from_defaults(session_id="s", token_limit=100_000)
    old = [said("Old.", photo("green"))]
    await memory.sql_store.add_messages("s", old, status=MessageStatus.ARCHIVED)
    agent = make_agent(scripted("Red."), user_id="ann")
    await agent.run(said("New.", photo("red")), memory=memory)
    archived = await memory.aget_all(status=MessageStatus.ARCHIVED)
    active = await memory.aget_all(status=MessageStatus.ACTIVE)
    assert [message.role for message in archived] == ["user"]
    assert [message.role for message in active] == ["user", "assistant"]
    assert "Old." in archived[0].content
    assert (await memory.aget_all())[0].content == archived[0].content
    assert not holds_bytes(await _stored(memory), photo("green"))


async def test_a_memory_without_pictures_is_not_written(make_agent, scripted):
    class Counting(ChatMemoryBuffer):
        def set(self, messages):
            raise AssertionError("written")

        async def aset(self, messages):
            raise AssertionError("written")

    memory = Counting.from_defaults(token_limit=9999)
    result = await make_agent(scripted("Hi."), user_id="ann").run("Hello!", memory=memory)
    assert result.response.content == "Hi."


async def test_a_conversation_goes_on_from_its_json(
    make_agent, scripted, said, photo, pictures, remember, context
):
    remember("Biscuit", "red")
    agent = make_agent(scripted("Biscuit.", "Biscuit, as before."))
    ctx, memory = await context(agent), ChatMemoryBuffer.from_defaults(token_limit=100_000)
    await agent.run(said("Who is it?", photo("red")), ctx=ctx, memory=memory)
    kept = json.loads(await _stored(memory)), json.loads(_json(ctx))

    history = [ChatMessage.model_validate(message) for message in kept[0]]
    restored = ChatMemoryBuffer.from_defaults(chat_history=history, token_limit=100_000)
    again = Context.from_dict(agent, kept[1])
    await agent.run("Who was it?", ctx=again, memory=restored)
    words = [block.text for block in agent.llm.seen[1][1].blocks if isinstance(block, TextBlock)]
    assert len(pictures(agent.llm.seen[1])) == 1
    assert 'called "Biscuit"' in " ".join(words)
