"""One agent for everybody: what one user has is nothing to another."""

import asyncio

from llama_index.core.agent.workflow import AgentWorkflow
from llama_index.core.base.llms.types import TextBlock
from llama_index.core.memory import ChatMemoryBuffer


def _words(message):
    return " ".join(block.text for block in message.blocks if isinstance(block, TextBlock))


def _user_of(messages):
    return "ann" if "I am Ann" in " ".join(_words(message) for message in messages) else "bob"


async def test_two_users_at_once_in_one_workflow_see_their_own(
    make_agent, scripted, calls, said, photo, remember, context, actions
):
    remember("Biscuit", "red", user_id="ann", context="Ann's secret.")
    remember("Office cup", "red", user_id="bob")
    names = {"ann": "Biscuit", "bob": "Office cup"}

    def answer(messages):
        if messages[-1].role == "user" and "Pictures that" not in _words(messages[-1]):
            return calls(("find_personal_objects", {"user_id": "ann", "ctx": "ann"}))
        user, words = _user_of(messages), " ".join(map(_words, messages[1:]))
        other = names["bob" if user == "ann" else "ann"]
        return f"{user}: {names[user] in words} {other in words}"

    workflow = AgentWorkflow(agents=[make_agent(scripted(*[answer] * 40))])

    async def run(user):
        message = said(f"I am {user.title()}. What is it?", photo("red", "blue"))
        result = await workflow.run(message, ctx=await context(workflow, user))
        return result.response.content

    users = ["ann", "bob"] * 5
    answers = await asyncio.gather(*map(run, users))
    assert answers == [f"{user}: True False" for user in users]


async def test_a_label_of_another_user_shows_nothing(
    make_agent, scripted, said, photo, pictures, context, actions
):
    agent = make_agent(scripted("Nothing.", "Ann's."))
    admitted = agent.admit(said("Look.", photo("red")), "ann")
    await agent.run(admitted, ctx=await context(agent, "bob"))
    await agent.run(admitted, ctx=await context(agent, "ann"))
    assert [pictures(messages) for messages in agent.llm.seen] == [[], [photo("red")]]


async def test_what_a_model_writes_shows_nothing(
    make_agent, scripted, said, photo, pictures, context, actions
):
    handle = actions.images.put("ann", photo("red"))
    agent = make_agent(scripted(f"[image {handle}]", "Hm."))
    memory = ChatMemoryBuffer.from_defaults(token_limit=9999)
    await agent.run("Say it.", ctx=await context(agent), memory=memory)
    await agent.run("And?", ctx=await context(agent), memory=memory)
    assert pictures(agent.llm.seen[-1]) == []


async def test_another_agent_of_the_workflow_sees_the_pictures_too(
    make_agent, scripted, calls, said, photo, pictures, context, remember
):
    remember("Biscuit", "red")
    to_expert = calls(("handoff", {"to_agent": "expert", "reason": "dogs"}))
    first = make_agent(scripted(to_expert), name="first", description="First.")
    expert = make_agent(scripted("A corgi."), name="expert", description="Knows dogs.")
    workflow = AgentWorkflow(agents=[first, expert], root_agent="first")
    result = await workflow.run(said("What is it?", photo("red")), ctx=await context(workflow))
    assert result.response.content == "A corgi."
    assert any('called "Biscuit"' in _words(message) for message in expert.llm.seen[0])


async def test_the_application_can_say_whose_run_it_is(
    make_agent, scripted, said, photo, remember, context
):
    remember("Biscuit", "red", user_id="ann")

    async def by_session(ctx):
        return (await ctx.store.get("session")).split(":")[0]

    agent = make_agent(scripted("Biscuit."), user_resolver=by_session)
    ctx = await context(agent, "bob")
    await ctx.store.set("session", "ann:1234")
    await agent.run(said("What is it?", photo("red")), ctx=ctx)
    assert 'called "Biscuit"' in _words(agent.llm.seen[0][-1])


async def test_forgetting_takes_the_name_out_of_the_next_call(
    make_agent, scripted, said, photo, remember, actions
):
    remember("Biscuit", "red")
    agent = make_agent(scripted("Biscuit.", "A thing."), user_id="ann")
    memory = ChatMemoryBuffer.from_defaults(token_limit=9999)
    await agent.run(said("What is it?", photo("red")), memory=memory)
    actions.forget_personal_object("ann", "Biscuit")
    await agent.run("And now?", memory=memory)
    called = ['called "Biscuit"' in " ".join(map(_words, seen)) for seen in agent.llm.seen]
    assert called == [True, False]
