"""What of a picture a checkpointer stores, measured on the bytes it stores."""

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.tools import tool
from langgraph.types import Command, interrupt

from pekit_agents import PeKit
from pekit_agents.testing import fake_profile

THREAD = {"configurable": {"thread_id": "1"}}


def _script(calls):
    """A model that remembers, then finds, then talks: four calls in two turns."""
    wanted = {"name": "Biscuit", "category": "corgi"}
    find = calls(("find_personal_objects", {}), ("describe_personal", {"question": "who?"}))
    return calls(("remember_object", wanted)), "Hello Biscuit!", find, "Biscuit."


def _annotated(model, pictures):
    return [data for seen in model.seen for data in pictures(seen) if data[:2] == b"\xff\xd8"]


def test_without_the_middleware_every_checkpoint_holds_the_picture(stored, scripted, photo, said):
    saver, count = stored
    agent = create_agent(scripted("a", "b"), checkpointer=saver)
    agent.invoke({"messages": [said("Look", photo("red"))]}, THREAD)
    before = count(photo("red"))
    agent.invoke({"messages": ["again"]}, THREAD)
    assert 0 < before < count(photo("red"))


def test_an_admitted_picture_is_in_no_checkpoint(
    stored, personal, scripted, calls, photo, said, pictures, memory
):
    saver, count = stored
    middleware = personal()
    model = scripted(*_script(calls))
    agent = create_agent(model, middleware=[middleware], checkpointer=saver)
    for text, data in (("This is Biscuit", photo("red")), ("Who?", photo("blue", "red"))):
        agent.invoke({"messages": middleware.admit([said(text, data)])}, THREAD)
    assert len(PeKit.open(memory, fake_profile(), user_id="ann").objects()) == 1
    assert pictures(model.seen[0]) == [photo("red")]
    annotated = _annotated(model, pictures)
    assert len(annotated) >= 3
    for data in (photo("red"), photo("blue", "red"), *annotated):
        assert count(data) == 0


def test_a_run_stored_at_its_end_holds_no_picture(
    stored, personal, scripted, calls, photo, said, pictures
):
    saver, count = stored
    model = scripted(*_script(calls))
    agent = create_agent(model, middleware=[personal()], checkpointer=saver)
    for text, data in (("This is Biscuit", photo("red")), ("Who?", photo("blue", "red"))):
        agent.invoke({"messages": [said(text, data)]}, THREAD, durability="exit")
    for data in (photo("red"), photo("blue", "red"), *_annotated(model, pictures)):
        assert count(data) == 0


def test_an_interrupted_run_stored_at_its_end_holds_no_picture(
    stored, personal, scripted, calls, photo, said, memory
):
    saver, count = stored
    approval = HumanInTheLoopMiddleware(interrupt_on={"remember_object": True})
    agent = create_agent(
        scripted(*_script(calls)[:2]), middleware=[personal(), approval], checkpointer=saver
    )
    run = {"config": THREAD, "durability": "exit"}
    paused = agent.invoke({"messages": [said("This is Biscuit", photo("red"))]}, **run)
    assert "__interrupt__" in paused
    assert count(photo("red")) == 0
    agent.invoke(Command(resume={"decisions": [{"type": "approve"}]}), **run)
    assert count(photo("red")) == 0
    assert [obj.name for obj in PeKit.open(memory, fake_profile(), user_id="ann").objects()] == [
        "Biscuit"
    ]


def test_otherwise_only_the_input_is_stored_and_nothing_after_it(
    stored, personal, scripted, calls, photo, said, pictures
):
    saver, count = stored
    model = scripted(*_script(calls))
    agent = create_agent(model, middleware=[personal()], checkpointer=saver)
    agent.invoke({"messages": [said("This is Biscuit", photo("red"))]}, THREAD)
    assert count(photo("red")) == 3  # the input, its write, and the state before the middleware
    agent.invoke({"messages": ["Who was it?"]}, THREAD)
    assert count(photo("red")) == 3
    assert all(count(data) == 0 for data in _annotated(model, pictures))
    assert pictures(agent.get_state(THREAD).values["messages"]) == []


def test_async_admission_is_the_same(personal, said, photo):
    import asyncio

    middleware = personal()
    messages = [said("Look", photo("red")), {"role": "user", "content": "and?"}]
    admitted = middleware.admit(messages)
    assert asyncio.run(middleware.aadmit(messages)) == admitted
    assert middleware.admit(admitted) == admitted
    assert messages[0] == said("Look", photo("red"))


@pytest.mark.parametrize(
    ("admitted", "options", "held"),
    [(True, {}, 0), (False, {"durability": "exit"}, 0), (False, {}, 2)],
    ids=["admitted", "stored at its end", "as it is"],
)
def test_a_photo_that_a_run_is_resumed_with(
    stored, personal, scripted, calls, photo, said, pictures, admitted, options, held
):
    @tool
    def ask_for_photo():
        """Ask the user for a photo."""
        (message,) = interrupt("A photo, please.")
        return message.content

    saver, count = stored
    middleware = personal()
    model = scripted(calls(("ask_for_photo", {})), "Red.")
    agent = create_agent(model, [ask_for_photo], middleware=[middleware], checkpointer=saver)
    agent.invoke({"messages": ["Look at my photo."]}, THREAD, **options)
    photos = [said("Here.", photo("red"))]
    resumed = middleware.admit(photos) if admitted else photos
    agent.invoke(Command(resume=resumed), THREAD, **options)
    assert pictures(model.seen[-1]) == [photo("red")]
    assert count(photo("red")) == held  # LangGraph stores what it is given before any tool runs
