"""Teaching over REST: corrections, the review queue, the library, export and import."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.server.rest.conftest import ANN, User, photo_of


def match_in(ann: User, *colours: str) -> tuple[str, int]:
    """The handle of a photo and the region of what is found in it, for certain or possibly."""
    found = ann("POST", "/v1/find", files={"photo": photo_of(*colours)}).json()
    (match,) = [*found["matches"], *found["possible"]]
    return found["picture"], match["region"]


def test_a_match_is_rejected_and_what_was_learnt_is_cleared(ann):
    obj = ann.introduce("Biscuit")
    picture, region = match_in(ann, "blue", "pale red")
    body = {"picture": picture, "object": "Biscuit", "verdict": "is_not", "region": region}
    told = ann("POST", "/v1/corrections", json=body).json()
    assert (told["learnt"], told["regions"]) == (True, [region])
    assert told["object"]["n_negatives"] == 1
    assert ann("POST", "/v1/corrections", json=body).json()["learnt"] is False
    found = ann("POST", "/v1/find", json={"photo": {"picture": picture}}).json()
    assert (found["matches"], found["possible"]) == ([], [])
    path = f"/v1/objects/{obj['object_id']}/corrections"
    assert ann("DELETE", path).json()["n_negatives"] == 0


def test_a_match_is_confirmed_by_the_number_that_the_same_mode_gives(ann):
    ann.introduce("Biscuit")
    picture = ann.send("blue", "pale red")
    sent = {"photo": {"picture": picture}, "mode": "scene"}
    (match,) = ann("POST", "/v1/find", json=sent).json()["possible"]
    body = {"picture": picture, "object": "Biscuit", "verdict": "is", "region": match["region"]}
    told = ann("POST", "/v1/corrections", json={**body, "mode": "scene"}).json()
    assert (told["learnt"], told["object"]["n_views"]) == (True, 2)
    found = ann("POST", "/v1/find", json={"photo": {"picture": picture}}).json()
    assert [match["name"] for match in found["matches"]] == ["Biscuit"]
    wrong = ann("POST", "/v1/corrections", json={**body, "region": 9})
    assert wrong.status_code == 422
    assert "1 to 2" in wrong.json()["detail"]


def keep(ann: User) -> dict:
    picture, _ = match_in(ann, "pale red")
    kept = ann("POST", "/v1/review", json={"picture": picture, "label": "park"})
    assert kept.status_code == 201
    (item,) = kept.json()["items"]
    return item


def test_what_is_doubtful_waits_and_is_decided_on(ann):
    obj = ann.introduce("Biscuit")
    item = keep(ann)
    assert (item["reason"], item["label"], item["has_picture"]) == ("possible", "park", True)
    assert keep(ann)["review_id"] == item["review_id"]
    page = ann("GET", "/v1/review").json()
    assert ([each["review_id"] for each in page["items"]], page["total"]) == (
        [item["review_id"]],
        1,
    )
    path = f"/v1/review/{item['review_id']}"
    assert ann("GET", f"{path}/picture").content[:3] == b"\xff\xd8\xff"
    done = ann("POST", f"{path}/confirm", json={})
    assert [each["object_id"] for each in done.json()["objects"]] == [obj["object_id"]]
    assert done.json()["objects"][0]["n_views"] == 2
    assert ann("GET", "/v1/review").json()["total"] == 0
    for method, end in (("POST", "/reject"), ("DELETE", ""), ("GET", "/picture")):
        assert ann(method, f"{path}{end}").status_code == 404


def test_an_item_is_another_thing_or_nothing_or_left(ann):
    ann.introduce("Biscuit")
    ann.introduce("Bella", "blue")
    path = f"/v1/review/{keep(ann)['review_id']}"
    done = ann("POST", f"{path}/confirm", json={"object": "Bella"}).json()
    assert [each["name"] for each in done["objects"]] == ["Bella"]
    # Of Biscuit it has become a negative.
    assert ann("GET", "/v1/objects/Biscuit").json()["n_negatives"] == 1
    ann("DELETE", "/v1/objects/Biscuit/corrections")
    ann("DELETE", "/v1/objects/Bella")
    path = f"/v1/review/{keep(ann)['review_id']}"
    assert ann("DELETE", path).status_code == 204
    path = f"/v1/review/{keep(ann)['review_id']}"
    done = ann("POST", f"{path}/reject").json()
    assert [each["n_negatives"] for each in done["objects"]] == [1]


def test_a_library_is_indexed_searched_and_emptied(ann):
    ann.introduce("Biscuit")
    ann.introduce("Mug", "blue")
    files = [
        ("photos", ("2026/park.png", photo_of("red"))),
        ("photos", ("2026/table.png", photo_of("blue", "red"))),
        ("photos", ("2026/sea.png", photo_of("green"))),
        ("photos", ("note.txt", b"no photo")),
    ]
    report = ann("POST", "/v1/library/photos", files=files).json()
    assert (report["indexed"], report["skipped"]) == (3, 0)
    (failed,) = report["failed"]
    assert failed["photo_id"] == "note.txt"
    assert ann("POST", "/v1/library/photos", files=files).json()["skipped"] == 3
    seen, path = [], "/v1/library/photos?limit=2"
    while path:
        answer = ann("GET", path)
        seen += answer.json()["photo_ids"]
        path = answer.links.get("next", {}).get("url")
    assert seen == ["2026/park.png", "2026/sea.png", "2026/table.png"]

    def ids(query: str) -> list[str]:
        photos = ann("GET", f"/v1/library/search?{query}").json()["photos"]
        return sorted(photo["photo_id"] for photo in photos)

    assert ids("name=Biscuit") == ["2026/park.png", "2026/table.png"]
    assert ids("name=Biscuit&name=Mug") == ["2026/table.png"]
    assert ids("text=Biscuit without my Mug") == ["2026/park.png"]
    assert len(ids("name=Biscuit&limit=1")) == 1
    for query in ("", "?name=Biscuit&text=Mug"):
        assert ann("GET", f"/v1/library/search{query}").status_code == 422
    assert ann("GET", "/v1/library/search?name=Rex").status_code == 404
    assert ann("DELETE", "/v1/library/photos/2026%2Fpark.png").status_code == 204
    assert ann("DELETE", "/v1/library/photos/2026%2Fpark.png").status_code == 404
    assert ids("name=Biscuit") == ["2026/table.png"]


def test_two_photos_of_one_id_are_refused(ann):
    files = [("photos", ("a.png", photo_of("red"))), ("photos", ("a.png", photo_of("blue")))]
    assert ann("POST", "/v1/library/photos", files=files).status_code == 422
    assert ann("GET", "/v1/library/photos").json()["total"] == 0


def test_a_memory_is_exported_and_taken_over_by_another_user(ann, bob, tmp_path):
    ann.introduce("Biscuit")
    exported = ann("GET", "/v1/export")
    assert exported.status_code == 200
    assert exported.headers["Content-Disposition"] == 'attachment; filename="memory.pekit"'
    passing = tmp_path / "memory" / ".server" / "passing"
    assert list(passing.iterdir()) == []
    sent = {"files": {"file": ("memory.pekit", exported.content)}}
    done = bob("POST", "/v1/import", **sent).json()
    assert [each["name"] for each in done["objects"]] == ["Biscuit"]
    found = bob("POST", "/v1/find", files={"photo": photo_of("red")}).json()
    assert [match["name"] for match in found["matches"]] == ["Biscuit"]
    taken = bob("POST", "/v1/import", **sent)
    assert taken.status_code == 409
    renamed = bob("POST", "/v1/import", data={"on_conflict": "rename"}, **sent).json()
    assert [each["name"] for each in renamed["objects"]] == ["Biscuit (2)"]
    assert bob("POST", "/v1/import", data={"on_conflict": "skip"}, **sent).json()["objects"] == []
    assert list(passing.iterdir()) == []


def test_a_damaged_file_is_not_imported_and_the_servers_folders_are_not_told(ann, tmp_path):
    ann.introduce("Biscuit")
    content = ann("GET", "/v1/export").content
    for bad in (b"no export", content[: len(content) // 2]):
        answer = ann("POST", "/v1/import", files={"file": ("a.pekit", bad)})
        assert answer.status_code == 422
        assert str(tmp_path) not in answer.text
        assert answer.json()["detail"].startswith("the file: expected a whole export")


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A folder with a photo, one in a folder in it, a bad one and links."""
    root = tmp_path / "photos"
    (root / "summer" / "sea").mkdir(parents=True)
    (root / "summer" / "a.png").write_bytes(photo_of("red"))
    (root / "summer" / "b.png").write_bytes(b"no photo")
    (root / "summer" / "sea" / "c.png").write_bytes(photo_of("blue"))
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "s.png").write_bytes(photo_of("red"))
    (root / "summer" / "link.png").symlink_to(secret / "s.png")
    (root / "way-out").symlink_to(secret)
    return root


