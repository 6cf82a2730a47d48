from __future__ import annotations

import stat
import time

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from starlette.requests import HTTPConnection

from pekit_agents.errors import InvalidInput, MemoryStoreError
from pekit_agents.server.identity import (
    SESSION_COOKIE,
    Identity,
    bearer_of,
    require_identity,
    secret_key,
)
from pekit_agents.server.settings import ServerSettings
from pekit_agents.server.tokens import Tokens, hash_of


def request(**headers: str) -> HTTPConnection:
    pairs = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return HTTPConnection({"type": "http", "headers": pairs})


@pytest.fixture
def identity(tmp_path):
    def make(**given):
        settings = ServerSettings(memory=str(tmp_path / "memory"), **given)
        return Identity(settings, Tokens(settings.token_file, settings.tokens))

    return make


def tokens_of(identity) -> Tokens:
    return Tokens(identity._settings.token_file)


@pytest.mark.parametrize(
    ("sent", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Basic abc", None),
        ("Bearer", ""),
        ("", None),
    ],
)
def test_the_bearer_token_of_a_request(sent, token):
    assert bearer_of(request(authorization=sent)) == token


async def test_on_ones_own_machine_nobody_has_to_say_who_they_are(identity):
    assert await identity(user="me")(request()) == "me"
    assert await identity(user="me")(request(authorization="Bearer nobody's")) is None


@pytest.mark.parametrize(
    "header", ["forwarded", "x_forwarded_for", "x_forwarded_host", "x_real_ip"]
)
async def test_what_a_proxy_passes_on_is_not_of_ones_own_machine(identity, header):
    assert await identity()(request(**{header: "10.0.0.1"})) is None


@pytest.mark.parametrize(
    "given",
    [
        {"host": "0.0.0.0"},
        {"public_url": "https://things.example"},
        {"hosts": ("things.example",)},
        {"hosts": ("*",)},
    ],
)
async def test_where_others_reach_it_somebody_has_a_token(identity, given):
    open_door = identity(**given)
    assert await open_door(request()) is None
    with pytest.raises(InvalidInput, match="expected a token"):
        require_identity(open_door._settings, tokens_of(open_door))
    tokens_of(open_door).add("ann")
    require_identity(open_door._settings, tokens_of(open_door))


async def test_who_removes_the_last_token_opens_nothing(identity):
    door = identity()
    assert await door(request()) == "default"
    tokens_of(door).add("ann")
    assert await door(request()) is None
    tokens_of(door).remove("ann")
    assert await door(request()) is None
    assert await identity()(request()) is None


async def test_a_session_ends_with_its_token(identity):
    door = identity()
    token = tokens_of(door).add("ann")
    session = door.begin_session(token)
    cookie = request(cookie=f"{SESSION_COOKIE}={session}")
    assert token not in session
    assert await door(cookie) == "ann"
    assert await identity()(cookie) == "ann"  # of another process
    tokens_of(door).remove("ann")
    assert await door(cookie) is None
    assert door.begin_session(token) is None


async def test_a_session_ends_after_thirty_days(identity, monkeypatch):
    door, day, now = identity(), 24 * 3600, int(time.time())
    session = door.begin_session(tokens_of(door).add("ann"))
    cookie = request(cookie=f"{SESSION_COOKIE}={session}")
    for days, user in ((29, "ann"), (31, None)):
        later = now + days * day
        monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _, at=later: at)
        assert await door(cookie) == user


async def test_what_signs_other_things_begins_no_session(identity):
    door = identity()
    token = tokens_of(door).add("ann")
    door.begin_session(token)
    key = secret_key(door._settings.folder)
    for content, salt in (([hash_of(token)], "console"), (hash_of(token), "another")):
        made = URLSafeTimedSerializer(secret_key=key, salt=salt).dumps(content)
        assert await door(request(cookie=f"{SESSION_COOKIE}={made}")) is None


def test_the_key_is_its_owners_alone_and_the_first_one_stays(tmp_path):
    key = secret_key(tmp_path / "state")
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "state" / "session-key").stat().st_mode) == 0o600
    assert secret_key(tmp_path / "state") == key


def test_on_ones_own_machine_no_token_is_wanted(identity):
    require_identity(identity()._settings, tokens_of(identity()))


async def test_a_session_that_was_changed_is_nobodys(identity):
    door = identity()
    session = door.begin_session(tokens_of(door).add("ann"))
    for forged in (session[:-1], session + "x", "", "a.b.c", session.split(".")[0]):
        assert await door(request(cookie=f"{SESSION_COOKIE}={forged}")) is None


async def test_a_token_beats_a_session(identity):
    door = identity()
    ann, bob = tokens_of(door).add("ann"), tokens_of(door).add("bob")
    cookie = f"{SESSION_COOKIE}={door.begin_session(ann)}"
    assert await door(request(cookie=cookie, authorization=f"Bearer {bob}")) == "bob"
    assert await door(request(cookie=cookie, authorization="Bearer nobody's")) is None


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 64])
def test_a_damaged_key_signs_nothing(tmp_path, content):
    key = secret_key(tmp_path)
    assert key == secret_key(tmp_path)
    assert len(key) == 64
    (tmp_path / "session-key").write_bytes(content)
    with pytest.raises(MemoryStoreError, match="expected the key of sessions"):
        secret_key(tmp_path)


def test_a_key_that_cannot_be_kept_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MemoryStoreError, match="expected a folder that can be written"):
        secret_key(tmp_path / "file")
