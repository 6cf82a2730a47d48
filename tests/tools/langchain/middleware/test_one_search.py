"""A picture is searched once in a turn: the model reads what its tools say."""

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from pekit_agents import PeKit
from pekit_agents.prompting.match_text import percent
from pekit_agents.tools.langchain.middleware import PersonalizationMiddleware
from pekit_agents.tools.langchain.toolkit import PersonalToolkit

THREAD = {"configurable": {"thread_id": "1"}}


@pytest.fixture
def searches(monkeypatch):
    done, find = [], PeKit.find
    monkeypatch.setattr(PeKit, "find", lambda *a, **k: done.append(1) or find(*a, **k))
    return done


@pytest.fixture
def middleware(graded):
    return PersonalizationMiddleware(PersonalToolkit(actions=graded, user_id="ann"))


def test_one_turn_is_one_search(middleware, scripted, calls, said, pale, searches):
    find, describe = ("find_personal_objects", {}), ("describe_personal", {"question": "Who?"})
    model = scripted(calls(find, describe), "It may be Biscuit.")
    state = create_agent(model, middleware=[middleware]).invoke({"messages": [said("?", pale)]})
    assert len(searches) == 1
    shown = [each for each in model.seen[0] if isinstance(each, HumanMessage)][-1]
    told = [each for each in state["messages"] if isinstance(each, ToolMessage)]
    (match,) = told[0].artifact["possible"]
    assert told[1].artifact["possible"] == [match]
    chance = percent(match["probability"])
    assert 'may be "Biscuit"' in shown.text
    assert all(chance in each.text for each in told)


def test_after_a_correction_the_next_search_is_new(
    middleware, scripted, calls, said, pale, searches
):
    correct = ("correct_personal", {"name": "Biscuit", "verdict": "is"})
    model = scripted(
        "Is it?", calls(correct), "I see.", calls(("find_personal_objects", {})), "Yes."
    )
    agent = create_agent(model, middleware=[middleware], checkpointer=InMemorySaver())
    agent.invoke({"messages": [said("Who is this?", pale)]}, THREAD)
    agent.invoke({"messages": ["Yes, that is him."]}, THREAD)
    assert len(searches) == 2  # before the correction, and once after it
    state = agent.invoke({"messages": ["Sure?"]}, THREAD)
    assert len(searches) == 2
    assert [match["name"] for match in state["messages"][-2].artifact["matches"]] == ["Biscuit"]