def test_a_folder_of_ones_own_machine_is_looked_through(serving, album):
    ann = User(serving(photos=(str(album),), user="ann"), ANN)
    ann.introduce("Biscuit")
    answer = ann("POST", "/v1/find/folder", json={"folder": "summer"})
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["name"] for line in lines] == ["a.png", "b.png", "link.png", "sea/c.png"]
    assert [line["photo"] for line in lines] == [1, 2, 3, 4]
    assert [len(line["found"]["matches"]) for line in lines if line["found"]] == [1, 0]
    assert lines[1]["problem"]["detail"].startswith("b.png: expected a photo")
    assert "leads out" in lines[2]["problem"]["detail"]
    assert ann("GET", "/v1/pictures").json()["total"] == 0
    whole = ann("POST", "/v1/find/folder", json={"folder": str(album / "summer" / "sea")})
    assert len(whole.text.splitlines()) == 1


def test_the_servers_own_files_are_no_photos_of_a_folder(serving, album):
    state = album / "summer" / "sea"
    ann = User(serving(photos=(str(album),), user="ann", state=str(state)), ANN)
    answer = ann("POST", "/v1/find/folder", json={"folder": "summer"})
    names = [json.loads(line)["name"] for line in answer.text.splitlines()]
    assert names == ["a.png", "b.png", "link.png"]


