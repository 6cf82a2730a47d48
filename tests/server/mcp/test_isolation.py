"""What is another user's is to a client as if it had never been: every tool, resource and prompt.

Bob and Cleo do the same: he sends what is Ann's wherever a text is taken, and she what nobody has.
What is offered is read from the server.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from pekit_agents.server import ServerSettings, create_app
from pekit_agents.server.tokens import hash_of
from pekit_agents.testing.fakes import graded_profile
from tests.server.mcp.conftest import photo
from tests.tools.moving_pictures import film

USERS = ("ann", "bob", "cleo")
#: Ids, and times.
_ID = re.compile(r"[0-9a-f]{12,}|[\d-]{10}T[\d:.]+")
#: What a call needs besides what is tried; a tool without a row is a failure.
GIVEN: dict[str, dict[str, Any]] = {
    "remember_object": {"name": "New", "category": "dog"},
    "find_personal_objects": {},
    "find_in_video": {},
    "describe_personal": {"question": "Who is it?"},
    "list_personal_objects": {},
    "update_personal_object": {"name": "Mug", "new_context": "Chipped."},
    "correct_personal": {"name": "Mug", "verdict": "is"},
    "add_photos": {"name": "Mug"},
    "forget_personal_object": {"name": "Mug"},
    "add_photo": {},
    "ask_for_photo": {"reason": "Why?"},
}


@dataclass(frozen=True)
class Ids:
    """One of everything that has an id, and a name."""

    name: str
    thing: str
    view: str
    picture: str
    annotated: str
    doubt: str
    clip: str


NOBODYS = Ids(
    "quimbly",
    "3" * 32,
    "4" * 12,
    "img_" + "5" * 32,
    "img_" + "7" * 32,
    "6" * 12,
    "clip_" + "8" * 32,
)


class Talk:
    """What a user asks, in an older protocol: an answer for each request."""

    def __init__(self, client: TestClient, user: str) -> None:
        self._client, self._user = client, user

    def answer(self, method: str, params: dict[str, Any]) -> Any:
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2025-11-25",
            "Authorization": f"Bearer {token_of(self._user)}",
        }
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self._client.post("/mcp", json=body, headers=headers)

    def __call__(self, method: str, **params: Any) -> Any:
        (line,) = re.findall(r"^data: (\{.*)$", self.answer(method, params).text, re.MULTILINE)
        return json.loads(line)["result"]

    def tool(self, tool: str, **arguments: Any) -> Any:
        return self("tools/call", name=tool, arguments=arguments)["structuredContent"]


def token_of(user: str) -> str:
    return f"token-of-{user}-" + "x" * 16


def one_of_everything(client: TestClient, user: str, name: str, colour: str) -> Ids:
    talk, kit = Talk(client, user), client.app.state.service.kit(user)
    talk.tool("add_photo", photo=base64.b64encode(photo(colour)).decode())
    thing = talk.tool("remember_object", name=name, category="cup")["object"]["object_id"]
    kit.review.keep(kit.find(photo(f"pale {colour}")), label="a doubt")
    handle = talk.tool("add_photo", photo=base64.b64encode(photo(colour, "green")).decode())
    found = talk.tool("find_personal_objects")
    (view,), (item,) = kit.views(thing), kit.review.list()
    clip = client.app.state.service.clips.put(user, film(colour)) if user == "ann" else ""
    pictures = handle["image"], found["annotated_image"]
    return Ids(name, thing, view.view_id, *pictures, item.review_id, clip)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """A server with three users."""
    tokens = {hash_of(token_of(user)): user for user in USERS}
    app = create_app(ServerSettings(memory=str(tmp_path), tokens=tokens), profile=graded_profile())
    with TestClient(app, base_url="http://127.0.0.1:8321") as made:
        yield made


def requests_with(talk: Talk, sent: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return a request for each place that a text can be sent in."""
    for tool in talk("tools/list")["tools"]:
        for argument, schema in tool["inputSchema"]["properties"].items():
            written = json.dumps(schema)
            if '"string"' in written:
                value = [sent] if '"array"' in written else sent
                given = {**GIVEN[tool["name"]], argument: value}
                yield "tools/call", {"name": tool["name"], "arguments": given}
    for template in talk("resources/templates/list")["resourceTemplates"]:
        yield "resources/read", {"uri": re.sub(r"\{\w+\}", sent, template["uriTemplate"])}
    for prompt in talk("prompts/list")["prompts"]:
        for argument in prompt["arguments"]:
            given = {"question": "Who is it?", argument["name"]: sent}
            yield "prompts/get", {"name": prompt["name"], "arguments": given}
            ref = {"type": "ref/prompt", "name": prompt["name"]}
            asked = {"name": argument["name"], "value": sent[:-1]}
            yield "completion/complete", {"ref": ref, "argument": asked}


def told_by(answer: Any, sent: str) -> tuple[int, list[tuple[str, str]], str]:
    """Return all of an answer but its ids."""
    varying = {"content-length", "date", "x-request-id"}
    headers = sorted((k, v) for k, v in answer.headers.items() if k not in varying)
    return answer.status_code, headers, _ID.sub("id", answer.text.replace(sent, "id"))


def state_of(talk: Talk) -> Any:
    return [talk(f"{each}/list") for each in ("resources", "tools", "prompts")]


def as_before(client: TestClient, mugs: dict[str, str]) -> None:
    """Have Bob and Cleo remember what they did at first, however a call went."""
    for user, mug in mugs.items():
        kit = client.app.state.service.kit(user)
        for each in kit.objects():
            if each.object_id != mug:
                kit.forget(each.object_id)
            elif (each.name, each.category, each.context) != ("Mug", "cup", ""):
                kit.update(mug, name="Mug", category="cup", context="")


def test_what_is_anothers_is_answered_like_what_never_was(client):
    ann, bob, cleo = (Talk(client, user) for user in USERS)
    anns = one_of_everything(client, "ann", "biscuit", "red")
    mugs = {user: one_of_everything(client, user, "Mug", "blue").thing for user in ("bob", "cleo")}
    assert GIVEN.keys() == {tool["name"] for tool in bob("tools/list")["tools"]}
    kit = client.app.state.service.kit("ann")
    before = kit.version(), state_of(ann), len(kit.review.list())
    places = 0
    for known, nobodys in zip(astuple(anns), astuple(NOBODYS), strict=True):
        theirs, unknown = requests_with(bob, known), requests_with(cleo, nobodys)
        for (method, params), (_, no_params) in zip(theirs, unknown, strict=True):
            answer, no_answer = bob.answer(method, params), cleo.answer(method, no_params)
            assert told_by(answer, known) == told_by(no_answer, nobodys), params
            assert "biscuit" not in answer.text.replace(known, "")
            as_before(client, mugs)
            places += 1
    assert places > 100
    assert (kit.version(), state_of(ann), len(kit.review.list())) == before
    assert ann("resources/read", uri=f"pekit://objects/{anns.thing}/portrait")["contents"]
