"""The offline stand-in says what it is, and does no more than it says."""

from datetime import UTC, datetime

import pytest

pytest.importorskip("langchain", reason="LangChain is not installed")

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from examples import chat_model
from examples.chat_model import OfflineStandIn
from pekit_agents.prompting.instruction import instruction
from pekit_agents.types import Box, Candidate, Match, PersonalObject


@pytest.fixture
def reply():
    model = OfflineStandIn().bind_tools([])
    return lambda *content: model.invoke(
        [HumanMessage([{"type": "text", "text": text} for text in content])]
    )


@pytest.mark.parametrize(
    ("said", "name", "arguments"),
    [
        (
            "This is Ruby, my motorcycle. Rebuilt in 2014.",
            "remember_object",
            {"name": "Ruby", "category": "motorcycle", "context": "Rebuilt in 2014."},
        ),
        (
            "this is my coffee cup, Morning Star!",
            "remember_object",
            {"name": "Morning Star", "category": "coffee cup", "context": ""},
        ),
        (
            "This is my cat Chelsea",
            "remember_object",
            {"name": "Chelsea", "category": "cat", "context": ""},
        ),
        ("Please forget Ruby.", "forget_personal_object", {"name": "Ruby"}),
        ("What do you know about my things?", "list_personal_objects", {}),
    ],
)
def test_it_calls_the_tool_that_a_sentence_asks_for(reply, said, name, arguments):
    (call,) = reply(said).tool_calls
    assert (call["name"], call["args"]) == (name, arguments)


def test_it_repeats_the_names_and_notes_of_an_instruction(reply):
    words = (
        'Read these notes first:\n- About "Ruby": "Old, \\"red\\"."\n\n'
        'The entity in the blue box is called "Ruby" (category: "motorcycle, called \\"it\\"").'
    )
    expected = '(Offline stand-in) This is Ruby. You told me: Old, "red".'
    assert reply("What is this?", words).text == expected


def match(name, *others, possible=False):
    when = datetime(2026, 1, 1, tzinfo=UTC)
    first, *rest = [
        Candidate(PersonalObject(each, each, "dog", "", 1, when), 1.0) for each in (name, *others)
    ]
    box = Box(0, 0, 9, 9)
    return Match(first.object, box, 1.0, None, tuple(rest), possible)


@pytest.mark.parametrize(
    ("matches", "said"),
    [
        ([match("Ruby"), match("Max")], "This is Ruby, Max."),
        ([match("Ruby", "Max")], "This may be Ruby or Max."),
        ([match("Ruby", possible=True)], "Is this Ruby?"),
        ([match("Ruby", "Max", possible=True)], "Is this Ruby or Max?"),
        ([match("Ruby"), match("Max", possible=True)], "This is Ruby. Is this Max?"),
    ],
)
def test_it_does_not_decide_what_a_picture_leaves_open(reply, matches, said):
    assert reply("?", instruction(matches, "?")).text == f"(Offline stand-in) {said}"


def test_it_says_that_nothing_was_recognised(reply):
    assert reply("What is this?").text.startswith("(Offline stand-in) Nothing ")


def test_it_passes_on_what_a_tool_says():
    call = {"name": "list_personal_objects", "args": {}, "id": "1"}
    messages = [AIMessage("", tool_calls=[call]), ToolMessage("Nothing yet.", tool_call_id="1")]
    assert OfflineStandIn().invoke(messages).text == "(Offline stand-in) Nothing yet."


def test_without_tools_it_calls_none():
    assert OfflineStandIn().invoke("Forget Ruby.").tool_calls == []


def test_the_environment_names_the_model(monkeypatch):
    monkeypatch.delenv("PEKIT_CHAT_MODEL", raising=False)
    assert isinstance(chat_model.configured_model(), chat_model.OfflineStandIn)
    monkeypatch.setenv("PEKIT_CHAT_MODEL", "openai:gpt-5.1")
    monkeypatch.setattr(chat_model, "init_chat_model", lambda name: f"model {name}")
    assert chat_model.configured_model() == "model openai:gpt-5.1"