def test_a_folder_of_ones_own_machine_is_indexed(serving, album):
    ann = User(serving(photos=(str(album),), user="ann"), ANN)
    ann.introduce("Biscuit")
    for state in ("indexed", "skipped"):
        answer = ann("POST", "/v1/library/folder", json={"folder": "summer"})
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert [line["state"] for line in lines] == [state, "failed", "failed", state]
    (photo,) = ann("GET", "/v1/library/search?name=Biscuit").json()["photos"]
    assert photo["photo_id"] == str(album / "summer" / "a.png")


@pytest.mark.parametrize(
    "folder", ["..", "../secret", "summer/../../secret", "/", "way-out", "nowhere", "a\0b", "~"]
)
def test_another_folder_is_not_looked_into_and_not_told_from_one_that_is_not_there(
    serving, album, folder, tmp_path
):
    ann = User(serving(photos=(str(album),), user="ann"), ANN)
    for path in ("/v1/find/folder", "/v1/library/folder"):
        for wanted in (folder, str(tmp_path / "secret")):
            answer = ann("POST", path, json={"folder": wanted})
            assert answer.status_code == 404
            assert answer.json()["type"] == "urn:pekit-agents:problem:not-found"


@pytest.mark.parametrize(
    "given", [{"user": "bob"}, {"user": "ann", "host": "0.0.0.0"}, {"user": "ann", "photos": ()}]
)
def test_only_the_user_of_the_machine_names_folders(serving, album, given):
    settings = {"photos": (str(album),), "hosts": ("127.0.0.1",), **given}
    ann = User(serving(**settings), ANN)
    assert ann("GET", "/v1/me").json()["folders"] is False
    assert ann("POST", "/v1/find/folder", json={"folder": "summer"}).status_code == 403
