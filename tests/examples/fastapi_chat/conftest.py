"""The real server over the fake world of plain colours, and two users who do not trust it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="fastapi is not installed: the chat service cannot run")
pytest.importorskip("mcp", reason="the MCP SDK is not installed: the server cannot run")
pytest.importorskip("langgraph.checkpoint.sqlite.aio", reason="no checkpointer for SQLite")

from fastapi.testclient import TestClient
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from examples.chat_model import OfflineStandIn
from examples.fastapi_chat.app import create_app
from pekit_agents.server import ServerSettings
from pekit_agents.testing import fake_profile
from pekit_agents.tools.image_store import UnknownImage


class ScriptedModel(BaseChatModel):
    """Answers by a function of what it is shown, and records that."""

    reply: Callable[[list[Any]], AIMessage]
    seen: list[list[Any]] = []  # noqa: RUF012  (a pydantic field, copied for each model)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools, **kwargs):
        return self

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        self.seen.append(list(messages))
        return ChatResult(generations=[ChatGeneration(message=self.reply(messages))])


@dataclass
class Caller:
    """One user's side of the service."""

    client: TestClient
    user: str
    token: str

    @property
    def service(self):
        return self.client.app.state.service

    def ask(self, method, url, **options):
        return self.client.request(
            method, url, headers={"Authorization": f"Bearer {self.token}"}, **options
        )

    def begin(self) -> str:
        return self.ask("POST", "/v1/threads").json()["thread_id"]

    def say(self, thread, text, *photos):
        files = [("photos", ("photo.png", photo, "image/png")) for photo in photos]
        url = f"/v1/threads/{thread}/messages"
        return self.ask("POST", url, data={"text": text}, files=files or None)

    def told(self, thread, text, *photos) -> tuple[str, list[str]]:
        """Return the reply and the handles of the photos."""
        events = self.events(self.say(thread, text, *photos))
        assert events[-1][0] == "done", events
        words = "".join(data for kind, data in events if kind == "token")
        return words, events[-1][1]["pictures"]

    def things(self) -> list[str]:
        """Return the names of what is remembered for the user."""
        return [obj.name for obj in self.service.kit(self.user).objects()]

    def picture(self, handle) -> bytes | None:
        """Return a picture, or None when the user has no such picture."""
        try:
            return self.service.images.get(self.user, handle)
        except UnknownImage:
            return None

    def be_forgotten(self) -> None:
        assert self.ask("DELETE", "/v1/me").status_code == 204

    @staticmethod
    def events(response) -> list[tuple[str, Any]]:
        assert response.status_code == 200, response.text
        found = re.findall(r"event: (\w+)\ndata: (.*)\n", response.text)
        return [(kind, json.loads(data)) for kind, data in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def settings(folder) -> ServerSettings:
    return ServerSettings(memory=str(folder))


@pytest.fixture
def scripted():
    return ScriptedModel


@pytest.fixture
def serve(settings) -> Iterator[Callable[..., tuple[Caller, Caller]]]:
    """Start the server; returns what Ann and Bob hold in their hands."""
    running = []

    def start(model: BaseChatModel | None = None) -> tuple[Caller, Caller]:
        app = create_app(settings, model=model or OfflineStandIn(), profile=fake_profile())
        tokens = app.state.service.tokens
        # The name is one that the server answers to.
        client = TestClient(app, base_url="http://127.0.0.1")
        client.__enter__()
        running.append(client)
        ann, bob = (Caller(client, user, tokens.add(user)) for user in ("ann", "bob"))
        return ann, bob

    yield start
    for client in running:
        client.__exit__(None, None, None)
