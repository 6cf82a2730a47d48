"""Things over REST: introduced, listed in pages, changed, merged and forgotten."""

from __future__ import annotations

import base64

import pytest

from pekit_agents.testing import solid_scene, to_png
from tests.server.rest.conftest import photo_of

BASE64 = base64.b64encode(photo_of("red")).decode()


def test_a_thing_is_introduced_by_a_form_and_looked_up_by_id_and_name(ann):
    made = ann(
        "POST",
        "/v1/objects",
        data={"name": "Biscuit", "category": "dog", "context": "Eats shoes."},
        files=[("photos", ("a.png", photo_of("red"))), ("photos", ("b.png", photo_of("red")))],
    )
    assert made.status_code == 201
    obj = made.json()
    assert (obj["name"], obj["category"], obj["context"]) == ("Biscuit", "dog", "Eats shoes.")
    assert obj["n_views"] == 2
    assert {each["kind"] for each in obj["advice"]} == {"small", "duplicate", "more"}
    assert made.headers["Location"] == f"/v1/objects/{obj['object_id']}"
    for ref in (obj["object_id"], "biscuit"):
        got = ann("GET", f"/v1/objects/{ref}")
        assert got.json() == {key: obj[key] for key in obj if key != "advice"}
        assert got.headers["ETag"] == made.headers["ETag"] == f'"{obj["revision"]}"'


@pytest.mark.parametrize("data", [BASE64, f"data:image/png;base64,{BASE64}"])
def test_a_thing_is_introduced_by_base64(ann, data):
    body = {"name": "Biscuit", "category": "dog", "photos": [{"data": data, "name": "a.png"}]}
    assert ann("POST", "/v1/objects", json=body).status_code == 201
    found = ann("POST", "/v1/find", files={"photo": photo_of("red")}).json()
    assert [match["name"] for match in found["matches"]] == ["Biscuit"]


def test_a_thing_is_introduced_by_a_picture_sent_before(ann):
    body = {"name": "Biscuit", "category": "dog", "photos": [{"picture": ann.send("red")}]}
    assert ann("POST", "/v1/objects", json=body).json()["n_views"] == 1


@pytest.mark.parametrize("as_form", [True, False])
def test_a_box_points_the_thing_out(ann, as_form):
    """The largest patch is red; the box says that the blue one is meant."""
    photo = to_png(solid_scene({"red": (5, 5, 80, 110), "blue": (100, 30, 150, 70)}))
    box = [100, 30, 150, 70]
    if as_form:
        sent = {
            "data": {"name": "Mug", "category": "mug", "boxes": f"[{box}]"},
            "files": {"photos": ("a.png", photo)},
        }
    else:
        photos = [{"data": base64.b64encode(photo).decode(), "box": box}]
        sent = {"json": {"name": "Mug", "category": "mug", "photos": photos}}
    assert ann("POST", "/v1/objects", **sent).status_code == 201
    found = ann("POST", "/v1/find", files={"photo": photo_of("green", "blue")}).json()
    # The patch in the middle.
    assert [match["box_xyxy"] for match in found["matches"]] == [[60.0, 10.0, 100.0, 60.0]]


@pytest.mark.parametrize("boxes", ["[null, null]", "null", "x", "[" * 100_000])
def test_boxes_are_as_many_as_photos(ann, boxes):
    answer = ann(
        "POST",
        "/v1/objects",
        data={"name": "Mug", "category": "mug", "boxes": boxes},
        files={"photos": photo_of("red")},
    )
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("boxes: expected a JSON list of 1 boxes")


def test_an_error_names_the_photo_and_nothing_is_stored(ann):
    files = [("photos", (name, content)) for name, content in BAD_SECOND]
    answer = ann("POST", "/v1/objects", data={"name": "B", "category": "dog"}, files=files)
    problem = answer.json()
    assert (answer.status_code, problem["photo"]) == (422, 2)
    assert problem["type"] == "urn:pekit-agents:problem:unreadable-picture"
    assert problem["detail"].startswith("second.png: expected a photo")
    assert problem["detail"].endswith("nothing was stored")
    assert "<bytes" not in problem["detail"]
    assert ann("GET", "/v1/objects").json()["total"] == 0
    files[1] = ("photos", ("grey.png", photo_of()))
    problem = ann("POST", "/v1/objects", data={"name": "B", "category": "dog"}, files=files).json()
    assert problem["type"] == "urn:pekit-agents:problem:no-object-found"
    assert problem["detail"].startswith('grey.png: expected a "dog" in the photo')


