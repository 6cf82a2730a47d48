"""What only may be the user's own is first looked at by the model, and then named."""

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage

from pekit_agents.testing import graded_profile
from pekit_agents.tools.langchain.middleware import PersonalizationMiddleware


@pytest.fixture
def middleware(tmp_path, scripted, red):
    """Open a middleware whose answerer is a chat model that says what it is told to say."""

    def build(*opinions):
        judge = scripted(*opinions)
        opened = PersonalizationMiddleware.open(
            tmp_path / "crops",
            user_id="ann",
            profile=graded_profile(),
            answerer=judge,
            second_opinion=True,
            keep_crops=True,
        )
        handle = opened.actions.images.put("ann", red)
        opened.actions.remember_object("ann", "Biscuit", "dog", "", [handle])
        return opened, judge

    return build


def test_yes_names_it_in_the_conversation_and_in_the_tool(
    middleware, scripted, calls, said, pale, pictures
):
    opened, judge = middleware("Yes.")
    model = scripted(calls(("find_personal_objects", {})), "That is Biscuit.")
    agent = create_agent(model, middleware=[opened])
    state = agent.invoke({"messages": [said("Who is this?", pale)]})
    shown = [each for each in model.seen[0] if isinstance(each, HumanMessage)][-1]
    assert 'is called "Biscuit"' in shown.text
    assert "may be" not in shown.text
    (told,) = (each for each in state["messages"] if isinstance(each, ToolMessage))
    assert "named after a second look by the model" in told.text
    # Once for the conversation and the tool, with one picture.
    assert [len(pictures(messages)) for messages in judge.seen] == [1]
    assert "yes, no or unsure" in judge.seen[0][0].text


def test_no_shows_the_model_the_plain_picture(middleware, scripted, said, pale, pictures):
    opened, _ = middleware("No.")
    model = scripted("I do not know this dog.")
    create_agent(model, middleware=[opened]).invoke({"messages": [said("Who is this?", pale)]})
    shown = [each for each in model.seen[0] if isinstance(each, HumanMessage)][-1]
    assert pictures([shown]) == [pale]
    assert "Biscuit" not in shown.text
