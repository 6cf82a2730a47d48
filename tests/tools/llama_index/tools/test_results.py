"""What the tools give back, and what of it is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage, ImageBlock, MockLLM, TextBlock
from llama_index.core.memory import ChatMemoryBuffer, Memory
from llama_index.core.tools import ToolOutput
from llama_index.core.tools.calling import acall_tool, call_tool
from llama_index.core.workflow import Context

from pekit_agents.profiles import Profile
from pekit_agents.testing import ColourEncoder, fake_profile, solid_scene, to_png
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_store import image_label
from pekit_agents.tools.llama_index.history import Conversation, recent_handles
from pekit_agents.tools.llama_index.tools import PersonalToolSpec

Call = tuple[str, dict[str, Any]]
Run = Callable[..., Any]


async def test_a_labelled_photo_is_remembered_and_found(
    spec: PersonalToolSpec, red: bytes, run_agent: Run
) -> None:
    handle = spec.actions.images.put("ann", red)
    remembered, found = await run_agent(
        spec,
        ("remember_object", {"name": "Biscuit", "category": "corgi"}),
        ("find_personal_objects", {}),
        say=f"{image_label(handle)} This is Biscuit, my corgi.",
    )
    assert remembered.content == 'Remembered from 1 photo: "Biscuit" (category "corgi")'
    assert not remembered.is_error
    assert '"Biscuit"' in found.content
    assert found.raw_output["image"] == handle
    assert found.raw_output["images"] == [found.raw_output["annotated_image"]]


@pytest.mark.parametrize("memory", [None, Memory, ChatMemoryBuffer], ids=str)
async def test_a_photo_still_in_its_message_is_the_latest(
    spec: PersonalToolSpec, biscuit: str, scene: bytes, memory: Any, run_agent: Run
) -> None:
    blocks = [TextBlock(text=f"Not {image_label(biscuit)} but"), ImageBlock(image=scene)]
    (found,) = await run_agent(
        spec,
        ("find_personal_objects", {}),
        say=ChatMessage(role="user", blocks=blocks),
        memory=memory and memory.from_defaults(),
    )
    assert found.raw_output["image"] == spec.actions.images.put("ann", scene)


def test_only_the_users_own_words_bring_pictures(
    actions: PersonalActions, biscuit: str, scene: bytes, tmp_path: Path
) -> None:
    later = actions.images.put("ann", scene)
    (tmp_path / "scene.png").write_bytes(scene)
    said = Conversation(
        [
            ChatMessage(role="user", content=f"{image_label(biscuit)} and {image_label(later)}"),
            ChatMessage(role="user", blocks=[ImageBlock(path=tmp_path / "scene.png")]),
            ChatMessage(role="user", blocks=[ImageBlock(url="https://127.0.0.1:9/never.png")]),
            ChatMessage(role="tool", content=image_label(biscuit)),
            ChatMessage(role="assistant", blocks=[ImageBlock(image=scene)]),
        ]
    )
    assert list(recent_handles(said, "ann", actions.images)) == [later, later, biscuit]
    assert list(recent_handles(None, "ann", actions.images)) == []


def test_a_picture_in_a_file_follows_a_text_that_stands_alone(filed: PersonalToolSpec) -> None:
    images = filed.actions.images
    scene = images.put("ann", to_png(solid_scene({"red": (5, 5, 60, 60)})))
    output = filed.find_personal_objects(image=scene)  # type: ignore[attr-defined]
    text, picture = output.blocks
    assert '"Biscuit"' in text.text
    assert picture.image is None
    assert picture.image_mimetype == "image/jpeg"
    annotated = output.raw_output["annotated_image"]
    assert picture.path.read_bytes() == images.get("ann", annotated)
    quiet = PersonalToolSpec(filed.actions, user_id="ann", show_images=False)
    assert [block.block_type for block in quiet.to_tool_list()[1](scene).blocks] == ["text"]


def test_a_store_in_ram_gives_the_text_alone(bound: PersonalToolSpec, biscuit: str) -> None:
    output = bound.to_tool_list()[1].call(image=biscuit)
    assert [block.block_type for block in output.blocks] == ["text"]
    assert output.raw_output["annotated_image"] in output.content


async def test_what_is_kept_of_a_run_is_json_without_image_bytes(
    filed: PersonalToolSpec, run_agent: Run, scripted: Any
) -> None:
    photo = filed.actions.images.put("ann", to_png(solid_scene({"red": (5, 5, 60, 60)})))
    calls = (
        ("find_personal_objects", {"image": photo}),
        ("describe_personal", {"question": "Who?", "image": photo}),
        ("list_personal_objects", {}),
    )
    memory = Memory.from_defaults()  # holds JSON
    agent = FunctionAgent(tools=filed.to_tool_list(), llm=scripted(*calls), streaming=False)
    ctx = Context(agent)
    await agent.run(user_msg="Who is it?", ctx=ctx, memory=memory)
    told = await memory.aget_all()
    tools = [message for message in told if message.role == "tool"]
    assert [len(message.blocks) for message in tools] == [2, 2, 1]
    outputs = await run_agent(filed, *calls)
    dumped = [item.model_dump_json() for item in (*told, *outputs)]
    for kept in (json.dumps(ctx.to_dict()), *dumped):
        assert len(kept) < 6000
        assert not any(sign in kept for sign in ("JFIF", "/9j/", "iVBOR", "PNG"))
    for output, text in zip(outputs, dumped[-3:], strict=True):
        assert ToolOutput.model_validate_json(text).raw_output == output.raw_output
    assert ChatMessage.model_validate_json(dumped[2]) == tools[0]


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (("find_personal_objects", {}), "expected a photo in this conversation"),
        (("find_personal_objects", {"image": "/etc/passwd"}), "expected the handle"),
        (("remember_object", {"name": "", "category": "dog"}), "expected"),
        (("remember_object", {"name": "Rex"}), "category: expected a value, found none"),
        (("list_personal_objects", {"search": {"a": 7}}), "search: expected a text, found"),
        (("update_personal_object", {"name": "Rex", "category": "dog"}), "No remembered object"),
        (("correct_personal", {"name": "Rex", "verdict": "is"}), "No remembered object"),
        (("correct_personal", {"name": "Rex", "verdict": "no"}), 'expected "is" or "is_not"'),
        (("forget_personal_object", {"name": "Rex"}), "No remembered object"),
    ],
)
async def test_what_the_model_can_mend_comes_back_to_it(
    spec: PersonalToolSpec, call: Call, hint: str, run_agent: Run
) -> None:
    (output,) = await run_agent(spec, call)
    assert output.is_error
    assert hint in output.content
    assert json.loads(output.model_dump_json())["raw_output"] == output.content


# Idempotence.


async def test_a_repeated_call_remembers_once_and_a_later_one_again(
    spec: PersonalToolSpec, red: bytes, scene: bytes, run_agent: Run, names: Any
) -> None:
    call = ("remember_object", {"name": "Biscuit", "category": "dog"})
    say = image_label(spec.actions.images.put("ann", red))
    (first,) = await run_agent(spec, call, say=say)
    (again,) = await run_agent(spec, call, say=say)  # resumed: all that it sees is the same
    assert not again.is_error
    assert first.raw_output == again.raw_output
    other = image_label(spec.actions.images.put("ann", scene))
    for kwargs in ({"say": other}, {"memory": ChatMemoryBuffer.from_defaults(), "say": f"{say} x"}):
        memory = kwargs.get("memory")
        if memory is not None:
            memory.put(ChatMessage(role="user", content="Hello"))  # a turn later
        (taken,) = await run_agent(spec, call, **kwargs)
        assert taken.is_error
    assert names(spec.actions, "ann") == ["Biscuit"]


# Sync and async.


async def test_sync_and_async_say_the_same(bound: PersonalToolSpec, biscuit: str) -> None:
    calls: dict[str, dict[str, Any]] = {
        "find_personal_objects": {"image": biscuit},
        "describe_personal": {"question": "Who?", "image": biscuit},
        "list_personal_objects": {"search": "dog"},
        "update_personal_object": {"name": "Biscuit", "category": "dog"},
        "correct_personal": {"name": "Biscuit", "verdict": "is_not", "image": "img_0"},
        "forget_personal_object": {"name": "Rex"},
    }
    for tool in bound.to_tool_list():
        if tool.metadata.name in calls:
            arguments = calls[tool.metadata.name]
            first = await tool.acall(**arguments)
            within = tool.call(**arguments)  # a loop is running here
            outside = await asyncio.to_thread(tool, **arguments)  # and none there
            method = getattr(bound, tool.metadata.name)(**arguments)
            single = call_tool(tool, arguments)
            also = await acall_tool(tool, arguments)
            for other in (within, outside, method, single, also):
                assert other.model_dump() == first.model_dump()


async def test_the_event_loop_is_not_blocked(
    tmp_path: Path, red: bytes, run_agent: Run, names: Any, loop_turns: Any
) -> None:
    turns = loop_turns()

    class Slow(ColourEncoder):
        def encode(self, images: Any) -> Any:
            turns.wait()
            return super().encode(images)

    fast = fake_profile()
    slow = Profile("slow", fast.extractor, fast.proposer, Slow(), fast.matching, augment=False)
    spec = PersonalToolSpec.open(tmp_path, user_id="ann", profile=slow)
    handle = spec.actions.images.put("ann", red)
    call = ("remember_object", {"name": "Biscuit", "category": "dog", "images": [handle]})
    await run_agent(spec, call)
    assert names(spec.actions, "ann") == ["Biscuit"]
    assert set(turns.seen) == {True}


def test_an_llm_of_the_framework_answers_questions(actions: PersonalActions, biscuit: str) -> None:
    spec = PersonalToolSpec(
        PersonalActions(actions.open_kit, actions.images, MockLLM(max_tokens=3)), user_id="ann"
    )
    output = spec.describe_personal(question="Who?", image=biscuit)  # type: ignore[attr-defined]
    assert output.raw_output["answer"] == output.content
