import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole, TextBlock
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import Context

from pekit_agents.errors import InvalidInput
from pekit_agents.testing import fake_profile
from pekit_agents.tools.identity import UnknownUser
from pekit_agents.tools.image_store import handle_of
from pekit_agents.tools.llama_index.agent import SYSTEM_PROMPT, PersonalFunctionAgent
from pekit_agents.tools.specs import VERBS


def _words(message):
    return " ".join(block.text for block in message.blocks if isinstance(block, TextBlock))


def _roles(messages):
    return [message.role.value for message in messages]


@pytest.mark.parametrize("streaming", [True, False])
async def test_what_the_agent_remembers_by_itself_it_recognises(
    make_agent, scripted, calls, said, photo, pictures, as_runnable, context, streaming
):
    remember = calls(("remember_object", {"name": "Biscuit", "category": "dog", "context": "Old."}))
    llm = scripted(remember, "Hello Biscuit!", "That is Biscuit.")
    agent = as_runnable(make_agent(llm, streaming=streaming))
    ctx, memory = await context(agent), ChatMemoryBuffer.from_defaults(token_limit=100_000)
    await agent.run(said("This is Biscuit, my dog.", photo("red")), ctx=ctx, memory=memory)
    await agent.run(said("Who is this?", photo("red", "blue")), ctx=ctx, memory=memory)

    asked = llm.seen[-1][-1]
    assert 'called "Biscuit"' in _words(asked)
    assert '"Old."' in _words(asked)
    assert pictures([asked])[0] not in (photo("red"), photo("red", "blue"))
    assert _roles(llm.seen[-1]) == ["system", "user", "assistant", "tool", "assistant", "user"]


async def test_open_gives_the_whole_agent(tmp_path, scripted, said, photo):
    llm = scripted("Nothing of yours.")
    agent = PersonalFunctionAgent.open(
        tmp_path, user_id="ann", profile=fake_profile(), llm=llm, system_prompt="Be brief."
    )
    await agent.run(said("What is it?", photo("red")))
    assert [tool.metadata.name for tool in llm.options[0]["tools"]] == list(VERBS)
    assert llm.seen[0][0].content == f"Be brief.\n\n{SYSTEM_PROMPT}"
    assert agent.actions.open_kit("ann").objects() == []


async def test_a_picture_without_a_match_is_shown_untouched(
    make_agent, scripted, said, photo, pictures, remember
):
    remember("Biscuit", "red")
    llm = scripted("A blue thing.")
    await make_agent(llm, user_id="ann").run(said("What is it?", photo("blue")))
    asked = llm.seen[0][-1]
    assert pictures([asked]) == [photo("blue")]
    assert "called" not in _words(asked)


async def test_a_conversation_of_words_is_left_alone(make_agent, scripted, remember):
    remember("Biscuit", "red")
    llm = scripted("Hi.")
    message = ChatMessage(role="user", content="Hello!")
    await make_agent(llm, user_id="ann", guide=None).run(message)
    assert llm.seen == [[message]]
    assert message == ChatMessage(role="user", content="Hello!")


async def test_the_users_message_is_not_changed(make_agent, scripted, said, photo, remember):
    remember("Biscuit", "red")
    message = said("What is it?", photo("red"))
    before = message.model_copy(deep=True)
    await make_agent(scripted("Biscuit."), user_id="ann").run(message)
    assert message == before


async def test_pictures_of_tools_follow_the_whole_batch(
    make_agent, scripted, calls, said, photo, pictures, as_runnable, context, remember
):
    remember("Biscuit", "red")
    batch = calls(
        ("find_personal_objects", {}), ("list_personal_objects", {}), ("find_personal_objects", {})
    )
    llm = scripted(batch, "There.")
    agent = as_runnable(make_agent(llm))
    memory = ChatMemoryBuffer.from_defaults(token_limit=100_000)
    ctx = await context(agent)
    await agent.run(said("Where is it?", photo("red", "blue")), ctx=ctx, memory=memory)

    shown = llm.seen[1]
    assert _roles(shown) == ["system", "user", "assistant", "tool", "tool", "tool", "user"]
    assert pictures(shown[2:6]) == []
    assert _words(shown[-1]).startswith("Pictures that the tools returned:")
    (hoisted,) = pictures(shown[-1:])
    assert hoisted[:2] == b"\xff\xd8"
    # Boxes are drawn already: it is not searched a second time.
    assert "called" not in _words(shown[-1])
    # In the memory there is no message that the user did not write.
    assert _roles(await memory.aget_all()) == [
        "user",
        "assistant",
        "tool",
        "tool",
        "tool",
        "assistant",
    ]


async def test_pictures_that_a_model_made_follow_as_a_users(
    make_agent, scripted, said, photo, pictures, remember
):
    remember("Biscuit", "red")
    made = said("Here.", photo("red")).model_copy(update={"role": MessageRole.ASSISTANT})
    llm, memory = scripted(made, "ok"), ChatMemoryBuffer.from_defaults(token_limit=9999)
    agent = make_agent(llm, user_id="ann")
    result = await agent.run("Draw.", memory=memory)
    assert pictures([result.response]) == [photo("red")]  # for the application to show
    await agent.run("And?", memory=memory)
    shown = llm.seen[1]
    assert _roles(shown) == ["system", "user", "assistant", "user", "user"]
    assert [pictures([message]) for message in shown[2:]] == [[], [photo("red")], []]
    assert _words(shown[3]).startswith("Pictures that you made:")
    assert f"image {handle_of(photo('red'))}]" in _words(shown[2])
    assert "Biscuit" not in _words(shown[3])


