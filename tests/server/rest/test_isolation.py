"""Two users: what belongs to one is to the other as if it had never been.

The table is compared with the OpenAPI: an operation without a row is a failure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from pekit_agents.server import create_app
from pekit_agents.testing import graded_profile
from tests.server.rest.conftest import ANN, BOB, URL, User, photo_of, settings_for
from tests.tools.moving_pictures import film

SECRETS = ("Biscuit", "corgi", "Eats shoes", "holiday/park.png", "label of ann")


@dataclass(frozen=True)
class Ids:
    """One of everything that has an id."""

    object: str
    view: str
    picture: str
    review: str
    photo: str
    clip: str


#: Nobody's, of the same forms.
NOBODYS = Ids(
    "0" * 32, "1" * 12, "img_" + "2" * 32, "3" * 12, "nobody/none.png", "clip_" + "4" * 32
)
_Case = tuple[str, str, dict[str, Any]]
PHOTO = {"files": {"photos": ("x.png", photo_of("green"))}}

#: What each operation is sent: a case for each id that it takes. ``i`` is somebody's, ``b`` Bob's.
CASES: dict[str, Callable[[Ids, Ids], list[_Case]]] = {
    "get_me": lambda i, b: [("GET", "/v1/me", {})],
    "list_objects": lambda i, b: [("GET", "/v1/objects", {})],
    "introduce_object": lambda i, b: [("POST", "/v1/objects", {"json": introduction(i)})],
    "get_object": lambda i, b: [("GET", f"/v1/objects/{i.object}", {})],
    "change_object": lambda i, b: [
        ("PATCH", f"/v1/objects/{i.object}", {"json": {"name": "Mine"}})
    ],
    "forget_object": lambda i, b: [("DELETE", f"/v1/objects/{i.object}", {})],
    "merge_objects": lambda i, b: [
        ("POST", f"/v1/objects/{i.object}/merge", {"json": {"other": b.object}}),
        ("POST", f"/v1/objects/{b.object}/merge", {"json": {"other": i.object}}),
    ],
    "get_portrait": lambda i, b: [("GET", f"/v1/objects/{i.object}/picture", {})],
    "clear_corrections": lambda i, b: [("DELETE", f"/v1/objects/{i.object}/corrections", {})],
    "list_views": lambda i, b: [("GET", f"/v1/objects/{i.object}/views", {})],
    "add_views": lambda i, b: [
        ("POST", f"/v1/objects/{i.object}/views", PHOTO),
        ("POST", f"/v1/objects/{b.object}/views", {"json": {"photos": [{"picture": i.picture}]}}),
    ],
    "remove_view": lambda i, b: [
        ("DELETE", f"/v1/objects/{i.object}/views/{i.view}", {}),
        ("DELETE", f"/v1/objects/{b.object}/views/{i.view}", {}),
    ],
    "get_view_picture": lambda i, b: [
        ("GET", f"/v1/objects/{i.object}/views/{i.view}/picture", {}),
        ("GET", f"/v1/objects/{b.object}/views/{i.view}/picture", {}),
    ],
    "send_picture": lambda i, b: [
        ("POST", "/v1/pictures", {"files": {"photo": photo_of("green")}})
    ],
    "list_pictures": lambda i, b: [("GET", "/v1/pictures", {})],
    "get_picture": lambda i, b: [
        ("GET", f"/v1/pictures/{i.picture}", {}),
        ("GET", f"/v1/pictures/{i.picture}?annotated=true", {}),
        ("GET", f"/v1/pictures/{i.picture}?annotated=true&mode=fast", {}),
    ],
    "delete_picture": lambda i, b: [("DELETE", f"/v1/pictures/{i.picture}", {})],
    "find_objects": lambda i, b: [
        ("POST", "/v1/find", {"json": {"photo": {"picture": i.picture}}}),
        ("POST", "/v1/find", {"json": {"photo": {"picture": i.picture}, "mode": "scene"}}),
        ("POST", "/v1/find", {"files": {"photo": photo_of("red")}}),
    ],
    "find_in_many": lambda i, b: [
        ("POST", "/v1/find/many", {"json": {"photos": [{"picture": i.picture}]}})
    ],
    "find_as_stream": lambda i, b: [
        ("POST", "/v1/find/stream", {"json": {"photos": [{"picture": i.picture}]}})
    ],
    "find_in_folder": lambda i, b: [("POST", "/v1/find/folder", {"json": {"folder": "."}})],
    "find_in_video": lambda i, b: [
        ("POST", "/v1/find/video", {"files": {"clip": (None, i.clip)}}),
        ("POST", "/v1/find/video", {"files": {"clip": (None, i.picture)}}),
    ],
    "find_in_video_as_stream": lambda i, b: [
        ("POST", "/v1/find/video/stream", {"files": {"clip": (None, i.clip)}})
    ],
    "make_prompt": lambda i, b: [
        ("POST", "/v1/prompt", {"json": {"photo": {"picture": i.picture}}})
    ],
    "describe": lambda i, b: [
        ("POST", "/v1/describe", {"json": {"question": "Who?", "photo": {"picture": i.picture}}}),
        ("POST", "/v1/describe", {"json": {"question": "What is there?"}}),
    ],
    "correct": lambda i, b: (
        [
            ("POST", "/v1/corrections", {"json": correction(i.picture, b.object, verdict)})
            for verdict in ("is", "is_not")
        ]
        + [
            ("POST", "/v1/corrections", {"json": correction(b.picture, i.object, verdict)})
            for verdict in ("is", "is_not")
        ]
    ),
    "list_review": lambda i, b: [("GET", "/v1/review", {})],
    "keep_for_review": lambda i, b: [("POST", "/v1/review", {"json": {"picture": i.picture}})],
    "confirm_review": lambda i, b: [
        ("POST", f"/v1/review/{i.review}/confirm", {"json": {}}),
        ("POST", f"/v1/review/{i.review}/confirm", {"json": {"object": b.object}}),
        ("POST", f"/v1/review/{b.review}/confirm", {"json": {"object": i.object}}),
    ],
    "reject_review": lambda i, b: [("POST", f"/v1/review/{i.review}/reject", {})],
    "dismiss_review": lambda i, b: [("DELETE", f"/v1/review/{i.review}", {})],
    "get_review_picture": lambda i, b: [("GET", f"/v1/review/{i.review}/picture", {})],
    "list_library": lambda i, b: [("GET", "/v1/library/photos", {})],
    "index_photos": lambda i, b: [("POST", "/v1/library/photos", PHOTO)],
    "index_folder": lambda i, b: [("POST", "/v1/library/folder", {"json": {"folder": "."}})],
    "search_library": lambda i, b: [
        ("GET", f"/v1/library/search?name={i.object}", {}),
        ("GET", "/v1/library/search?text=dog", {}),
    ],
    "forget_photo": lambda i, b: [("DELETE", f"/v1/library/photos/{quote(i.photo, '')}", {})],
    "export_memory": lambda i, b: [("GET", "/v1/export", {})],
    "import_memory": lambda i, b: [("POST", "/v1/import", {"files": {"file": b"none"}})],
    "forget_me": lambda i, b: [("DELETE", "/v1/me", {})],
}


def introduction(i: Ids) -> dict[str, Any]:
    return {"name": "New", "category": "dog", "photos": [{"picture": i.picture}]}


def correction(picture: str, ref: str, verdict: str) -> dict[str, Any]:
    return {"picture": picture, "object": ref, "verdict": verdict}


@dataclass(frozen=True)
class Neighbours:
    """Two users with one of everything each, and one of everything of each."""

    ann: User
    bob: User
    anns: Ids
    bobs: Ids
    operations: frozenset[str]


def one_of_everything(user: User, name: str, colour: str, note: str, photo: str) -> Ids:
    made = user(
        "POST",
        "/v1/objects",
        data={"name": name, "category": "corgi" if name == "Biscuit" else "cup", "context": note},
        files={"photos": ("a.png", photo_of(colour))},
    ).json()
    # Shades of their things, each in another place: no two users have the same bytes.
    picture = user.send(f"pale {colour}", *(["black"] if name == "Biscuit" else ["white"]))
    label = "label of ann" if name == "Biscuit" else "label of bob"
    review = user("POST", "/v1/review", json={"picture": picture, "label": label}).json()
    user("POST", "/v1/library/photos", files={"photos": (photo, photo_of(colour))})
    views = user("GET", f"/v1/objects/{made['object_id']}/views").json()["views"]
    review_id = review["items"][0]["review_id"]
    clip = user("POST", "/v1/find/video", files={"clip": film(colour)}).json()["clip"]
    return Ids(made["object_id"], views[0]["view_id"], picture, review_id, photo, clip)


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    folder = tmp_path_factory.mktemp("isolation")
    app = create_app(settings_for(folder), profile=graded_profile())
    paths = app.openapi()["paths"].values()
    operations = frozenset(each["operationId"] for path in paths for each in path.values())
    with TestClient(app, base_url=URL) as client:
        ann, bob = User(client, ANN), User(client, BOB)
        anns = one_of_everything(ann, "Biscuit", "red", "Eats shoes.", "holiday/park.png")
        bobs = one_of_everything(bob, "Mug", "blue", "Chipped.", "trip/sea.png")
        yield Neighbours(ann, bob, anns, bobs, operations)


def test_every_operation_has_a_row(neighbours):
    assert set(CASES) == neighbours.operations


def state_of(user: User) -> list[Any]:
    """Everything that a user can see of their own."""
    refs = [each["object_id"] for each in user("GET", "/v1/objects").json()["objects"]]
    lists = ("objects", "pictures", "review", "library/photos", "me")
    return [user("GET", f"/v1/{each}").json() for each in lists] + [
        user("GET", f"/v1/objects/{ref}/views").json() for ref in refs
    ]


@pytest.mark.parametrize("operation", CASES)
def test_what_is_anothers_is_answered_like_what_never_was(neighbours, operation):
    """The table ends with forgetting everything of Bob."""
    ann, bob = neighbours.ann, neighbours.bob
    before = state_of(ann)
    theirs = CASES[operation](neighbours.anns, neighbours.bobs)
    nobodys = CASES[operation](NOBODYS, neighbours.bobs)
    for (method, path, given), (_, no_path, no_given) in zip(theirs, nobodys, strict=True):
        answer = bob(method, path, **given)
        assert answer.status_code < 500
        for secret in SECRETS:
            shown = answer.text.replace(neighbours.anns.photo, "")  # what was asked for
            assert secret not in shown
        if path == no_path and given == no_given:
            continue
        no_answer = bob(method, no_path, **no_given)
        assert answer.status_code == no_answer.status_code
        if operation not in ("find_in_many", "find_as_stream"):  # their lines say so
            assert answer.status_code == 404
        assert without_ids(answer.text, neighbours.anns) == without_ids(no_answer.text, NOBODYS)
        assert headers_of(answer) == headers_of(no_answer)
    assert state_of(ann) == before


def without_ids(text: str, ids: Ids) -> str:
    for what in ("photo", "picture", "object", "clip"):
        text = text.replace(getattr(ids, what), what)
    return text.replace(ids.view, "view").replace(ids.review, "review")


def headers_of(answer: Any) -> set[tuple[str, str]]:
    varying = {"content-length", "date", "x-request-id"}
    return {(k, v) for k, v in answer.headers.items() if k not in varying}


def test_a_cursor_of_another_shows_nothing_of_theirs(neighbours):
    neighbours.ann.introduce("Second", "green")
    cursor = neighbours.ann("GET", "/v1/objects?limit=1").json()["next"]
    answer = neighbours.bob("GET", f"/v1/objects?cursor={cursor}")
    assert answer.status_code == 200
    assert neighbours.anns.object not in json.dumps(answer.json())


@pytest.mark.parametrize("token", ["", "x", "ann", ANN[:-1], f"{ANN} {ANN}"])
def test_without_a_known_token_nothing_is_answered(neighbours, token):
    nobody = replace(neighbours.ann, token=token)
    for operation, cases in CASES.items():
        for method, path, given in cases(neighbours.anns, neighbours.bobs):
            answer = nobody(method, path, **given)
            assert answer.status_code == 401, operation
            assert answer.headers["WWW-Authenticate"] == "Bearer"
