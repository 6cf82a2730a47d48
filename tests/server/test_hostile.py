from __future__ import annotations

import base64
import json
from io import BytesIO

import pytest
from PIL import Image

from benchmarks.server.hostile import attack, faults
from benchmarks.server.in_process import Answer, Call
from benchmarks.server.people import three_people
from pekit_agents.testing.fakes import PALETTE


async def test_nothing_of_one_user_is_reached_by_another(tmp_path):
    report = await attack(tmp_path, 400)
    assert report.faults == []
    # Most of it was understood, or it would have tried nothing.
    assert report.statuses[200] > 100
    assert report.statuses.keys() > {200, 401, 403, 404, 421, 422}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
async def test_nor_in_more_calls(tmp_path, seed):
    assert (await attack(tmp_path, 1200, seed)).faults == []


ann, bob, cleo = three_people()
CALL = Call("GET", "/v1/objects/b00000", bob.headers)


def picture(colour, size=(60, 60)) -> bytes:
    file = BytesIO()
    Image.new("RGB", size, PALETTE[colour]).save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (f"... {ann.marker} name ...".encode(), "the words of ann"),
        (json.dumps({"object_id": "a00001"}).encode(), "an id of ann"),
        (json.dumps({"object_id": "a00000"}).encode(), None),  # bob sent it
        (f"tEXtComment\0{ann.marker} photo".encode(), "the words of ann"),
        (picture("red"), "a picture of ann"),
        (picture("red", (30, 30)), None),  # a line, or a label
        (picture("green"), None),
        (picture("blue"), "a picture of cleo"),
        (b'data: {"data":"' + base64.b64encode(picture("red")) + b'"}', "a picture of ann"),
        (b'{"error":{"code":-32603}}', "an error of the server"),
    ],
)
def test_what_comes_through_is_seen(body, fault):
    ann.ids, cleo.ids = {"a00000", "a00001"}, {"b00000"}
    assert ann.known == {"a00000"}
    found = faults(Answer(200, {}, body), CALL, [ann, cleo])
    assert [each.startswith(fault) for each in found] == [True] if fault else found == []


def test_an_error_of_the_server_is_seen():
    assert faults(Answer(500, {}, b""), CALL, [ann])
