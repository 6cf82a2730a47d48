"""A picture is searched once in a turn: the model reads what its tools say."""

import pytest
from llama_index.core.base.llms.types import TextBlock
from llama_index.core.memory import ChatMemoryBuffer

from pekit_agents import PeKit
from pekit_agents.prompting.match_text import percent
from pekit_agents.tools.llama_index.agent import PersonalFunctionAgent
from pekit_agents.tools.llama_index.tools import PersonalToolSpec


def words(message):
    return " ".join(block.text for block in message.blocks if isinstance(block, TextBlock))


@pytest.fixture
def searches(monkeypatch):
    done, find = [], PeKit.find
    monkeypatch.setattr(PeKit, "find", lambda *a, **k: done.append(1) or find(*a, **k))
    return done


@pytest.fixture
def agent(graded, scripted):
    def build(*script):
        spec = PersonalToolSpec(graded, user_id="ann")
        return PersonalFunctionAgent(spec, llm=scripted(*script))

    return build


async def test_one_turn_is_one_search(agent, calls, said, pale, searches):
    find, describe = ("find_personal_objects", {}), ("describe_personal", {"question": "Who?"})
    asked = agent(calls(find, describe), "It may be Biscuit.")
    result = await asked.run(said("?", pale))
    assert len(searches) == 1
    first, second = (call.tool_output for call in result.tool_calls)
    (match,) = first.raw_output["possible"]
    assert second.raw_output["possible"] == [match]
    chance = percent(match["probability"])
    assert 'may be "Biscuit"' in words(asked.llm.seen[0][-1])
    assert all(chance in text for text in (first.content, second.content))


async def test_after_a_correction_the_next_search_is_new(agent, calls, said, pale, searches):
    correct = ("correct_personal", {"name": "Biscuit", "verdict": "is"})
    script = "Is it?", calls(correct), "I see.", calls(("find_personal_objects", {})), "Yes."
    asked, memory = agent(*script), ChatMemoryBuffer.from_defaults(token_limit=100_000)
    await asked.run(said("Who is this?", pale), memory=memory)
    await asked.run("Yes, that is him.", memory=memory)
    assert len(searches) == 2  # before the correction, and once after it
    result = await asked.run("Sure?", memory=memory)
    assert len(searches) == 2
    (call,) = result.tool_calls
    assert [each["name"] for each in call.tool_output.raw_output["matches"]] == ["Biscuit"]
