"""What only may be the user's own is asked about, and the answer is learnt."""

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from pekit_agents.tools.image_store import handle_of
from pekit_agents.tools.langchain.middleware import PersonalizationMiddleware
from pekit_agents.tools.langchain.toolkit import PersonalToolkit

THREAD = {"configurable": {"thread_id": "1"}}
MAY_BE = 'may be "Biscuit" (category: "dog") or another one that looks like it'


@pytest.fixture
def middleware(graded):
    return PersonalizationMiddleware(PersonalToolkit(actions=graded, user_id="ann"))


def newest(messages):
    """What the model is shown in and with the user's newest message."""
    return [message for message in messages if isinstance(message, HumanMessage)][-1]


@pytest.fixture
def talk(middleware, scripted, calls, said, pale):
    """Hold the conversation; returns what the model was shown and what the tool said."""

    def hold(reply, verdict):
        model = scripted(
            "Is this Biscuit?",
            calls(("correct_personal", {"name": "Biscuit", "verdict": verdict})),
            "I will remember that.",
            "There.",
        )
        agent = create_agent(model, middleware=[middleware], checkpointer=InMemorySaver())
        agent.invoke({"messages": [said("Who is this?", pale)]}, THREAD)
        state = agent.invoke({"messages": [HumanMessage(reply)]}, THREAD)
        told = [each for each in state["messages"] if isinstance(each, ToolMessage)]
        agent.invoke({"messages": [said("And who is this?", pale)]}, THREAD)
        return model.seen, told[-1].text

    return hold


def test_yes_it_is(talk, pale, pictures):
    seen, told = talk("Yes, that is him.", "is")
    asked = newest(seen[0])
    assert MAY_BE in asked.text
    assert "ask the owner whether it is" in asked.text
    assert '"Eats shoes."' in asked.text
    assert pictures([asked]) != [pale]  # a box and "Biscuit?" are drawn on it
    assert f'Learnt: picture {handle_of(pale)} shows "Biscuit".' in told
    after = newest(seen[-1])
    assert 'is called "Biscuit"' in after.text
    assert "may be" not in after.text
    assert pictures([after]) not in ([pale], pictures([asked]))


def test_no_it_is_not(talk, pale, pictures):
    seen, told = talk("No, that is another dog.", "is_not")
    assert MAY_BE in newest(seen[0]).text
    assert f'picture {handle_of(pale)} does not show "Biscuit"' in told
    after = newest(seen[-1])
    assert pictures([after]) == [pale]
    assert "Biscuit" not in after.text
