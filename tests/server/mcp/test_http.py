"""MCP over HTTP: whose a request is, what else is at the address, and any worker answers."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx2
import pytest
from mcp import MCPError

from pekit_agents.server.mcp.results import picture_url
from tests.server.mcp.conftest import MODES, TOKENS, photo, words

RED = base64.b64encode(photo("red")).decode()
HEADERS = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}


def post(url: str, method: str, token: str | None = None, /, **more: Any) -> httpx2.Response:
    """Send one message of an older client; ``headers`` and ``params``."""
    headers = {**HEADERS, **more.pop("headers", {})}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": more.pop("params", {})}
    return httpx2.post(url, json=body, headers=headers, timeout=30, **more)


def answer_in(response: httpx2.Response) -> Any:
    """Return the result in a stream of events."""
    (data,) = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
    return json.loads(data)["result"]


@pytest.mark.parametrize("mode", MODES)
async def test_each_user_has_a_memory_that_the_other_cannot_reach(http, mode):
    async with http.client("ann", mode) as ann, http.client("bob", mode) as bob:
        added = (await ann.call_tool("add_photo", {"photo": RED})).structured_content
        given = {"name": "Biscuit", "category": "dog", "images": [added["image"]]}
        stored = (await ann.call_tool("remember_object", given)).structured_content["object"]
        found = (await ann.call_tool("find_personal_objects", {})).structured_content
        assert [match["name"] for match in found["matches"]] == ["Biscuit"]

        listed = await bob.call_tool("list_personal_objects", {})
        assert listed.structured_content["total"] == 0
        for name in ("Biscuit", stored["object_id"]):
            refused = await bob.call_tool("forget_personal_object", {"name": name})
            assert refused.is_error
            made_up = await bob.call_tool("forget_personal_object", {"name": "x" * len(name)})
            # The words are those for a thing that never was.
            assert words(refused).replace(name, "x" * len(name)) == words(made_up)
        for handle in (added["image"], found["annotated_image"]):
            refused = await bob.call_tool("find_personal_objects", {"image": handle})
            made_up = await bob.call_tool("find_personal_objects", {"image": "img_" + "0" * 32})
            assert words(refused).replace(handle, "img_" + "0" * 32) == words(made_up)
        for uri in (
            f"pekit://objects/{stored['object_id']}",
            f"pekit://objects/{stored['object_id']}/portrait",
            f"pekit://pictures/{added['image']}",
        ):
            assert (await ann.read_resource(uri)).contents
            with pytest.raises(MCPError, match="none that is there"):
                await bob.read_resource(uri)
        assert len((await bob.list_resources()).resources) == 1
        assert "user_id" not in json.dumps(found)


async def test_a_result_has_the_link_at_which_its_user_opens_the_picture(http):
    async with http.client("ann") as client:
        await client.call_tool("add_photo", {"photo": RED})
        given = {"name": "Biscuit", "category": "dog"}
        await client.call_tool("remember_object", given)
        found = await client.call_tool("find_personal_objects", {})
    handle = found.structured_content["annotated_image"]
    url = picture_url(http.service, handle)
    assert url == f"{http.url}/v1/pictures/{handle}"
    assert found.structured_content["pictures"] == [{"image": handle, "url": url}]
    assert f"open picture {handle} at {url}" in words(found)


@pytest.mark.parametrize("token", [None, "x", "wrong-" + "w" * 20])
def test_without_a_known_token_nothing_is_answered(http, token):
    response = post(f"{http.url}/mcp", "tools/list", token)
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("session", ["of-ann", "0" * 32])
def test_there_is_no_session_to_borrow(http, session):
    """Whose a request is, its own token says: an id of a session changes nothing."""
    url = f"{http.url}/mcp"
    begin = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    begun = post(url, "initialize", TOKENS["ann"], params=begin)
    assert "mcp-session-id" not in begun.headers
    params = {"name": "add_photo", "arguments": {"photo": RED}}
    handed = post(url, "tools/call", TOKENS["ann"], params=params)
    handle = answer_in(handed)["structuredContent"]["image"]
    find = {"name": "find_personal_objects", "arguments": {"image": handle}}
    for user, refused in (("ann", False), ("bob", True)):
        headers = {"Mcp-Session-Id": session}
        found = post(url, "tools/call", TOKENS[user], params=find, headers=headers)
        assert answer_in(found).get("isError", False) is refused


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
def test_it_answers_without_a_redirect(http, path):
    response = post(f"{http.url}{path}", "tools/list", TOKENS["ann"])
    assert response.status_code == 200
    assert len(answer_in(response)["tools"]) == 11


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "OPTIONS"])
def test_there_is_no_stream_to_open_and_no_session_to_end(http, method):
    headers = {**HEADERS, "Authorization": f"Bearer {TOKENS['ann']}"}
    response = httpx2.request(method, f"{http.url}/mcp", headers=headers)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert response.json()["detail"].startswith("expected POST")


@pytest.mark.parametrize("path", ["/mcp/x", "/nothing", "/v1/nothing"])
def test_other_paths_are_problems_like_any(http, path):
    headers = {"Authorization": f"Bearer {TOKENS['ann']}"}
    response = httpx2.get(f"{http.url}{path}", headers=headers)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:8321"}, 421),
        ({"Host": "localhost"}, 200),
    ],
)
def test_the_hosts_are_those_of_the_whole_server(http, headers, status):
    response = post(f"{http.url}/mcp", "tools/list", TOKENS["ann"], headers=headers)
    assert response.status_code == status


def test_a_page_of_elsewhere_reaches_nothing_where_nobody_has_to_say_who_they_are(serving):
    server = serving(tokens={})
    mine = post(f"{server.url}/mcp", "tools/list")
    theirs = post(f"{server.url}/mcp", "tools/list", headers={"Origin": "https://evil.example"})
    assert (mine.status_code, theirs.status_code) == (200, 403)


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"[]", 400), (b"null", 400), (b"[" * 5000, 400), (b'{"id":1}', 400)],
)
@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28", "1999-01-01"])
def test_what_is_no_message_is_refused(http, body, status, version):
    headers = {
        **HEADERS,
        "MCP-Protocol-Version": version,
        "Authorization": f"Bearer {TOKENS['ann']}",
        "Content-Type": "application/json",
    }
    response = httpx2.post(f"{http.url}/mcp", content=body, headers=headers)
    assert response.status_code == status
    assert "Traceback" not in response.text


def test_a_message_that_is_too_large_is_refused(serving):
    server = serving(max_request=10_000)
    params = {"name": "add_photo", "arguments": {"photo": "A" * 20_000}}
    response = post(f"{server.url}/mcp", "tools/call", TOKENS["ann"], params=params)
    assert response.status_code == 413


def test_a_photo_that_is_larger_than_the_sdk_would_let_in_comes_in(http):
    """Here it is none, and the tool says so."""
    params = {"name": "add_photo", "arguments": {"photo": "A" * 5_000_000}}
    response = post(f"{http.url}/mcp", "tools/call", TOKENS["ann"], params=params)
    assert "expected" in answer_in(response)["content"][0]["text"]


@pytest.mark.parametrize("mode", MODES)
async def test_progress_is_told_over_http(serving, folder, mode):
    told = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        told.append((done, total, message))

    server = serving(user="ann", photos=(str(folder),))
    async with server.client("ann", mode) as client:
        given = {"name": "Biscuit", "category": "dog", "images": ["red.png", "both.png"]}
        await client.call_tool("remember_object", given, progress_callback=progress)
    assert told == [(1, 3, "Read photo 1 of 2"), (2, 3, "Read photo 2 of 2")]


def test_any_worker_answers_what_another_one_began(serving):
    """Two servers over one memory stand for two workers behind one port."""
    first, second = serving(), serving()
    params = {"name": "add_photo", "arguments": {"photo": RED}}
    handle = answer_in(post(f"{first.url}/mcp", "tools/call", TOKENS["ann"], params=params))
    remember = {
        "name": "remember_object",
        "arguments": {"name": "Biscuit", "category": "dog", "images": ["latest"]},
    }
    stored = answer_in(post(f"{second.url}/mcp", "tools/call", TOKENS["ann"], params=remember))
    find = {
        "name": "find_personal_objects",
        "arguments": {"image": handle["structuredContent"]["image"]},
    }
    found = answer_in(post(f"{first.url}/mcp", "tools/call", TOKENS["ann"], params=find))
    assert stored["structuredContent"]["object"]["name"] == "Biscuit"
    (match,) = found["structuredContent"]["matches"]
    assert match["name"] == "Biscuit"