async def test_later_turns_show_the_pictures_of_tools_where_they_were(
    make_agent, scripted, calls, said, photo, pictures, remember
):
    remember("Biscuit", "red")
    llm = scripted(calls(("find_personal_objects", {})), "There.", "As I said.")
    agent, memory = make_agent(llm, user_id="ann"), ChatMemoryBuffer.from_defaults(token_limit=9999)
    await agent.run(said("Where is it?", photo("red")), memory=memory)
    await agent.run("Where?", memory=memory)
    shown = llm.seen[-1]
    assert _roles(shown) == ["system", "user", "assistant", "tool", "user", "assistant", "user"]
    assert [len(pictures([message])) for message in shown] == [0, 1, 0, 0, 1, 0, 0]


async def test_the_pictures_of_any_tool_are_searched_and_shown(
    make_agent, scripted, calls, photo, pictures, remember, actions
):
    remember("Biscuit", "red")

    async def doorbell() -> list:
        """Show who is at the door."""
        return [TextBlock(text="At the door:"), ImageBlock(image=photo("red", "blue"))]

    llm = scripted(calls(("doorbell", {})), "Biscuit!")
    agent = make_agent(llm, user_id="ann", tools=[FunctionTool.from_defaults(async_fn=doorbell)])
    result = await agent.run("Who is there?")
    assert pictures(llm.seen[1][:-1]) == []
    assert 'called "Biscuit"' in _words(llm.seen[1][-1])
    output = result.tool_calls[0].tool_output
    assert not any(isinstance(block, ImageBlock) for block in output.blocks)
    assert "[image img_" in output.raw_output


async def test_the_first_tool_choice_is_not_repeated_for_pictures_of_tools(
    make_agent, scripted, calls, said, photo, remember
):
    remember("Biscuit", "red")
    for streaming in (True, False):
        llm = scripted(calls(("find_personal_objects", {})), "There.")
        agent = make_agent(
            llm, user_id="ann", initial_tool_choice="find_personal_objects", streaming=streaming
        )
        await agent.run(said("Where?", photo("red")))
        assert llm.seen[1][-1].role == MessageRole.USER
        assert ["tool_choice" in options for options in llm.options] == [True, False]
        assert agent.initial_tool_choice == "find_personal_objects"


async def test_a_tool_that_answers_itself_ends_the_run_without_more_messages(
    make_agent, scripted, calls, photo
):
    def snapshot() -> list:
        """Take a picture."""
        return [TextBlock(text="Taken."), ImageBlock(image=photo("red"))]

    tool = FunctionTool.from_defaults(snapshot, return_direct=True)
    memory = ChatMemoryBuffer.from_defaults(token_limit=9999)
    agent = make_agent(scripted(calls(("snapshot", {}))), user_id="ann", tools=[tool])
    result = await agent.run("Take a picture.", memory=memory)
    assert "Taken." in result.response.content
    assert _roles(await memory.aget_all()) == ["user", "assistant", "tool", "assistant"]


async def test_an_agent_with_a_state_shows_pictures_all_the_same(
    make_agent, scripted, said, photo, pictures, as_runnable, context
):
    llm = scripted("Red.", "Still red.")
    agent = make_agent(llm, initial_state={"mood": "good"})
    memory = ChatMemoryBuffer.from_defaults(token_limit=9999)
    admitted = agent.admit(said("What?", photo("red")), "ann")
    await agent.run(admitted, ctx=await context(agent), memory=memory)
    assert pictures(llm.seen[0]) == [photo("red")]
    await agent.run("And now?", ctx=await context(agent), memory=memory)
    assert pictures(llm.seen[1]) == [photo("red")]


async def test_the_newest_pictures_are_shown(make_agent, scripted, said, photo, pictures):
    llm = scripted("Two.")
    message = said("How many?", photo("red"), photo("blue"), photo("green"))
    memory = ChatMemoryBuffer.from_defaults(token_limit=9999)
    await memory.aput(said("Look.", photo("white")))
    await make_agent(llm, user_id="ann", max_images=3).run(message, memory=memory)
    assert pictures(llm.seen[0]) == [photo("red"), photo("blue"), photo("green")]


async def test_finding_can_be_left_to_the_tools(
    make_agent, scripted, said, photo, pictures, remember
):
    remember("Biscuit", "red")
    llm = scripted("Hm.")
    agent = make_agent(llm, user_id="ann", auto=False, personal_tools=[])
    await agent.run(said("What?", photo("red")))
    assert pictures(llm.seen[0]) == [photo("red")]
    assert llm.options[0]["tools"] == []


async def test_a_run_without_a_user_stops_before_the_model(make_agent, scripted, said, photo):
    llm = scripted("Hm.")
    agent = make_agent(llm)
    with pytest.raises(UnknownUser):
        await agent.run(said("What?", photo("red")), ctx=Context(agent))
    assert llm.seen == []


def test_admitting_needs_to_know_the_user(make_agent, scripted, said, photo):
    message = said("What?", photo("red"))
    with pytest.raises(InvalidInput, match="found none"):
        make_agent(scripted()).admit(message)
    with pytest.raises(InvalidInput, match="found another"):
        make_agent(scripted(), user_id="ann").admit(message, "bob")
    assert "[image img_" in _words(make_agent(scripted(), user_id="ann").admit(message))


def test_max_images_is_checked(make_agent, scripted):
    with pytest.raises(InvalidInput, match="max_images"):
        make_agent(scripted(), max_images=-1)


def test_both_frameworks_say_the_same_about_labels():
    from pekit_agents.tools.langchain import middleware

    assert middleware.SYSTEM_PROMPT == SYSTEM_PROMPT
