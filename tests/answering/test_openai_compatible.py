"""The plain protocol against a local server, asserted on the wire."""

from __future__ import annotations

import base64
import io
import re
import socket

import pytest
from PIL import Image

pytest.importorskip("httpx2", reason="httpx2 is not installed: no endpoint can be asked")

from pekit_agents import InvalidInput, ModelError
from pekit_agents.answering import OpenAIAnswerModel


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def test_a_picture_and_its_text_go_out_in_one_user_message(stub, photo):
    assert OpenAIAnswerModel(stub.url, "llava").answer(photo, "What is it?") == "It is asleep."
    ((path, headers, body),) = stub.heard
    assert path == "/v1/chat/completions"
    assert headers["content-type"] == "application/json"
    assert body["model"] == "llava"
    (message,) = body["messages"]
    picture, text = message["content"]
    assert message["role"] == "user"
    assert text == {"type": "text", "text": "What is it?"}
    assert picture["type"] == "image_url"
    head, data = picture["image_url"]["url"].split(",")
    assert head == "data:image/jpeg;base64"
    sent = Image.open(io.BytesIO(base64.b64decode(data)))
    assert (sent.format, sent.size) == ("JPEG", photo.size)
    red = sent.getpixel((50, 50))
    assert all(abs(got - want) < 8 for got, want in zip(red, (255, 0, 0), strict=True))


def test_without_a_picture_the_text_goes_out_plain(stub):
    OpenAIAnswerModel(stub.url, "llava").answer(None, "Who is Biscuit?")
    assert stub.heard[0][2]["messages"] == [{"role": "user", "content": "Who is Biscuit?"}]


def test_a_large_picture_is_shrunk_and_options_are_sent_along(stub):
    model = OpenAIAnswerModel(
        stub.url + "/", "llava", max_side=300, options={"temperature": 0, "model": "other"}
    )
    model.answer(Image.new("RGB", (900, 600)), "?")
    path, _, body = stub.heard[0]
    data = body["messages"][0]["content"][0]["image_url"]["url"].split(",")[1]
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (300, 200)
    assert (path, body["temperature"], body["model"]) == ("/v1/chat/completions", 0, "llava")


# The key ------------------------------------------------------------------------------------


def test_no_key_no_authorization(stub):
    OpenAIAnswerModel(stub.url, "llava").answer(None, "?")
    assert "authorization" not in stub.heard[0][1]


@pytest.mark.parametrize("given", [{"api_key": "k-1"}, {}], ids=["argument", "environment"])
def test_the_key_is_sent_and_shown_nowhere(stub, monkeypatch, given):
    if not given:
        monkeypatch.setenv("OPENAI_API_KEY", "k-1")
    model = OpenAIAnswerModel(stub.url, "llava", **given)
    stub.status, stub.reply = 401, {"error": {"message": "bad key k-1"}}
    with pytest.raises(ModelError) as caught:
        model.answer(None, "?")
    assert stub.heard[0][1]["authorization"] == "Bearer k-1"
    assert "k-1" not in repr(model) + str(caught.value)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://api.example.com/v1", True),
        ("http://localhost:1/v1", True),
        ("http://[::1]:1/v1", True),
        ("http://gpu-box:8000/v1", False),
        ("http://10.0.0.7/v1", False),
        ("http://127.0.0.1.example.com/v1", False),
    ],
)
def test_the_environments_key_never_travels_in_the_clear(monkeypatch, url, sent):
    monkeypatch.setenv("OPENAI_API_KEY", "k-1")
    assert ("authorization" in OpenAIAnswerModel(url, "m")._client.headers) is sent


def test_a_redirect_is_not_followed(stub):
    stub.status, stub.headers = 307, {"Location": stub.url + "/elsewhere"}
    with pytest.raises(ModelError, match="status 307"):
        OpenAIAnswerModel(stub.url, "llava", api_key="k").answer(None, "?")
    assert len(stub.heard) == 1


# What goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reply", "words"),
    [
        (401, {"error": {"message": "no such key"}}, ["status 401", "no such key", "api_key"]),
        (403, {"error": {"message": "no"}}, ["status 403", "may not use this model"]),
        (404, {"error": {"message": "model not found"}}, ["status 404", "base_url", "not found"]),
        (413, "too big", ["status 413", "max_side"]),
        (429, {"error": "slow down"}, ["status 429", "slow down", "wait and try again"]),
        (500, "<html>oops</html>", ["status 500", "server's log", "oops"]),
        (503, {"error": None}, ["status 503"]),
        (418, [], ["status 418"]),
    ],
)
def test_a_refusal_is_one_sentence_with_the_servers_words(stub, status, reply, words):
    stub.status, stub.reply = status, reply
    with pytest.raises(ModelError) as caught:
        OpenAIAnswerModel(stub.url, "llava").answer(None, "?")
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "reply",
    [
        "not json",
        "",
        [],
        {},
        {"choices": []},
        {"choices": [{}]},
        {"choices": [{"message": None}]},
        {"choices": [{"message": {}}]},
        {"choices": "text"},
        None,
    ],
    ids=repr,
)
def test_a_reply_that_is_no_completion_is_a_model_error(stub, reply):
    stub.reply = reply
    with pytest.raises(ModelError, match="expected a chat completion"):
        OpenAIAnswerModel(stub.url, "llava").answer(None, "?")


def test_an_answer_without_text_says_why_the_model_stopped(stub):
    stub.says(None, finish_reason="length")
    with pytest.raises(ModelError, match=r"no text.*'length'.*token limit"):
        OpenAIAnswerModel(stub.url, "llava").answer(None, "?")
    stub.says(None, message={"refusal": "I will not."})
    with pytest.raises(ModelError, match="I will not"):
        OpenAIAnswerModel(stub.url, "llava").answer(None, "?")
    stub.says([{"type": "text", "text": "parts"}])
    with pytest.raises(ModelError, match="found list"):
        OpenAIAnswerModel(stub.url, "llava").answer(None, "?")


def test_a_slow_server_is_given_up(stub):
    stub.may_reply.clear()
    with pytest.raises(ModelError, match="did not answer in time"):
        OpenAIAnswerModel(stub.url, "llava", timeout=0.1).answer(None, "?")


def test_a_server_that_is_not_there_is_one_sentence():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(ModelError, match=re.escape(f"cannot reach {url}")):
        OpenAIAnswerModel(url, "llava").answer(None, "?")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000/v1",
        "file:///etc/passwd",
        "http://",
        "http://host:port/v1",
        "http://ann:secret@host/v1",
        "https://host/v1?key=secret",
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_is_sent(url):
    with pytest.raises(InvalidInput, match="expected base_url") as caught:
        OpenAIAnswerModel(url, "llava")
    assert "secret" not in str(caught.value)


def test_a_model_must_be_named_and_a_key_be_one_line():
    with pytest.raises(InvalidInput, match="name of a model"):
        OpenAIAnswerModel("http://localhost/v1", " ")
    with pytest.raises(InvalidInput, match="stray newline") as caught:
        OpenAIAnswerModel("http://localhost/v1", "m", api_key="k-1\n")
    assert "k-1" not in str(caught.value)
