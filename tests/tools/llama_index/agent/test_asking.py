"""What only may be the user's own is asked about, and the answer is learnt."""

import pytest
from llama_index.core.base.llms.types import TextBlock
from llama_index.core.memory import ChatMemoryBuffer

from pekit_agents.tools.image_store import handle_of
from pekit_agents.tools.llama_index.agent import PersonalFunctionAgent
from pekit_agents.tools.llama_index.tools import PersonalToolSpec

MAY_BE = 'may be "Biscuit" (category: "dog") or another one that looks like it'


def words(message):
    return " ".join(block.text for block in message.blocks if isinstance(block, TextBlock))


@pytest.fixture
def talk(graded, scripted, calls, said, pale):
    """Hold the conversation; returns what the model was shown and what the tool said."""

    async def hold(reply, verdict):
        llm = scripted(
            "Is this Biscuit?",
            calls(("correct_personal", {"name": "Biscuit", "verdict": verdict})),
            "I will remember that.",
            "There.",
        )
        agent = PersonalFunctionAgent(PersonalToolSpec(graded, user_id="ann"), llm=llm)
        memory = ChatMemoryBuffer.from_defaults(token_limit=100_000)
        await agent.run(said("Who is this?", pale), memory=memory)
        await agent.run(reply, memory=memory)
        told = [each for each in await memory.aget_all() if each.role.value == "tool"]
        await agent.run(said("And who is this?", pale), memory=memory)
        return llm.seen, words(told[-1])

    return hold


async def test_yes_it_is(talk, pale, pictures):
    seen, told = await talk("Yes, that is him.", "is")
    asked = seen[0][-1]
    assert MAY_BE in words(asked)
    assert "ask the owner whether it is" in words(asked)
    assert '"Eats shoes."' in words(asked)
    assert pictures([asked]) != [pale]  # a box and "Biscuit?" are drawn on it
    assert f'Learnt: picture {handle_of(pale)} shows "Biscuit".' in told
    after = seen[-1][-1]
    assert 'is called "Biscuit"' in words(after)
    assert "may be" not in words(after)
    assert pictures([after]) not in ([pale], pictures([asked]))


async def test_no_it_is_not(talk, pale, pictures):
    seen, told = await talk("No, that is another dog.", "is_not")
    assert MAY_BE in words(seen[0][-1])
    assert f'picture {handle_of(pale)} does not show "Biscuit"' in told
    after = seen[-1][-1]
    assert pictures([after]) == [pale]
    assert "Biscuit" not in words(after)
