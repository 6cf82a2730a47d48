"""Who sees what: sessions, other users' ids, and requests of other sites."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from tests.server.console.asking import (
    ANN,
    BOB,
    LOCAL,
    PART,
    TOKENS,
    introduce,
    make_app,
    photo,
)

RED = (20, 20, 80, 80)
ONE, TWO = "1" * 32, "2" * 32


@pytest.fixture
def visitor(tmp_path):
    with TestClient(make_app(tmp_path, tokens=TOKENS), base_url=LOCAL) as client:
        yield client


def sign_in(client: TestClient, token: str, target: str = "/", **more):
    return client.post(
        "/sign-in", data={"token": token, "next": target}, follow_redirects=False, **more
    )


def test_on_ones_own_machine_nobody_signs_in(console):
    assert console.get("/sign-in", follow_redirects=False).headers["location"] == "/"
    assert "Sign out" not in console.get("/").text


def test_without_a_session_a_page_asks_for_a_token_first(visitor):
    answer = visitor.get("/review", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/review")
    assert 'name="next" value="/review"' in visitor.get("/review").text


def test_a_token_begins_a_session_that_signing_out_ends(visitor):
    answer = sign_in(visitor, f" {ANN} ", "/review")
    assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert part in cookie
    assert "Secure" not in cookie
    assert ANN not in cookie
    assert ">ann<" in visitor.get("/").text
    left = visitor.post("/sign-out", follow_redirects=False)
    assert left.headers["location"] == "/sign-in"
    assert visitor.get("/", follow_redirects=False).status_code == 303


def test_behind_https_the_cookie_is_secure(tmp_path):
    app = make_app(tmp_path, tokens=TOKENS, public_url="https://things.example")
    client = TestClient(app, base_url="https://things.example")
    assert "Secure" in sign_in(client, ANN).headers["set-cookie"]


def test_a_wrong_token_is_told_and_begins_nothing(visitor):
    answer = sign_in(visitor, "guessed-token-0123")
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    assert "nobody&#39;s token" in answer.text or "nobody's token" in answer.text
    assert sign_in(visitor, "x").status_code == 401


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/review", "/review"),
        ("/introduce?photo=img_1&box=1,2,3,4", "/introduce?photo=img_1&box=1,2,3,4"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/\t/evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_nowhere_else(visitor, asked, given):
    assert sign_in(visitor, ANN, asked).headers["location"] == given


def test_another_user_goes_on_with_another_token(visitor):
    sign_in(visitor, ANN)
    assert visitor.get("/sign-in", follow_redirects=False).status_code == 303
    assert 'name="token"' in visitor.get("/sign-in?another=1").text
    sign_in(visitor, BOB)
    assert ">bob<" in visitor.get("/").text


def test_a_page_of_elsewhere_that_leads_here_does_not_ask_for_the_token_again(visitor):
    sign_in(visitor, ANN)
    session = visitor.cookies["pekit_session"]
    visitor.cookies.clear()  # a strict cookie stays at home then
    led = visitor.get(
        "/sign-in?next=/upload",
        headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    )
    assert 'content="0; url=/sign-in?next=%2Fupload"' in led.text
    visitor.cookies.set("pekit_session", session)
    again = visitor.get("/sign-in?next=%2Fupload", follow_redirects=False)
    assert again.headers["location"] == "/upload"


def test_a_session_that_has_ended_is_told_to_a_page_and_does_not_lead_away_from_it(visitor):
    answer = visitor.get("/introduce/outline?photo=img_1", headers=PART)
    assert (answer.status_code, answer.json()["status"]) == (401, 401)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_changes_nothing(console, headers):
    introduce(console, "Biscuit", photo(red=RED), ONE)
    answer = console.post(f"/things/{ONE}/forget", headers=headers)
    assert answer.status_code == 403
    assert len(console.app.state.service.kit("default").objects()) == 1
