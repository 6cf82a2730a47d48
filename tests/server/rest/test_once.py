"""A request that is sent again with its Idempotency-Key stores nothing a second time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pekit_agents.testing import graded_profile
from tests.server.rest.conftest import ANN, User, photo_of

KEY = {"Idempotency-Key": "5f6d1f0e"}


def sent(name: str = "Biscuit", colour: str = "red") -> dict[str, Any]:
    return {
        "data": {"name": name, "category": "dog"},
        "files": {"photos": ("a.png", photo_of(colour))},
    }


def test_a_repeated_introduction_makes_no_second_thing(ann, bob):
    first = ann("POST", "/v1/objects", headers=KEY, **sent())
    # A form has another boundary each time it is sent.
    again = ann("POST", "/v1/objects", headers=KEY, **sent())
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert "Idempotency-Repeated" not in first.headers
    assert again.headers["Idempotency-Repeated"] == "true"
    assert ann("GET", "/v1/objects").json()["total"] == 1
    # The key of another user is another key.
    other = bob("POST", "/v1/objects", headers=KEY, **sent())
    assert "Idempotency-Repeated" not in other.headers
    assert other.json()["object_id"] != first.json()["object_id"]


def test_the_answer_tells_what_is_remembered_now(ann):
    made = ann("POST", "/v1/objects", headers=KEY, **sent()).json()
    ann("PATCH", f"/v1/objects/{made['object_id']}", json={"name": "Rex"})
    assert ann("POST", "/v1/objects", headers=KEY, **sent()).json()["name"] == "Rex"
    ann("DELETE", f"/v1/objects/{made['object_id']}")
    assert ann("POST", "/v1/objects", headers=KEY, **sent()).status_code == 404


def test_no_name_is_noted(ann, tmp_path):
    ann("POST", "/v1/objects", headers=KEY, **sent())
    notes = [path for path in (tmp_path / "memory/.server/requests").rglob("*.*") if path.is_file()]
    assert len(notes) == 2
    for note in notes:
        assert b"Biscuit" not in note.read_bytes()
        assert b"dog" not in note.read_bytes()


@pytest.mark.parametrize("other", [sent("Rex"), sent(colour="blue")])
def test_a_key_of_another_request_is_refused(ann, other):
    ann("POST", "/v1/objects", headers=KEY, **sent())
    answer = ann("POST", "/v1/objects", headers=KEY, **other)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:pekit-agents:problem:key-reused"
    # Nor does it do for another place.
    handle = ann("POST", "/v1/pictures", headers=KEY, files={"photo": photo_of("red")})
    assert handle.status_code == 422


def test_what_failed_is_done_when_it_is_sent_again(ann):
    ann.introduce("Biscuit")
    assert ann("POST", "/v1/objects", headers=KEY, **sent()).status_code == 409
    ann("DELETE", "/v1/objects/Biscuit")
    assert ann("POST", "/v1/objects", headers=KEY, **sent()).status_code == 201


def test_what_was_stored_when_noting_it_failed_is_not_stored_again(ann, tmp_path):
    obj = ann("POST", "/v1/objects", headers=KEY, **sent()).json()
    path = f"/v1/objects/{obj['object_id']}/views"
    views = {"files": {"photos": ("b.png", photo_of("red", "blue"))}}
    assert ann("POST", path, headers=KEY | {"Idempotency-Key": "v"}, **views).status_code == 201
    for note in (tmp_path / "memory/.server/requests").rglob("*.json"):
        note.unlink()
    again = ann("POST", "/v1/objects", headers=KEY, **sent())
    assert (again.status_code, again.json()["n_views"]) == (201, 2)
    again = ann("POST", path, headers={"Idempotency-Key": "v"}, **views)
    assert (again.status_code, again.json()["object"]["n_views"]) == (201, 2)


def test_every_request_that_stores_is_done_once(ann):
    """Each of them would do something else when it is done again."""
    ann.introduce("Biscuit")
    ann.introduce("Mug", "blue")
    picture = ann.send("pale red")
    photos = {"files": {"photos": ("c.png", photo_of("red", "green"))}}
    handle = {"picture": picture}
    steps: list[tuple[str, dict[str, Any], int]] = [
        ("/v1/objects/Biscuit/views", photos, 201),
        ("/v1/library/photos", photos, 200),
        ("/v1/review", {"json": handle}, 201),
        ("/v1/corrections", {"json": {**handle, "object": "Biscuit", "verdict": "is"}}, 200),
        ("/v1/objects/Biscuit/merge", {"json": {"other": "Mug"}}, 200),
        ("/v1/pictures", {"files": {"photo": photo_of("cyan")}}, 201),
    ]
    for number, (path, body, status) in enumerate(steps):
        key = {"Idempotency-Key": f"step {number}"}
        first, again = (ann("POST", path, headers=key, **body) for _ in range(2))
        assert (first.status_code, again.status_code) == (status, status), first.text + again.text
        assert again.headers["Idempotency-Repeated"] == "true"
        if path != "/v1/objects/Biscuit/views":  # what waits in the queue is decided on meanwhile
            assert again.json() == first.json()
    assert ann("GET", "/v1/objects/Biscuit").json()["n_views"] == 4
    exported = {"files": {"file": ("m.pekit", ann("GET", "/v1/export").content)}}
    rename = {"data": {"on_conflict": "rename"}, "headers": KEY}
    assert ann("POST", "/v1/import", **rename, **exported).status_code == 200
    rename = {"data": {"on_conflict": "rename"}, "headers": KEY}
    assert ann("POST", "/v1/import", **rename, **exported).status_code == 200
    assert ann("GET", "/v1/objects").json()["total"] == 2


def test_decisions_are_taken_once(ann):
    ann.introduce("Biscuit")
    for verb, body in (("confirm", {"json": {}}), ("reject", {})):
        (item,) = ann("POST", "/v1/review", json={"picture": ann.send("pale red")}).json()["items"]
        path = f"/v1/review/{item['review_id']}/{verb}"
        key = {"Idempotency-Key": verb}
        first, again = (ann("POST", path, headers=key, **body) for _ in range(2))
        assert first.status_code == again.status_code == 200
        assert again.json() == first.json()
        ann("DELETE", "/v1/me")
        ann.introduce("Biscuit")


class _Gate:
    """An extractor that waits until it may go on."""

    def __init__(self) -> None:
        self.inner = graded_profile().extractor
        self.begun, self.go_on, self.calls = threading.Event(), threading.Event(), 0

    def extract(self, image: Any, category: str) -> Any:
        self.calls += 1
        self.begun.set()
        assert self.go_on.wait(20)
        return self.inner.extract(image, category)


def test_while_it_is_worked_on_another_one_is_told_so(serving, monkeypatch):
    gate = _Gate()
    client = serving(threads=2)
    kits = client.app.state.service.actions.open_kit
    object.__setattr__(kits._profile, "extractor", gate)
    ann = User(client, ANN)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ann, "POST", "/v1/objects", headers=KEY, **sent())
        assert gate.begun.wait(20)
        second = ann("POST", "/v1/objects", headers=KEY, **sent())
        gate.go_on.set()
        assert first.result().status_code == 201
    assert second.status_code == 409
    assert second.json()["type"] == "urn:pekit-agents:problem:request-running"
    assert second.headers["Retry-After"] == "2"
    assert ann("POST", "/v1/objects", headers=KEY, **sent()).status_code == 201
    assert gate.calls == 1


@pytest.mark.slow
def test_several_at_a_time_through_two_processes_servers_make_one_thing(serving):
    """Two applications over one memory, as workers are."""
    users = [User(serving(threads=4), ANN), User(serving(threads=4), ANN)]
    at_once = threading.Barrier(8)

    def introduce(number: int) -> Any:
        at_once.wait(20)
        return users[number % 2]("POST", "/v1/objects", headers=KEY, **sent())

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(introduce, range(8)))
    fresh = [
        each
        for each in answers
        if each.status_code == 201 and "Idempotency-Repeated" not in each.headers
    ]
    assert len(fresh) == 1
    # More uploads of one user at a time are not let in.
    assert {each.status_code for each in answers} <= {201, 409, 429}
    for user in users:
        (obj,) = user("GET", "/v1/objects").json()["objects"]
        assert (obj["object_id"], obj["n_views"]) == (fresh[0].json()["object_id"], 1)
