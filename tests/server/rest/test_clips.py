"""Clips over REST: sent as a form, searched in a thread of their own, told whole or as lines."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from pekit_agents.server.rest import find_video
from pekit_agents.tools.clip_findings import SearchStopped
from pekit_agents.video.timeline import Timeline
from tests.server.rest.conftest import ANN, User, photo_of
from tests.tools.moving_pictures import film

WALK = film(None, "red", "blue")


def remember(user):
    files = [("photos", ("red.png", photo_of("red"), "image/png"))]
    user("POST", "/v1/objects", files=files, data={"name": "Biscuit", "category": "dog"})


def sent(clip=WALK, **said):
    return {"files": {"clip": ("walk.mp4", clip, "video/mp4")}, "data": said}


def test_what_is_in_a_clip_comes_with_its_times_and_again_by_its_handle(ann):
    remember(ann)
    found = ann("POST", "/v1/find/video", **sent()).json()
    timeline = Timeline.from_dict(found["timeline"])
    (seen,) = timeline.of("Biscuit")
    assert 0.9 <= seen.start <= seen.end <= 2.1
    assert (found["rest"], timeline.complete) == (None, True)
    form = {"files": {"clip": (None, found["clip"])}}
    assert ann("POST", "/v1/find/video", **form).json() == found
    late = ann("POST", "/v1/find/video", **sent(start="2.5")).json()
    assert late["timeline"]["sightings"] == []


def test_lines_tell_how_far_the_search_is(ann):
    remember(ann)
    answer = ann("POST", "/v1/find/video/stream", **sent())
    *far, last = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["progress"]["seconds"] for line in far][-1] >= 2.0
    assert [s["name"] for s in last["found"]["timeline"]["sightings"]] == ["Biscuit"]


@pytest.mark.parametrize("path", ["/v1/find/video", "/v1/find/video/stream"])
@pytest.mark.parametrize(
    ("form", "said"),
    [
        (sent(photo_of("red")), "such as a photo"),
        (sent(WALK[:600]), "expected a clip"),
        (sent(start="soon"), "start: expected seconds"),
        (sent(start="9"), "a time in the clip"),
        (sent(start="2", end="1"), "after the start"),
        ({"files": {"start": (None, "1")}}, "clip: expected a file or a handle"),
        ({"files": {"clip": (None, "/etc/passwd")}}, "expected the handle of a clip"),
        ({"files": {"clip": (None, "img_" + "0" * 32)}}, "expected the handle of a clip"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(ann, path, form, said):
    answer = ann("POST", path, **form)
    assert answer.status_code in (404, 422)
    assert said in answer.json()["detail"]
    assert ".server" not in answer.text


def test_a_clip_of_one_user_is_none_of_another(ann, bob):
    handle = ann("POST", "/v1/find/video", **sent()).json()["clip"]
    answer = bob("POST", "/v1/find/video", files={"clip": (None, handle)})
    nobodys = bob("POST", "/v1/find/video", files={"clip": (None, "clip_" + "0" * 32)})
    assert answer.status_code == nobodys.status_code == 404
    assert "expected the handle of a clip" in answer.json()["detail"]


def test_only_a_form_is_read(ann):
    assert ann("POST", "/v1/find/video", json={"clip": "x"}).status_code == 415


def test_a_clip_has_a_bound_of_its_own_and_counts_to_no_other(serving):
    ann = User(serving(max_request=1000, max_clip=len(WALK)), ANN)
    assert len(WALK) > 1000
    assert ann("POST", "/v1/find/video", **sent()).status_code == 200
    larger = ann("POST", "/v1/find/video", **sent(WALK + b"0"))
    assert larger.status_code == 422
    assert f"at most {len(WALK)} bytes" in larger.json()["detail"]
    assert ann("POST", "/v1/find/video", **sent(WALK + bytes(10**5))).status_code == 413
    assert ann("POST", "/v1/find", files={"photo": ("a", bytes(2000))}).status_code == 413


def test_who_closes_the_connection_ends_the_search(client, monkeypatch):
    """The generator of the lines is closed, as the server does with it."""
    service, ended = client.app.state.service, threading.Event()

    def endless(*args):
        try:
            while True:
                args[-1](0.0, None)
                ended.wait(0.01)
        except SearchStopped:
            ended.set()
            raise

    monkeypatch.setattr(service.actions.clip_findings, "find", endless)

    async def one_line():
        lines = find_video._lines(service, "ann", find_video._Wanted("clip_", 0.0, None))
        await anext(lines)
        await lines.aclose()
        return await asyncio.to_thread(ended.wait, 20)

    assert client.portal.call(one_line)
