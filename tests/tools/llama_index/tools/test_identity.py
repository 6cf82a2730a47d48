"""Whose memory a call reaches: never the model's choice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent
from llama_index.core.agent.workflow.workflow_events import ToolCallResult
from llama_index.core.tools.calling import acall_tool, call_tool
from llama_index.core.workflow import Context

from pekit_agents.errors import InvalidInput
from pekit_agents.testing import solid_scene, to_png
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.identity import UnknownUser
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.image_store import image_label
from pekit_agents.tools.llama_index.tools import PersonalToolSpec
from pekit_agents.tools.specs import VERBS

Call = tuple[str, dict[str, Any]]
Run = Callable[..., Any]


@pytest.mark.parametrize("user_id", [None, "", 7, ["ann"]])
async def test_an_unknown_user_is_raised_and_told_nothing(
    spec: PersonalToolSpec, biscuit: str, user_id: Any, run_agent: Run
) -> None:
    (output,) = await run_agent(
        spec, ("list_personal_objects", {}), store={"user_id": user_id} if user_id else {}
    )
    assert output.is_error  # a plain agent catches whatever a tool raises
    assert isinstance(output.exception, UnknownUser)
    assert "Biscuit" not in output.content
    for tool in (
        spec.to_tool_list()[4],
        PersonalToolSpec(spec.actions, user_id="").to_tool_list()[4],
    ):
        with pytest.raises(UnknownUser):
            tool.call()
        with pytest.raises(UnknownUser):
            await tool.acall()


@pytest.mark.parametrize("key", ["", "state", "state.user_id"])
def test_the_user_never_stands_where_models_read(actions: PersonalActions, key: str) -> None:
    with pytest.raises(InvalidInput):
        PersonalToolSpec(actions, user_key=key)


async def test_a_bound_user_beats_a_resolver_beats_the_store(
    actions: PersonalActions, biscuit: str, run_agent: Run
) -> None:
    async def later(ctx: Any) -> str:
        return str(await ctx.store.get("tenant"))

    store = {"user_id": "ann", "tenant": "bob"}
    call = ("list_personal_objects", {})
    for spec in (
        PersonalToolSpec(actions, user_id="bob", user_resolver=lambda ctx: "ann"),
        PersonalToolSpec(actions, user_resolver=lambda ctx: "bob"),
        PersonalToolSpec(actions, user_resolver=later),
        PersonalToolSpec(actions, user_key="tenant"),
    ):
        (output,) = await run_agent(spec, call, store=store)
        assert output.raw_output["objects"] == []
    (output,) = await run_agent(PersonalToolSpec(actions), call, store=store)
    assert [obj["name"] for obj in output.raw_output["objects"]] == ["Biscuit"]


async def test_the_state_that_models_read_names_no_user(
    actions: PersonalActions, biscuit: str, run_agent: Run
) -> None:
    spec = PersonalToolSpec(actions)
    store = {"state": {"user_id": "ann"}, "user": "ann"}
    (output,) = await run_agent(spec, ("list_personal_objects", {}), store=store)
    assert isinstance(output.exception, UnknownUser)


FORGED: list[dict[str, Any]] = [
    {"user_id": "ann"},
    {"ctx": {"store": {"user_id": "ann"}}},
    {"ctx": None},
    {"object_id": "stolen", "recent": ["img_" + "0" * 32]},
    {"self": "ann", "spec": "ann", "args": ["ann"], "kwargs": {"user_id": "ann"}},
    {"arguments": {"user_id": "ann"}, "said": "ann", "model": None},
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


@pytest.mark.parametrize("forged", FORGED, ids="+".join)
@pytest.mark.parametrize("verb", VERBS)
async def test_forged_arguments_reach_nobody_elses_memory(
    spec: PersonalToolSpec,
    biscuit: str,
    verb: str,
    forged: dict[str, Any],
    run_agent: Run,
    names: Any,
) -> None:
    actions = spec.actions
    own = actions.images.put("bob", to_png(solid_scene({"red": (30, 30, 90, 90)})))
    call = (verb, {**HONEST[verb], **forged})
    (output,) = await run_agent(spec, call, say=image_label(own), store={"user_id": "bob"})
    assert "Eats shoes" not in output.model_dump_json()
    assert names(actions, "ann") == ["Biscuit"]
    if verb == "remember_object":
        assert names(actions, "bob") == ["Rex"]
        kept = actions.list_personal_objects("bob").record["objects"][0]
        assert kept["object_id"] != "stolen"


@pytest.mark.parametrize("forged", FORGED, ids="+".join)
async def test_forged_arguments_name_no_user_outside_of_an_agent(
    spec: PersonalToolSpec, biscuit: str, forged: dict[str, Any]
) -> None:
    for tool in spec.to_tool_list():
        for output in (call_tool(tool, forged), await acall_tool(tool, forged)):
            assert isinstance(output.exception, UnknownUser)


@pytest.mark.parametrize("image", ["/etc/passwd", "https://example.com/a.png", "ANN", "PATH"])
@pytest.mark.parametrize("verb", ["remember_object", "find_personal_objects", "describe_personal"])
async def test_paths_urls_and_foreign_handles_are_refused(
    filed: PersonalToolSpec, verb: str, image: str, run_agent: Run
) -> None:
    images = filed.actions.images
    assert isinstance(images, DirectoryImageStore)
    anns = images.put("ann", to_png(solid_scene({"red": (20, 20, 80, 80)})))
    image = {"ANN": anns, "PATH": str(images.path("ann", anns))}.get(image, image)
    argument = {"images": [image]} if verb == "remember_object" else {"image": image}
    spec = PersonalToolSpec(filed.actions)
    call = (verb, {**HONEST[verb], **argument})
    (output,) = await run_agent(spec, call, store={"user_id": "bob"})
    assert output.is_error
    assert "expected the handle" in output.content


async def test_users_of_one_workflow_at_the_same_time_stay_apart(
    spec: PersonalToolSpec, red: bytes, scripted: Any, names: Any
) -> None:
    users = [f"user-{index}" for index in range(4)]

    async def run(user: str) -> list[Any]:
        handle = spec.actions.images.put(user, red)
        llm = scripted(
            ("remember_object", {"name": f"Thing of {user}", "category": "dog"}),
            ("find_personal_objects", {}),
        )
        agent = FunctionAgent(name="a", tools=spec.to_tool_list(), llm=llm, streaming=False)
        workflow = AgentWorkflow([agent])
        ctx = Context(workflow)
        await ctx.store.set("user_id", user)
        handler = workflow.run(user_msg=image_label(handle), ctx=ctx)
        events = [event async for event in handler.stream_events()]
        return [event.tool_output for event in events if isinstance(event, ToolCallResult)]

    for user, (_, found) in zip(users, await asyncio.gather(*map(run, users)), strict=True):
        assert [match["name"] for match in found.raw_output["matches"]] == [f"Thing of {user}"]
        assert names(spec.actions, user) == [f"Thing of {user}"]