BAD_SECOND = [("first.png", photo_of("red")), ("second.png", b"no photo")]


def test_too_many_photos_are_refused(ann):
    files = [("photos", ("a.png", b"x"))] * 65
    answer = ann("POST", "/v1/objects", data={"name": "B", "category": "dog"}, files=files)
    assert answer.status_code == 400
    assert "64" in answer.json()["detail"]


def test_a_name_that_is_taken_is_a_conflict(ann):
    ann.introduce("Biscuit")
    answer = ann(
        "POST",
        "/v1/objects",
        data={"name": "BISCUIT", "category": "dog"},
        files={"photos": photo_of("blue")},
    )
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:pekit-agents:problem:name-taken"


def test_lists_come_in_pages_that_hold_each_thing_once(ann):
    names = [f"Thing {number}" for number in range(7)]
    for name in names:
        ann.introduce(name)
    seen, path = [], "/v1/objects?limit=3"
    sizes = []
    while path:
        answer = ann("GET", path)
        page = answer.json()
        assert page["total"] == 7 - (len(sizes) > 0)
        sizes.append(len(page["objects"]))
        seen += [obj["name"] for obj in page["objects"]]
        path = answer.links.get("next", {}).get("url")
        assert (path is None) == (page["next"] is None)
        if len(sizes) == 1:  # the last of a page goes before the next is asked for
            ann("DELETE", f"/v1/objects/{page['objects'][-1]['object_id']}")
    assert (seen, sizes) == (names, [3, 3, 1])


@pytest.mark.parametrize(
    ("search", "names"),
    [("", ["Biscuit", "Mug"]), ("bisc", ["Biscuit"]), ("DOG", ["Biscuit", "Mug"]), ("cat", [])],
)
def test_a_list_is_searched(ann, search, names):
    ann.introduce("Biscuit", "red")
    ann.introduce("Mug", "blue")
    answer = ann("GET", "/v1/objects", params={"search": search, "limit": 1})
    got = answer.json()["objects"]
    if answer.links:
        assert f"search={search}" in answer.links["next"]["url"]
        got += ann("GET", answer.links["next"]["url"]).json()["objects"]
    assert [obj["name"] for obj in got] == names


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WzEsMl0", "%00", "W1tbW1tb", "e30"])
def test_a_cursor_that_is_none_is_refused(ann, cursor):
    ann.introduce("Biscuit")
    answer = ann("GET", f"/v1/objects?cursor={cursor}")
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:pekit-agents:problem:invalid-cursor"


def test_a_change_on_what_was_seen_is_written_and_on_another_state_is_not(ann):
    obj = ann.introduce("Biscuit")
    path, seen = f"/v1/objects/{obj['object_id']}", f'"{obj["revision"]}"'
    changed = ann("PATCH", path, json={"context": "Old."}, headers={"If-Match": seen})
    assert (changed.status_code, changed.json()["context"]) == (200, "Old.")
    assert changed.headers["ETag"] not in (seen, None)
    # Who saw it before is told so, and nothing is written.
    late = ann("PATCH", path, json={"name": "Rex"}, headers={"If-Match": seen})
    assert late.status_code == 412
    assert late.json()["type"] == "urn:pekit-agents:problem:changed-meanwhile"
    assert ann("DELETE", path, headers={"If-Match": seen}).status_code == 412
    # A weak tag says too little to write by.
    weak = {"If-Match": f"W/{changed.headers['ETag']}"}
    assert ann("PATCH", path, json={"name": "Rex"}, headers=weak).status_code == 412
    assert ann("GET", path).json()["name"] == "Biscuit"
    # Without the header, or with any, it is changed as it is.
    assert ann("PATCH", path, json={"name": "Rex"}).json()["name"] == "Rex"
    assert ann("PATCH", path, json={"name": "R"}, headers={"If-Match": "*"}).status_code == 200


