"""Whose run it is, what the model is told, and runs on an event loop."""

import asyncio

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.checkpoint.memory import InMemorySaver

from pekit_agents import InvalidInput, PeKit
from pekit_agents.tools.identity import UnknownUser
from pekit_agents.tools.langchain.middleware import SYSTEM_PROMPT

THREAD = {"configurable": {"thread_id": "1"}}


def test_the_system_prompt_is_added_to_that_of_the_agent(personal, scripted):
    for own, expected in (
        (None, SYSTEM_PROMPT),
        ("Be brief.", f"Be brief.\n\n{SYSTEM_PROMPT}"),
        (
            SystemMessage([{"type": "text", "text": "Be brief."}]),
            [{"type": "text", "text": "Be brief."}, {"type": "text", "text": SYSTEM_PROMPT}],
        ),
    ):
        model = scripted("ok")
        agent = create_agent(model, middleware=[personal()], system_prompt=own)
        agent.invoke({"messages": ["hi"]})
        assert model.seen[0][0].content == expected


def test_no_system_prompt_when_it_is_none(personal, scripted):
    model = scripted("ok")
    create_agent(model, middleware=[personal(system_prompt=None)]).invoke({"messages": ["hi"]})
    assert [message.type for message in model.seen[0]] == ["human"]


def test_a_run_without_a_user_is_stopped(personal, scripted, said, photo):
    middleware = personal(user_id=None)
    agent = create_agent(scripted("ok"), middleware=[middleware])
    with pytest.raises(UnknownUser):
        agent.invoke({"messages": [said("hi", photo("red"))]})
    with pytest.raises(UnknownUser):
        middleware.admit([said("hi", photo("red"))])


def test_pictures_are_admitted_for_the_bound_user_only(personal, said, photo):
    with pytest.raises(InvalidInput, match="bound to"):
        personal(user_id="ann").admit([said("hi", photo("red"))], "bob")
    with pytest.raises(InvalidInput, match="max_images"):
        personal(max_images=-1)


async def _run(agent, turns):
    for turn in turns:
        await agent.ainvoke({"messages": [turn]}, THREAD)


def test_async_runs_show_and_keep_the_same(personal, scripted, calls, photo, said, remember):
    remember("Biscuit", "red")
    turns = [said("Who?", photo("red", "blue")), HumanMessage("and where?")]
    outcomes = []
    for run in ("invoke", "ainvoke"):
        script = ["Biscuit", calls(("find_personal_objects", {})), "left"]
        model = scripted(*script)
        agent = create_agent(model, middleware=[personal()], checkpointer=InMemorySaver())
        if run == "invoke":
            for turn in turns:
                agent.invoke({"messages": [turn]}, THREAD)
        else:
            asyncio.run(_run(agent, turns))
        kept = agent.get_state(THREAD).values["messages"]
        outcomes.append(
            [[(message.type, message.content) for message in seen] for seen in (*model.seen, kept)]
        )
    assert outcomes[0] == outcomes[1]


async def test_the_event_loop_is_not_blocked(
    personal, scripted, photo, said, remember, monkeypatch, loop_turns
):
    turns = loop_turns()
    remember("Biscuit", "red")
    find = PeKit.find

    def slow(self, image, **options):
        turns.wait()
        return find(self, image, **options)

    monkeypatch.setattr(PeKit, "find", slow)
    agent = create_agent(scripted("Biscuit"), middleware=[personal()])
    await agent.ainvoke({"messages": [said("Who?", photo("red"))]})
    assert turns.seen == [True]
