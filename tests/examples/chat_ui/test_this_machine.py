"""Nobody else may talk to the chat, and its page loads nothing from elsewhere."""

import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest

pytest.importorskip("chainlit", reason="Chainlit is not installed: the chat cannot run")
pytest.importorskip("langchain", reason="LangChain is not installed")

import chainlit.server
from chainlit.data import get_data_layer
from starlette.testclient import TestClient

from examples.chat_ui import app

EXAMPLE = Path(app.__file__).parent
SOCKET = "/ws/socket.io/?EIO=4&transport=polling"


@pytest.mark.slow
def test_the_chat_needs_nothing_of_the_server():
    """Chainlit and the server want different versions of one package."""
    told = "import sys, examples.chat_ui.app; print(sorted(set(sys.modules)))"
    modules = subprocess.run(
        [sys.executable, "-c", told], cwd=EXAMPLE.parents[1], capture_output=True, check=True
    ).stdout
    assert b"'pekit_agents.tools.langchain'" in modules
    assert b"'pekit_agents.server" not in modules


@pytest.fixture
def browser():
    # Not as a context: where it ends, Chainlit ends the process.
    return TestClient(chainlit.server.app, base_url="http://127.0.0.1:8000")


@pytest.mark.parametrize("address", ["/", "/thread/1", "/docs"])
def test_the_page_may_load_nothing_from_elsewhere(browser, address):
    page = browser.get(address)
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert not re.search(r"<link[^>]*https://", page.text)


def test_the_page_scrolls_to_a_picture_when_it_is_loaded(browser):
    page = browser.get("/").text
    assert page.count('document.addEventListener("load"') == 1
    assert page.index("img.inline-image") < page.index("</body>")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("http://127.0.0.1:8000", 200),
        ("http://localhost:8000", 200),
        ("http://localhost:8001", 400),
        ("https://evil.example", 400),
        ("http://127.0.0.1.evil.example:8000", 400),
    ],
)
def test_the_pages_of_others_are_not_answered(browser, origin, status):
    headers = {"Origin": origin} if origin else {}
    assert browser.get(SOCKET, headers=headers).status_code == status


def test_a_page_of_others_may_not_read_what_is_served(browser):
    answer = browser.get("/project/settings", headers={"Origin": "https://evil.example"})
    assert answer.json()["ui"]["name"] == "Your things"
    assert "access-control-allow-origin" not in answer.headers


def test_conversations_are_stored_in_no_database(monkeypatch):
    monkeypatch.setattr("chainlit.data._data_layer_initialized", False)
    monkeypatch.setenv("LITERAL_API_KEY", "none")
    assert get_data_layer() is None


def test_the_example_says_what_may_be_uploaded_and_shows_no_html():
    settings = tomllib.loads((EXAMPLE / ".chainlit" / "config.toml").read_text("utf-8"))
    features = settings["features"]
    upload = features["spontaneous_file_upload"]
    assert upload["enabled"]
    assert upload["max_size_mb"] == 10
    assert set(chain(*upload["accept"].values())) == {".jpg", ".jpeg", ".png", ".webp"}
    assert features["unsafe_allow_html"] is False
    assert features["user_message_markdown"] is False
