"""The tools in real agents: what comes back, for whom, and how it runs."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from pekit_agents.profiles import Profile
from pekit_agents.testing import ColourEncoder, fake_profile, solid_scene, to_png
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.identity import UnknownUser
from pekit_agents.tools.image_store import UnknownImage, image_label
from pekit_agents.tools.langchain.toolkit import PersonalToolkit, recent_handles
from pekit_agents.tools.specs import VERBS

Run = Callable[..., list[BaseMessage]]


def image_block(image: bytes) -> dict[str, Any]:
    data = base64.b64encode(image).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}


def result(messages: list[BaseMessage]) -> ToolMessage:
    return next(message for message in messages if isinstance(message, ToolMessage))


def objects(actions: PersonalActions, user_id: str) -> list[str]:
    return [obj["name"] for obj in actions.list_personal_objects(user_id).record["objects"]]


def test_seven_tools_with_schemas_and_no_hidden_arguments(toolkit: PersonalToolkit) -> None:
    tools = toolkit.get_tools()
    assert tuple(tool.name for tool in tools) == VERBS
    for tool in tools:
        schema = tool.tool_call_schema.model_json_schema()  # type: ignore[union-attr]
        assert schema["properties"]
        assert not {"user_id", "runtime", "recent", "object_id"} & set(schema["properties"])
        assert all(field["description"] for field in schema["properties"].values())
        assert "anyOf" not in json.dumps(schema)


def test_a_labelled_photo_is_remembered_and_found(
    actions: PersonalActions, run_agent: Run, red: bytes
) -> None:
    handle = actions.images.put("ann", red)
    say = f"{image_label(handle)} This is Biscuit, my corgi."
    remembered = result(
        run_agent(("remember_object", {"name": "Biscuit", "category": "corgi"}), say=say)
    )
    assert remembered.status == "success"
    assert remembered.content == 'Remembered from 1 photo: "Biscuit" (category "corgi")'
    found = result(run_agent(("find_personal_objects", {}), say=say))
    assert '"Biscuit"' in str(found.content)
    assert found.artifact["image"] == handle
    assert found.artifact["images"] == [found.artifact["annotated_image"]]


def test_a_photo_still_in_its_message_is_the_latest(
    actions: PersonalActions, run_agent: Run, biscuit: str, scene: bytes
) -> None:
    say = [{"type": "text", "text": f"Not {image_label(biscuit)} but"}, image_block(scene)]
    found = result(run_agent(("find_personal_objects", {}), say=say))
    assert found.artifact["image"] == actions.images.put("ann", scene)


def test_labels_count_in_the_users_own_messages_only(
    actions: PersonalActions, biscuit: str, red: bytes, scene: bytes
) -> None:
    later = actions.images.put("ann", scene)
    messages = [
        HumanMessage(f"{image_label(biscuit)} and {image_label(later)}"),
        HumanMessage([{"type": "text", "text": image_label(biscuit)}]),
        ToolMessage(image_label(later), tool_call_id="1"),
    ]
    found = list(recent_handles(messages, "ann", actions.images))
    assert found == [biscuit, later, biscuit]


def test_artifacts_are_json_without_image_bytes(run_agent: Run, biscuit: str, red: bytes) -> None:
    calls = (
        ("find_personal_objects", {"image": biscuit}),
        ("describe_personal", {"question": "Who?", "image": biscuit}),
        ("list_personal_objects", {}),
        ("update_personal_object", {"name": "Biscuit", "category": "corgi"}),
        ("correct_personal", {"name": "Biscuit", "verdict": "is", "image": biscuit}),
        ("forget_personal_object", {"name": "Biscuit"}),
    )
    messages = run_agent(*calls)
    results = [message for message in messages if isinstance(message, ToolMessage)]
    assert [message.status for message in results] == ["success"] * 6
    for message in results:
        assert isinstance(message.content, str)
        assert len(json.dumps(message.artifact)) < 2000


def test_no_image_bytes_in_the_checkpoint(
    toolkit: PersonalToolkit, make_model: Any, biscuit: str, red: bytes
) -> None:
    saver = InMemorySaver()
    model = make_model(
        ("find_personal_objects", {"image": biscuit}),
        ("describe_personal", {"question": "Who?", "image": biscuit}),
    )
    agent = create_agent(model, toolkit.get_tools(), checkpointer=saver, context_schema=dict)
    config = {"configurable": {"thread_id": "1"}}
    agent.invoke({"messages": [("user", "Who?")]}, config, context={"user_id": "ann"})
    kept = repr(list(saver.storage.values())) + repr(list(saver.blobs.values()))
    assert "Biscuit" in kept
    for sign in ("PNG", "JFIF", base64.b64encode(red).decode()[:40]):
        assert sign not in kept


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (("find_personal_objects", {}), "expected a photo in this conversation"),
        (("find_personal_objects", {"image": "/etc/passwd"}), "expected the handle"),
        (("remember_object", {"name": "", "category": "dog"}), "expected"),
        (("update_personal_object", {"name": "Rex", "category": "dog"}), "No remembered object"),
        (("correct_personal", {"name": "Rex", "verdict": "is"}), "No remembered object"),
        (("forget_personal_object", {"name": "Rex"}), "No remembered object"),
    ],
)
def test_what_the_model_can_mend_comes_back_to_it(
    run_agent: Run, call: tuple[str, dict[str, Any]], hint: str
) -> None:
    message = result(run_agent(call))
    assert message.status == "error"
    assert hint in str(message.content)


def test_a_run_without_a_user_stops(run_agent: Run, biscuit: str) -> None:
    with pytest.raises(UnknownUser):
        run_agent(("list_personal_objects", {}), context={"name": "ann"})


# Forgery: whatever the model writes, it stays with the user of the run.

FORGED_ARGUMENTS: list[dict[str, Any]] = [
    {"user_id": "ann"},
    {"runtime": {"context": {"user_id": "ann"}}},
    {"runtime": None},
    {"config": {"configurable": {"user_id": "ann"}}},
    {"object_id": "stolen", "recent": ["img_" + "0" * 32], "recent_clips": ["clip_" + "0" * 32]},
    {"self": "ann", "arguments": {"user_id": "ann"}},
]
HONEST: dict[str, dict[str, Any]] = {
    "remember_object": {"name": "Rex", "category": "dog"},
    "find_personal_objects": {},
    "find_in_video": {},
    "describe_personal": {"question": "Who is Biscuit?"},
    "list_personal_objects": {},
    "update_personal_object": {"name": "Biscuit", "new_name": "Mine"},
    "correct_personal": {"name": "Biscuit", "verdict": "is_not"},
    "forget_personal_object": {"name": "Biscuit"},
    "add_photos": {"name": "Biscuit"},
}


@pytest.mark.parametrize("forged", FORGED_ARGUMENTS, ids="+".join)
@pytest.mark.parametrize("verb", VERBS)
def test_forged_arguments_reach_nobody_elses_memory(
    actions: PersonalActions, run_agent: Run, biscuit: str, verb: str, forged: dict[str, Any]
) -> None:
    own = actions.images.put("bob", to_png(solid_scene({"red": (30, 30, 90, 90)})))
    message = result(
        run_agent(
            (verb, {**HONEST[verb], **forged}), say=image_label(own), context={"user_id": "bob"}
        )
    )
    assert "Eats shoes" not in str(message.content) + json.dumps(message.artifact)
    assert objects(actions, "ann") == ["Biscuit"]
    if verb == "remember_object":
        assert objects(actions, "bob") == ["Rex"]
        kept = actions.list_personal_objects("bob").record["objects"][0]
        assert kept["object_id"] != "stolen"


@pytest.mark.parametrize("image", ["/etc/passwd", "https://example.com/a.png", "file:///a", "ANN"])
@pytest.mark.parametrize("verb", ["remember_object", "find_personal_objects", "describe_personal"])
def test_paths_urls_and_foreign_handles_are_refused(
    actions: PersonalActions, run_agent: Run, biscuit: str, verb: str, image: str
) -> None:
    image = biscuit if image == "ANN" else image
    argument = {"images": [image]} if verb == "remember_object" else {"image": image}
    message = result(run_agent((verb, {**HONEST[verb], **argument}), context={"user_id": "bob"}))
    assert message.status == "error"
    assert "expected the handle" in str(message.content)
    assert message.artifact is None


@pytest.mark.parametrize(
    "verb", ["update_personal_object", "correct_personal", "forget_personal_object"]
)
def test_foreign_object_ids_are_unknown(
    actions: PersonalActions, run_agent: Run, biscuit: str, verb: str
) -> None:
    stolen = actions.list_personal_objects("ann").record["objects"][0]["object_id"]
    message = result(
        run_agent((verb, {**HONEST[verb], "name": stolen}), context={"user_id": "bob"})
    )
    assert message.status == "error"
    assert objects(actions, "ann") == ["Biscuit"]


def test_a_bound_user_beats_the_context(
    actions: PersonalActions, run_agent: Run, biscuit: str
) -> None:
    bound = PersonalToolkit(actions=actions, user_id="bob")
    resolved = PersonalToolkit(actions=actions, user_resolver=lambda run: run.context["tenant"])
    context = {"user_id": "ann", "tenant": "bob"}
    for toolkit in (bound, resolved):
        message = result(run_agent(("list_personal_objects", {}), tools=toolkit, context=context))
        assert message.artifact["objects"] == []


def test_a_label_of_another_user_is_no_picture(
    actions: PersonalActions, run_agent: Run, biscuit: str
) -> None:
    say, context = image_label(biscuit), {"user_id": "bob"}
    message = result(run_agent(("find_personal_objects", {}), say=say, context=context))
    assert message.status == "error"
    with pytest.raises(UnknownImage):
        actions.images.get("bob", biscuit)


# Idempotence.


def test_a_repeated_call_remembers_once(
    toolkit: PersonalToolkit, actions: PersonalActions, make_model: Any, red: bytes
) -> None:
    handle = actions.images.put("ann", red)
    call = ("remember_object", {"name": "Biscuit", "category": "dog"})
    contents = []
    for _ in range(2):
        agent = create_agent(
            make_model(call, ids=["call-7"]), toolkit.get_tools(), context_schema=dict
        )
        state = agent.invoke(
            {"messages": [("user", image_label(handle))]},
            {"configurable": {"thread_id": "1"}},
            context={"user_id": "ann"},
        )
        contents.append((result(state["messages"]).content, result(state["messages"]).artifact))
    assert contents[0] == contents[1]
    assert objects(actions, "ann") == ["Biscuit"]


def test_models_that_number_their_calls_anew_overwrite_nothing(
    toolkit: PersonalToolkit, actions: PersonalActions, make_model: Any, red: bytes, scene: bytes
) -> None:
    call = ("remember_object", {"name": "Biscuit", "category": "dog"})
    statuses = []
    for photo in (red, scene):
        agent = create_agent(make_model(call, ids=["0"]), toolkit.get_tools(), context_schema=dict)
        say = image_label(actions.images.put("ann", photo))
        state = agent.invoke({"messages": [("user", say)]}, context={"user_id": "ann"})
        statuses.append(result(state["messages"]).status)
    assert statuses == ["success", "error"]


# Sync and async, one user and many.


def test_sync_and_async_say_the_same(toolkit: PersonalToolkit, biscuit: str) -> None:
    bound = PersonalToolkit(actions=toolkit.actions, user_id="ann")
    calls: dict[str, dict[str, Any]] = {
        "find_personal_objects": {"image": biscuit},
        "describe_personal": {"question": "Who?", "image": biscuit},
        "list_personal_objects": {"search": "dog"},
        "update_personal_object": {"name": "Biscuit", "category": "dog"},
    }
    for tool in bound.get_tools():
        if tool.name in calls:
            call = {"name": tool.name, "args": calls[tool.name], "id": "1", "type": "tool_call"}
            sync, other = tool.invoke(call), asyncio.run(tool.ainvoke(call))
            assert (sync.content, sync.artifact) == (other.content, other.artifact)


def test_sync_and_async_errors_are_the_same(toolkit: PersonalToolkit) -> None:
    bound = PersonalToolkit(actions=toolkit.actions, user_id="ann")
    tool = bound.get_tools()[VERBS.index("forget_personal_object")]
    call = {"name": tool.name, "args": {"name": "Rex"}, "id": "1", "type": "tool_call"}
    assert tool.invoke(call).content == asyncio.run(tool.ainvoke(call)).content
    for run in (toolkit.get_tools()[4].invoke, _awaited(toolkit.get_tools()[4].ainvoke)):
        with pytest.raises(UnknownUser):
            run({})


async def test_the_event_loop_is_not_blocked(tmp_path: Path, red: bytes, loop_turns: Any) -> None:
    turns = loop_turns()

    class Slow(ColourEncoder):
        def encode(self, images: Any) -> Any:
            turns.wait()
            return super().encode(images)

    fast = fake_profile()
    slow = Profile("slow", fast.extractor, fast.proposer, Slow(), fast.matching, augment=False)
    toolkit = PersonalToolkit.open(tmp_path, user_id="ann", profile=slow)
    handle = toolkit.actions.images.put("ann", red)
    remember = toolkit.get_tools()[0]

    await remember.ainvoke({"name": "Biscuit", "category": "dog", "images": [handle]})
    assert set(turns.seen) == {True}


def test_users_at_the_same_time_stay_apart(
    toolkit: PersonalToolkit, actions: PersonalActions, make_model: Any, red: bytes
) -> None:
    users = [f"user-{index}" for index in range(4)]

    async def run(user: str) -> list[BaseMessage]:
        handle = actions.images.put(user, red)
        model = make_model(
            ("remember_object", {"name": f"Thing of {user}", "category": "dog"}),
            ("find_personal_objects", {}),
        )
        agent = create_agent(model, toolkit.get_tools(), context_schema=dict)
        state = await agent.ainvoke(
            {"messages": [("user", image_label(handle))]}, context={"user_id": user}
        )
        return state["messages"]

    async def main() -> list[list[BaseMessage]]:
        return await asyncio.gather(*(run(user) for user in users))

    for user, messages in zip(users, asyncio.run(main()), strict=True):
        found = [message for message in messages if isinstance(message, ToolMessage)][1]
        assert [match["name"] for match in found.artifact["matches"]] == [f"Thing of {user}"]
        assert objects(actions, user) == [f"Thing of {user}"]


def _awaited(function: Any) -> Callable[..., Any]:
    return lambda *args: asyncio.run(function(*args))
