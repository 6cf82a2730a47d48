"""What only may be the user's own is first looked at by the model, and then named."""

import pytest
from llama_index.core.base.llms.types import TextBlock
from llama_index.core.memory import ChatMemoryBuffer

from pekit_agents.testing import graded_profile
from pekit_agents.tools.llama_index.agent import PersonalFunctionAgent


def words(message):
    return " ".join(block.text for block in message.blocks if isinstance(block, TextBlock))


@pytest.fixture
def opened(tmp_path, scripted, red):
    """Open an agent whose answerer is an LLM that says what it is told to say."""

    def build(llm, *opinions):
        judge = scripted(*opinions)
        agent = PersonalFunctionAgent.open(
            tmp_path / "crops",
            user_id="ann",
            profile=graded_profile(),
            answerer=judge,
            second_opinion=True,
            keep_crops=True,
            llm=llm,
        )
        handle = agent.actions.images.put("ann", red)
        agent.actions.remember_object("ann", "Biscuit", "dog", "", [handle])
        return agent, judge

    return build


async def test_yes_names_it_in_the_conversation_and_in_the_tool(
    opened, scripted, calls, said, pale, pictures
):
    llm = scripted(calls(("find_personal_objects", {})), "That is Biscuit.")
    agent, judge = opened(llm, "Yes.")
    memory = ChatMemoryBuffer.from_defaults(token_limit=100_000)
    await agent.run(said("Who is this?", pale), memory=memory)
    assert 'is called "Biscuit"' in words(llm.seen[0][-1])
    assert "may be" not in words(llm.seen[0][-1])
    (told,) = (each for each in await memory.aget_all() if each.role.value == "tool")
    assert "named after a second look by the model" in words(told)
    # Once for the conversation and the tool, with one picture.
    assert [len(pictures(messages)) for messages in judge.seen] == [1]
    assert "yes, no or unsure" in words(judge.seen[0][0])


async def test_no_shows_the_model_the_plain_picture(opened, scripted, said, pale, pictures):
    llm = scripted("I do not know this dog.")
    agent, _ = opened(llm, "No.")
    await agent.run(said("Who is this?", pale))
    assert pictures([llm.seen[0][-1]]) == [pale]
    assert "Biscuit" not in words(llm.seen[0][-1])
