from __future__ import annotations

import os
import stat
import threading

import pytest
from typer.testing import CliRunner

from pekit_agents.cli import app
from pekit_agents.errors import InvalidInput, MemoryStoreError
from pekit_agents.server.tokens import Tokens, hash_of

TOKEN = "x" * 16


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "tokens.json"


def test_a_token_is_its_users_and_only_its_hash_is_kept(path):
    made = Tokens(path).add("ann")
    assert len(made) > 40
    assert Tokens(path).user_of(made) == "ann"
    assert Tokens(path).user_of(made[:-1]) is None
    assert made not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_another_process_sees_what_is_added_and_removed(path):
    running, command = Tokens(path), Tokens(path)
    assert not running
    first, second = command.add("ann"), command.add("ann")
    assert (running.user_of(first), running.user_of(second)) == ("ann", "ann")
    assert running.users() == {"ann": 2}
    assert command.remove("ann") == 2
    assert running.user_of(first) is None
    assert command.remove("ann") == 0


@pytest.mark.parametrize(
    ("user", "token", "words"),
    [
        ("", None, "user: expected a text"),
        ("ann", "short", "expected at least 16 characters, found 5"),
        ("ann", "y" * 15, "expected at least 16 characters, found 15"),
        ("bob", TOKEN, "one that is in use"),
        ("bob", TOKEN + "!", "one that is in use"),
    ],
)
def test_what_is_no_token_changes_nothing(path, user, token, words):
    tokens = Tokens(path, {hash_of(TOKEN + "!"): "cleo"})
    tokens.add("ann", TOKEN)
    with pytest.raises(InvalidInput, match=words):
        tokens.add(user, token)
    assert tokens.users() == {"ann": 1, "cleo": 1}


def test_tokens_that_are_in_no_file_are_asked_for_and_come_first(path):
    others = Tokens(path, {hash_of(TOKEN): "ann"})
    assert others.asked_for
    Tokens(path).add("bob", TOKEN)  # by a command that knows nothing of them
    assert others.user_of(TOKEN) == "ann"


def test_many_writers_lose_no_token(path):
    def write(n):
        for _ in range(5):
            Tokens(path).add(f"user {n}")

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Tokens(path).users() == {f"user {n}": 5 for n in range(4)}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_server_that_asked_for_tokens_goes_on_asking(path):
    tokens = Tokens(path)
    assert not tokens.asked_for
    tokens.add("ann")
    tokens.remove("ann")
    assert not tokens
    assert tokens.asked_for
    assert Tokens(path).asked_for  # after a restart, too
    path.unlink()
    assert tokens.asked_for
    assert not Tokens(path).asked_for


@pytest.mark.parametrize("content", ["", "{", "[]", '["a"]', "null"])
def test_a_damaged_file_locks_nobody_out_who_is_served(path, content, caplog):
    command, running = Tokens(path), Tokens(path)
    token = command.add("ann")
    assert running.user_of(token) == "ann"
    path.write_text(content)
    assert running.user_of(token) == "ann"
    assert running.user_of("somebody else's") is None
    assert len(caplog.records) == 1
    with pytest.raises(MemoryStoreError, match="expected a file of tokens"):
        Tokens(path).user_of(token)
    with pytest.raises(MemoryStoreError, match="expected a file of tokens"):
        running.add("bob")
    assert path.read_text() == content
    path.unlink()
    assert running.user_of(token) is None


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_damaged(path):
    Tokens(path).add("ann")
    path.chmod(0)
    with pytest.raises(MemoryStoreError):
        Tokens(path).users()


def test_the_first_token_says_that_a_browser_on_this_machine_signs_in_too(tmp_path):
    told = []
    for user in ("ann", "bob"):
        result = CliRunner().invoke(app, ["token", "add", user, "--memory", str(tmp_path / "m")])
        assert result.exit_code == 0, result.output
        told.append("also with a browser on this machine" in result.stderr.replace("\n", " "))
    assert told == [True, False]
