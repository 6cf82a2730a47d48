"""A request with a key is done once, by all processes together."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pekit_agents.server import finished_requests
from pekit_agents.server.finished_requests import FinishedRequests
from pekit_agents.server.problems import Problem


def test_what_is_done_is_told_again_and_not_done_again(tmp_path: Path):
    requests, calls = FinishedRequests(tmp_path), []

    def work():
        calls.append(1)
        return {"object_id": "a1"}

    assert requests.once("ann", "k", "d", work) == ({"object_id": "a1"}, False)
    # Another process knows it, too.
    assert FinishedRequests(tmp_path).once("ann", "k", "d", work) == ({"object_id": "a1"}, True)
    assert calls == [1]
    # Neither another key nor another user has to do with it.
    assert requests.once("ann", "k2", "d", work)[1] is False
    assert requests.once("bob", "k", "d", work)[1] is False


def test_a_key_of_another_request_is_refused(tmp_path: Path):
    requests = FinishedRequests(tmp_path)
    requests.once("ann", "k", "d", dict)
    with pytest.raises(Problem) as told:
        requests.once("ann", "k", "other", dict)
    assert (told.value.status_code, told.value.kind) == (422, "key-reused")


def test_what_fails_may_be_tried_again(tmp_path: Path):
    requests = FinishedRequests(tmp_path)

    def fails():
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        requests.once("ann", "k", "d", fails)
    assert requests.once("ann", "k", "d", lambda: {"n": 1}) == ({"n": 1}, False)


def test_of_two_at_a_time_the_second_is_told_to_wait(tmp_path: Path):
    begun, go_on = threading.Event(), threading.Event()

    def slow():
        begun.set()
        go_on.wait(20)
        return {"n": 1}

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(FinishedRequests(tmp_path).once, "ann", "k", "d", slow)
        assert begun.wait(20)
        with pytest.raises(Problem) as told:
            FinishedRequests(tmp_path).once("ann", "k", "d", dict)
        go_on.set()
        assert first.result() == ({"n": 1}, False)
    assert (told.value.status_code, told.value.kind) == (409, "request-running")
    assert told.value.headers["Retry-After"] == "2"


def test_notes_end_after_a_day_and_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    requests = FinishedRequests(tmp_path)
    requests.once("ann", "old", "d", lambda: {"n": 1})
    for path in tmp_path.rglob("*.*"):
        os.utime(path, (time.time() - 90_000,) * 2)  # a day has 86,400 seconds
    assert requests.once("ann", "old", "d", lambda: {"n": 2}) == ({"n": 2}, False)
    monkeypatch.setattr(finished_requests, "_MOST", 3)
    for number in range(10):
        requests.once("ann", str(number), "d", dict)
    assert len(list(tmp_path.rglob("*.*"))) == 6  # a note and a lock for each
    assert requests.once("ann", "9", "d", dict)[1] is True


def test_clearing_leaves_nothing_of_a_user(tmp_path: Path):
    requests = FinishedRequests(tmp_path)
    requests.once("ann", "k", "d", dict)
    requests.once("bob", "k", "d", dict)
    requests.clear("ann")
    assert requests.once("bob", "k", "d", dict)[1] is True
    assert requests.once("ann", "k", "d", dict)[1] is False
