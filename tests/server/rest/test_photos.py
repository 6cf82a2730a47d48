"""Photos over REST: pictures by handle, what is in them, questions about them."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from pekit_agents.answering.adapting import as_answer_model
from tests.server.rest.conftest import ANN, User, photo_of

IDS = ("object_id", "score", "probability", "region")


def test_a_photo_is_kept_shown_and_deleted(ann):
    ann.introduce("Biscuit")
    handle = ann.send("red", "blue")
    plain = ann("GET", f"/v1/pictures/{handle}")
    assert plain.content == photo_of("red", "blue")
    assert plain.headers["Content-Type"] == "image/png"
    drawn = ann("GET", f"/v1/pictures/{handle}?annotated=true")
    assert drawn.headers["Content-Type"] == "image/jpeg"
    picture = Image.open(BytesIO(drawn.content)).convert("RGB")
    red, green, blue = picture.getpixel((27, 60))
    assert red > 200
    assert max(green, blue) < 60
    strict = ann("GET", f"/v1/pictures/{handle}?annotated=true&strictness=precision&mode=fast")
    assert strict.headers["Content-Type"] == "image/jpeg"
    assert ann("DELETE", f"/v1/pictures/{handle}").status_code == 204
    for method in ("GET", "DELETE"):
        assert ann(method, f"/v1/pictures/{handle}").status_code == 404
    assert ann("GET", "/v1/pictures").json() == {"pictures": [], "total": 0, "next": None}


def test_pictures_are_listed_the_newest_first_in_pages(ann):
    handles = [ann.send(colour) for colour in ("red", "green", "blue", "yellow", "cyan")]
    seen, path = [], "/v1/pictures?limit=2"
    while path:
        answer = ann("GET", path)
        seen += [each["picture"] for each in answer.json()["pictures"]]
        path = answer.links.get("next", {}).get("url")
        ann.send("black", "white")  # one that comes meanwhile turns no page
    assert seen == handles[::-1]


def test_the_newest_photo_of_the_inbox_is_among_them(serving, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "new.png").write_bytes(photo_of("red"))
    ann = User(serving(inbox=str(inbox), user="ann"), ANN)
    (found,) = ann("GET", "/v1/pictures").json()["pictures"]
    assert ann("GET", f"/v1/pictures/{found['picture']}").content == photo_of("red")


def test_what_is_in_a_photo_is_found_and_the_photo_can_be_spoken_of(ann):
    obj = ann.introduce("Biscuit")
    found = ann("POST", "/v1/find", files={"photo": photo_of("blue", "red")}).json()
    (match,) = found["matches"]
    assert (match["object_id"], match["name"]) == (obj["object_id"], "Biscuit")
    assert match["box_xyxy"] == [60.0, 10.0, 100.0, 60.0]
    assert (match["possible"], match["or"]) == (False, [])
    assert (found["size_wh"], found["possible"], found["proposals"]) == ([160, 120], [], 2)
    for sent in ({"json": {"photo": {"picture": found["picture"]}}}, {"files": FIELD(found)}):
        again = ann("POST", "/v1/find", **sent).json()
        assert again == found
    # Quickly, only the largest patch is looked at, which is blue.
    quick = {"photo": {"picture": found["picture"]}, "mode": "fast"}
    assert ann("POST", "/v1/find", json=quick).json()["matches"] == []


def FIELD(found: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
    """A form with a handle in place of a file."""
    return {"picture": (None, found["picture"])}


@pytest.mark.parametrize(
    ("strictness", "named", "possible"),
    [("recall", 1, 0), (0.2, 1, 0), ("balanced", 0, 1), ("precision", 0, 0)],
)
def test_strictness_decides_what_is_named(ann, strictness, named, possible):
    """A shade of red is possible (0.36), and named where much may be named."""
    ann.introduce("Biscuit")
    photo = base64.b64encode(photo_of("pale red")).decode()
    body = {"photo": {"data": photo}, "strictness": strictness}
    found = ann("POST", "/v1/find", json=body).json()
    assert (len(found["matches"]), len(found["possible"])) == (named, possible)
    form = {"strictness": str(strictness)}
    files = {"photo": photo_of("pale red")}
    assert len(ann("POST", "/v1/find", data=form, files=files).json()["matches"]) == named


@pytest.mark.parametrize(
    ("sent", "where"),
    [
        ({"json": {}}, "photo"),
        ({"json": {"photo": {"data": "no base64!"}}}, "data"),
        ({"json": {"photo": {"data": "", "picture": "img_"}}}, "photo"),
        ({"json": {"photo": {"data": "AAAA"}, "mode": "slow"}}, "mode"),
        ({"json": {"photo": {"data": "AAAA"}, "strictness": "0.1"}}, "strictness"),
        ({"json": {"photo": {"data": "AAAA"}, "user_id": "bob"}}, "user_id"),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, "body"),
        ({"files": {"photo": b"1"}, "data": {"x": "y"}}, "x"),
        ({"files": [("photo", b"1"), ("photo", b"2")]}, "photo"),
        ({"data": {"photo": "text"}, "files": {"x": (None, "y")}}, "photo"),
    ],
)
def test_a_body_that_is_wrong_is_told_where(ann, sent, where):
    answer = ann("POST", "/v1/find", **sent)
    problem = answer.json()
    assert answer.status_code == 422
    assert problem["type"] == "urn:pekit-agents:problem:invalid-request"
    assert any(where in each["where"] for each in problem["errors"])


def test_a_body_of_another_kind_is_refused(ann):
    answer = ann("POST", "/v1/find", content=b"x", headers={"Content-Type": "image/png"})
    assert (answer.status_code, "multipart/form-data" in answer.headers["Accept-Post"]) == (
        415,
        True,
    )
    broken = {"Content-Type": "multipart/form-data"}
    assert ann("POST", "/v1/find", content=b"x", headers=broken).status_code == 400


def test_an_error_about_a_photo_says_its_name(ann):
    answer = ann("POST", "/v1/find", files={"photo": ("holiday.png", b"no photo")})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("holiday.png: expected a photo")
    answer = ann("POST", "/v1/find", json={"photo": {"data": "AAAA"}})
    assert answer.json()["detail"].startswith("photo 1: expected a photo")


def test_of_several_photos_a_bad_one_stops_no_other(ann):
    ann.introduce("Biscuit")
    files = [
        ("photos", ("a.png", photo_of("red"))),
        ("photos", ("b.png", b"no photo")),
        ("photos", ("c.png", photo_of("blue"))),
    ]
    handle = ann.send("blue", "red")
    sent = {"files": files, "data": {"pictures": handle}}
    results = ann("POST", "/v1/find/many", **sent).json()["results"]
    assert [each["photo"] for each in results] == [1, 2, 3, 4]
    assert [each["name"] for each in results] == ["a.png", "b.png", "c.png", handle]
    counts = [len(each["found"]["matches"]) if each["found"] else None for each in results]
    assert counts == [1, None, 0, 1]
    assert results[1]["problem"]["status"] == 422
    assert results[1]["problem"]["detail"].startswith("b.png: ")
    unknown = {"photos": [{"picture": "img_" + "0" * 32}]}
    (line,) = ann("POST", "/v1/find/many", json=unknown).json()["results"]
    assert line["problem"]["status"] == 404


def test_a_prompt_is_the_words_and_the_picture_for_any_model(ann):
    ann.introduce("Biscuit")
    files = {"photo": photo_of("red", "blue")}
    prompt = ann("POST", "/v1/prompt", data={"question": "Who?"}, files=files).json()
    assert "Biscuit" in prompt["text"]
    assert prompt["text"].rstrip().endswith("Who?")
    assert prompt["picture"] != prompt["found"]["picture"]
    drawn = ann("GET", f"/v1/pictures/{prompt['picture']}")
    assert drawn.headers["Content-Type"] == "image/jpeg"
    # Where nothing of one's own is, they are the bare question and the photo.
    bare = ann("POST", "/v1/prompt", data={"question": "Who?"}, files={"photo": photo_of("blue")})
    assert bare.json()["text"] == "Who?"
    assert bare.json()["picture"] == bare.json()["found"]["picture"]


def test_without_a_model_a_question_is_answered_with_what_to_ask_ones_own(ann):
    ann.introduce("Biscuit")
    told = ann("POST", "/v1/describe", json={"question": "What is Biscuit?"}).json()
    assert (told["answer"], told["picture"], told["found"]) == (None, None, None)
    assert "Biscuit" in told["prompt"]
    files = {"photo": photo_of("red")}
    told = ann("POST", "/v1/describe", data={"question": "Who?"}, files=files).json()
    assert (told["answer"], "Biscuit" in told["prompt"]) == (None, True)
    assert ann("GET", f"/v1/pictures/{told['picture']}").status_code == 200


def test_with_a_model_it_answers(ann, client):
    asked = []

    service = client.app.state.service

    def model(picture: Any, text: str) -> str:
        # Others need the threads for photos while it thinks.
        assert service.vision.waiting == 0
        asked.append((picture is not None, "Biscuit" in text))
        return "On the sofa."

    service.actions.answerer = as_answer_model(model)
    ann.introduce("Biscuit")
    told = ann("POST", "/v1/describe", json={"question": "Where is Biscuit?"}).json()
    assert (told["answer"], told["prompt"]) == ("On the sofa.", None)
    files = {"photo": photo_of("red")}
    told = ann("POST", "/v1/describe", data={"question": "Where?"}, files=files).json()
    assert (told["answer"], told["prompt"]) == ("On the sofa.", None)
    assert told["found"]["matches"][0]["name"] == "Biscuit"
    assert asked == [(False, True), (True, True)]
