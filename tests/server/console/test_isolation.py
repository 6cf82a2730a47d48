"""What is another user's is to a page as if it had never been, on every route there is.

The table is compared with the routes of the application: one without a row is a failure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import pytest
from fastapi import FastAPI

from tests.server.console.asking import introduce, photo, send

ONE, TWO = "1" * 32, "2" * 32
RED, ELSEWHERE = (20, 20, 80, 80), (60, 30, 120, 90)
_ID = re.compile("[0-9a-f]{12,}")


@dataclass(frozen=True)
class Ids:
    """One of everything that has an id."""

    thing: str
    view: str
    picture: str
    doubt: str


NOBODYS = Ids("3" * 32, "4" * 12, "img_" + "5" * 32, "6" * 12)
_Case = tuple[str, dict[str, str]]


def correction(**given: str) -> dict[str, str]:
    return {"region": "99", "verdict": "is", **given}


#: What each route is sent: a case for each id that it takes. ``i`` is somebody's, ``b`` Bob's.
CASES: dict[tuple[str, str], Callable[[Ids, Ids], list[_Case]]] = {
    ("GET", "/"): lambda i, b: [(f"/?search={i.thing}", {})],
    ("GET", "/things/{object_id}"): lambda i, b: [(f"/things/{i.thing}", {})],
    ("POST", "/things/{object_id}"): lambda i, b: [(f"/things/{i.thing}", {"name": "Mine"})],
    ("POST", "/things/{object_id}/views/{view_id}/remove"): lambda i, b: [
        (f"/things/{i.thing}/views/{i.view}/remove", {}),
        (f"/things/{b.thing}/views/{i.view}/remove", {}),
    ],
    ("POST", "/things/{object_id}/clear-corrections"): lambda i, b: [
        (f"/things/{i.thing}/clear-corrections", {})
    ],
    ("POST", "/things/{object_id}/merge"): lambda i, b: [
        (f"/things/{i.thing}/merge", {"into": b.thing}),
        (f"/things/{b.thing}/merge", {"into": i.thing}),
    ],
    ("POST", "/things/{object_id}/forget"): lambda i, b: [(f"/things/{i.thing}/forget", {})],
    ("GET", "/introduce"): lambda i, b: [(f"/introduce?photo={i.picture}", {})],
    ("POST", "/introduce"): lambda i, b: [
        ("/introduce", introduction(i, object_id="7" * 32)),
        ("/introduce", introduction(i, object_id=i.thing)),
    ],
    ("GET", "/introduce/outline"): lambda i, b: [(f"/introduce/outline?photo={i.picture}", {})],
    ("GET", "/things/{object_id}/photos"): lambda i, b: [(f"/things/{i.thing}/photos", {})],
    ("POST", "/things/{object_id}/photos"): lambda i, b: [
        (f"/things/{i.thing}/photos", {"photo": b.picture, "box": ""}),
        (f"/things/{b.thing}/photos", {"photo": i.picture, "box": ""}),
    ],
    ("GET", "/try"): lambda i, b: [(f"/try?photo={i.picture}", {})],
    ("GET", "/try/{handle}"): lambda i, b: [(f"/try/{i.picture}", {})],
    ("POST", "/try/{handle}/corrections"): lambda i, b: [
        (f"/try/{i.picture}/corrections", {"region": "1", "verdict": "no"}),
        (f"/try/{b.picture}/corrections", correction(object_id=i.thing)),
        (f"/try/{b.picture}/corrections", correction(verdict=f"is:{i.thing}")),
    ],
    ("POST", "/try/{handle}/review"): lambda i, b: [(f"/try/{i.picture}/review", {})],
    ("POST", "/review/{review_id}"): lambda i, b: [
        (f"/review/{i.doubt}", {"verdict": "yes"}),
        (f"/review/{i.doubt}", {"verdict": "no"}),
        (f"/review/{i.doubt}", {"verdict": "drop"}),
        (f"/review/{i.doubt}", {"verdict": "is", "object_id": b.thing}),
        (f"/review/{b.doubt}", {"verdict": "is", "object_id": i.thing}),
        (f"/review/{b.doubt}", {"verdict": f"is:{i.thing}"}),
    ],
    ("GET", "/strictness/{handle}"): lambda i, b: [(f"/strictness/{i.picture}", {})],
    ("GET", "/pictures/{handle}"): lambda i, b: [(f"/pictures/{i.picture}", {})],
    ("GET", "/things/{object_id}/portrait"): lambda i, b: [(f"/things/{i.thing}/portrait", {})],
    ("GET", "/things/{object_id}/views/{view_id}"): lambda i, b: [
        (f"/things/{i.thing}/views/{i.view}", {}),
        (f"/things/{b.thing}/views/{i.view}", {}),
    ],
    ("GET", "/review/{review_id}/picture"): lambda i, b: [(f"/review/{i.doubt}/picture", {})],
}
#: Pages that show an address of the picture that is asked for, and do not look for it.
SHOWN_ANYWAY = {("GET", "/"), ("GET", "/introduce"), ("GET", "/try")}
#: They are sent no id of anything.
WITHOUT = {
    ("POST", "/introduce/photos"),
    ("GET", "/upload"),
    ("POST", "/upload"),
    ("POST", "/try/photos"),
    ("GET", "/review"),
    ("GET", "/strictness"),
    ("POST", "/pictures/forget"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-out"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
}


def introduction(i: Ids, object_id: str) -> dict[str, str]:
    return {
        "object_id": object_id, "name": "X", "category": "mug", "photo": i.picture, "box": ""
    }  # fmt: skip


def pages_of(app: FastAPI) -> set[tuple[str, str]]:
    """Return all routes but those of REST: the methods and templates."""
    return {
        (method, context.path)
        for included in app.routes
        for context in getattr(included, "effective_route_contexts", tuple)()
        for method in context.methods
        if not context.path.startswith("/v1/")
    }


def one_of_everything(client: Any, name: str, colour: str, thing: str) -> Ids:
    introduce(client, name, photo(**{colour: RED}), thing)
    picture = send(client, photo(**{f"pale_{colour}": ELSEWHERE}))
    assert client.post(f"/try/{picture}/review").status_code == 200
    kit = client.app.state.service.kit(name)
    (item,), (view,) = kit.review.list(), kit.views(thing)
    return Ids(thing, view.view_id, picture, item.review_id)


def without_ids(text: str, ids: Ids) -> str:
    for each in fields(ids):
        text = text.replace(getattr(ids, each.name), each.name)
    return _ID.sub("id", text)  # that of a form that is sent once


def headers_of(answer: Any) -> list[tuple[str, str]]:
    varying = {"content-length", "date", "x-request-id"}
    return sorted((k, v) for k, v in answer.headers.items() if k not in varying)


def test_every_route_has_a_row(console):
    assert set(CASES) | WITHOUT == pages_of(console.app)


@pytest.mark.parametrize("script", [{}, {"HX-Request": "true"}], ids=["page", "script"])
def test_two_users_see_nothing_of_each_other(two_users, script):
    ann, bob = two_users
    anns = one_of_everything(ann, "ann", "red", ONE)
    bobs = one_of_everything(bob, "bob", "blue", TWO)
    kit = ann.app.state.service.kit("ann")
    before = kit.version(), ann.get("/").text, len(kit.review.list())
    for (method, template), cases in CASES.items():
        known, unknown = cases(anns, bobs), cases(NOBODYS, bobs)
        for (path, form), (no_path, no_form) in zip(known, unknown, strict=True):
            theirs = bob.request(method, path, data=form or None, headers=script)
            nobodys = bob.request(method, no_path, data=no_form or None, headers=script)
            told = theirs.status_code, headers_of(theirs), without_ids(theirs.text, anns)
            assert told == (
                nobodys.status_code, headers_of(nobodys), without_ids(nobodys.text, NOBODYS)
            ), (template, form)  # fmt: skip
            wanted = 200 if (method, template) in SHOWN_ANYWAY else 404
            assert theirs.status_code == wanted, (template, form)
    assert (kit.version(), ann.get("/").text, len(kit.review.list())) == before
    # What Bob has is still there: nothing above has touched it.
    assert [each.name for each in ann.app.state.service.kit("bob").objects()] == ["bob"]
    assert bob.get("/review").text.count("data-doubt") == 1