def test_an_etag_is_another_one_when_photos_come_and_what_is_known_is_not_sent(ann):
    obj = ann.introduce("Biscuit")
    path, seen = f"/v1/objects/{obj['object_id']}", f'"{obj["revision"]}"'
    for known in (seen, f"W/{seen}", f'"other", {seen}'):
        answer = ann("GET", path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
    added = ann("POST", f"{path}/views", files={"photos": photo_of("red", "blue")})
    assert added.status_code == 201
    assert added.json()["added"] == 1
    assert added.json()["object"]["n_views"] == 2
    assert ann("GET", path, headers={"If-None-Match": seen}).status_code == 200
    late = ann("PATCH", path, json={"name": "Rex"}, headers={"If-Match": seen})
    assert late.status_code == 412


def test_two_that_are_one_thing_are_merged(ann):
    ann.introduce("Biscuit", "red")
    ann.introduce("Bisquit", "blue")
    answer = ann("POST", "/v1/objects/Biscuit/merge", json={"other": "Bisquit"})
    assert (answer.status_code, answer.json()["n_views"]) == (200, 2)
    assert ann("GET", "/v1/objects/Bisquit").status_code == 404
    assert ann("GET", "/v1/objects").json()["total"] == 1


def test_views_have_pictures_and_go_one_by_one(ann):
    obj = ann.introduce("Biscuit")
    path = f"/v1/objects/{obj['object_id']}"
    ann("POST", f"{path}/views", files={"photos": photo_of("red", "blue")})
    views = ann("GET", f"{path}/views").json()["views"]
    assert [view["has_crop"] for view in views] == [True, True]
    picture = ann("GET", f"{path}/views/{views[1]['view_id']}/picture")
    assert (picture.headers["Content-Type"], picture.content[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert ann("GET", f"{path}/picture").content[:3] == b"\xff\xd8\xff"
    gone = ann("DELETE", f"{path}/views/{views[0]['view_id']}")
    assert (gone.status_code, gone.json()["n_views"]) == (200, 1)
    assert ann("GET", f"{path}/views/{views[0]['view_id']}/picture").status_code == 404
    last = ann("DELETE", f"{path}/views/{views[1]['view_id']}")
    assert last.status_code == 422


def test_without_crops_there_is_no_portrait(serving):
    from tests.server.rest.conftest import ANN, User

    ann = User(serving(keep_crops=False), ANN)
    ann.introduce("Biscuit")
    answer = ann("GET", "/v1/objects/Biscuit/picture")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:pekit-agents:problem:picture-not-found"


def test_what_is_forgotten_is_gone_with_the_pictures_it_is_named_on(ann):
    obj = ann.introduce("Biscuit")
    prompt = ann("POST", "/v1/prompt", files={"photo": photo_of("red")}).json()
    assert ann("GET", f"/v1/pictures/{prompt['picture']}").status_code == 200
    gone = ann("DELETE", f"/v1/objects/{obj['object_id']}")
    assert gone.json() == {"object_id": obj["object_id"], "name": "Biscuit"}
    assert ann("GET", f"/v1/objects/{obj['object_id']}").status_code == 404
    assert ann("GET", f"/v1/pictures/{prompt['picture']}").status_code == 404


def test_everything_of_a_user_is_forgotten_and_nothing_of_another(ann, bob, tmp_path):
    ann.introduce("Biscuit", **{"Idempotency-Key": "k"})
    bob.introduce("Biscuit")
    handle = ann.send("red")
    files = {"photos": ("a.png", photo_of("red"))}
    assert ann("POST", "/v1/library/photos", files=files).json()["indexed"] == 1
    me = ann("GET", "/v1/me").json()
    assert (me["user_id"], me["objects"], me["pictures"]) == ("ann", 1, 1)
    assert ann("DELETE", "/v1/me").status_code == 204
    assert ann("GET", "/v1/me").json()["objects"] == 0
    assert ann("GET", f"/v1/pictures/{handle}").status_code == 404
    assert ann("GET", "/v1/library/photos").json()["total"] == 0
    assert bob("GET", "/v1/me").json()["objects"] == 1
    assert len(list((tmp_path / "memory" / ".server" / "requests").iterdir())) == 0
    # A key of before is fresh.
    assert ann.introduce("Biscuit", **{"Idempotency-Key": "k"})["n_views"] == 1
