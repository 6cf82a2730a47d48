from __future__ import annotations

import json

import pytest
from starlette.requests import Request

from pekit_agents.errors import MemoryStoreError
from pekit_agents.server.admission import Admission
from pekit_agents.server.settings import ServerSettings

HOST = ("host", "localhost:8321")
ANN = ("authorization", "Bearer ann")


async def by_token(request):
    """Whose token is called like them."""
    _, _, name = request.headers.get("authorization", "").partition(" ")
    return name or None


async def read(scope, receive, send):
    """An application that answers with whose request it is and how long its body was."""
    request = Request(scope, receive)
    size = len(await request.body())
    told = json.dumps([scope["state"]["user_id"], size]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": told})


@pytest.fixture
def app():
    def make(inner=read, identify=by_token, **given):
        return Admission(inner, ServerSettings(**given), identify)

    return make


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (["localhost"], 200),
        (["127.0.0.1:8321"], 200),
        (["[::1]:1"], 200),
        (["things.example"], 421),
        ([""], 421),
        ([], 421),
        (["localhost", "localhost"], 421),
        (["localhost", "evil.example"], 421),
        (["localhost@evil.example"], 421),
        (["[::1"], 421),
    ],
)
async def test_a_request_for_another_host_is_refused(app, ask, hosts, status):
    answer = await ask(app(), path="/v1/x", headers=[ANN, *(("host", each) for each in hosts)])
    assert answer.status == status


async def test_further_hosts_may_be_named(app, ask):
    named = app(public_url="https://Things.example", hosts=("Other.example",))
    for host, status in [("things.example", 200), ("other.example:1", 200), ("an.example", 421)]:
        assert (await ask(named, headers=[ANN, ("host", host)])).status == status
    assert (await ask(app(hosts=("*",)), headers=[ANN, ("host", "an.example")])).status == 200
    assert (await ask(app(hosts=("*",)), headers=[ANN])).status == 421


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", {}, 200),
        ("POST", {"origin": "http://localhost:8321"}, 200),
        ("POST", {"origin": "http://localhost:8321", "sec-fetch-site": "same-origin"}, 200),
        ("POST", {"origin": "http://localhost:3000"}, 403),
        ("POST", {"origin": "http://evil.example"}, 403),
        ("POST", {"origin": "null"}, 403),
        ("POST", {"origin": "http://["}, 403),
        ("POST", {"sec-fetch-site": "same-site"}, 403),
        ("POST", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403),
        ("POST", {"host": "LOCALHOST:8321", "origin": "http://localhost:8321"}, 200),
        ("DELETE", {"sec-fetch-site": "cross-site"}, 403),
        ("OPTIONS", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403),
        ("OPTIONS", {"origin": "http://evil.example"}, 403),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 200),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403),
        ("GET", {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, 403),
        ("GET", {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"}, 200),
    ],
)
async def test_a_page_of_elsewhere_may_only_lead_here(app, ask, method, headers, status):
    async def here(request):
        return "ann"

    given = {HOST[0]: HOST[1], **headers}
    answer = await ask(app(identify=here), method, "/v1/x", given.items())
    assert answer.status == status


async def test_with_a_token_a_page_of_elsewhere_is_a_program(app, ask):
    headers = [HOST, ANN, ("origin", "http://elsewhere.example"), ("sec-fetch-site", "cross-site")]
    assert (await ask(app(), "POST", "/v1/x", headers)).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/static/style.css", 200),
        ("GET", "/sign-in", 200),
        ("GET", "/healthz/", 303),
        ("GET", "/static", 303),
        ("GET", "/staticx", 303),
        ("GET", "/v1/objects", 401),
        ("GET", "/mcp", 401),
        ("GET", "/metrics", 401),
        ("GET", "/", 303),
        ("HEAD", "/", 303),
        ("POST", "/", 401),
        ("OPTIONS", "/v1/objects", 401),
        ("GET", "//v1/objects", 303),
    ],
)
async def test_what_nobody_may_see_without_a_token(app, ask, method, path, status):
    answer = await ask(app(), method, path, [HOST])
    assert answer.status == status
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["connection"] == "close"
        assert json.loads(answer.body)["status"] == 401


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/things/1", "/sign-in?next=/things/1"),
        ("/a b&c", "/sign-in?next=/a%20b%26c"),
        ("//evil.example", "/sign-in"),
        ("/\\evil.example", "/sign-in"),
        ("/\r\nset-cookie: x", "/sign-in?next=/%0D%0Aset-cookie%3A%20x"),
    ],
)
async def test_signing_in_leads_back_to_this_server_only(app, ask, path, to):
    assert (await ask(app(), path=path, headers=[HOST])).headers["location"] == to


async def test_dots_in_a_path_lead_nowhere(settings, ask, running):
    async with running(settings) as server:
        for path in ("/static/../v1/objects", "/static/..%2fv1/objects", "/static//v1/objects"):
            assert (await ask(server, path=path, headers=[HOST])).status == 404


async def test_a_websocket_is_closed_before_anybody_sees_it(app):
    sent = []

    async def send(message):
        sent.append(message)

    await app(inner=None)({"type": "websocket"}, None, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_who_cannot_be_identified_is_told_why(app, ask):
    async def broken(request):
        raise MemoryStoreError("expected a file of tokens, found none")

    answer = await ask(app(identify=broken), headers=[HOST])
    assert (answer.status, json.loads(answer.body)["detail"]) == (
        503,
        "expected a file of tokens, found none",
    )


async def test_answers_stay_out_of_caches_and_of_other_sites(app, ask):
    headers = (await ask(app(), headers=[HOST, ANN])).headers
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
