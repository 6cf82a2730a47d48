"""``pekit watch``: a clip as its camera, and a real server that is told."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from pekit_agents import profiles
from pekit_agents.cli.webhook import Webhook
from pekit_agents.errors import InvalidInput
from tests.video.turned_things import FRONT, NOTHING, look, sides_profile, write_clip


@pytest.fixture
def run(pekit, monkeypatch):
    monkeypatch.setitem(profiles.PROFILES, "sides", sides_profile)
    monkeypatch.setenv("PEKIT_PROFILE", "sides")
    write_clip(Path("cup.mp4"), [NOTHING] * 4 + [FRONT] * 6 + [NOTHING] * 5)
    look(FRONT).save("front.png")
    assert pekit("remember", "Cup", "front.png", "-c", "cup", "--context", "Private.").code == 0
    return pekit


@contextmanager
def server(*answers):
    """Serve POST with these answers, then 200; yields its address and what it got."""
    got, left = [], list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((json.loads(body), self.headers))
            self.send_response(left.pop(0) if left else 200)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *args):
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}/hook?token=secret", got
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def test_who_comes_and_goes_is_told_in_lines(run):
    done = run("watch", "cup.mp4")
    assert done.code == 0, done.err
    assert done.out.splitlines() == ["0:01.2  Cup appeared", "0:02.8  Cup is gone"]


def test_events_go_to_a_server_and_to_a_folder(run):
    with server() as (url, got):
        options = ("--webhook", url, "--webhook-header", "Authorization: Bearer abc")
        done = run("watch", "cup.mp4", "--json", "--snapshot", "seen", *options)
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [body for body, _ in got] == lines
    assert [each["event"] for each in lines] == ["appeared", "gone"]
    assert got[0][1]["Authorization"] == "Bearer abc"
    assert "Private" not in done.out
    assert Image.open(lines[0]["snapshot"]).size == (160, 120)
    assert len(list(Path("seen").iterdir())) == 2
    assert Path("seen").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("answers", "calls", "told"),
    [
        ((), 1, ""),
        ((503, 500), 3, ""),
        ((503,) * 3, 3, "503"),
        ((404,), 1, "404"),
        ((302,), 1, "302"),
    ],
)
def test_a_server_that_fails_is_tried_a_few_times(answers, calls, told):
    said = []
    with server(*answers) as (url, got):
        hook = Webhook(url, tell=said.append, pause=0)
        hook.post({"event": "appeared"})
        hook.close()
    assert len(got) == calls
    assert [told in each for each in said] == [True] * bool(told)
    assert "secret" not in "".join(said)


def test_a_server_that_is_away_holds_up_nothing_and_the_oldest_are_left_out():
    said = []
    hook = Webhook("http://127.0.0.1:9/", tell=said.append, pause=60)
    hook._waiting.maxsize = 2
    for number in range(5):
        hook.post({"number": number})
    assert "takes too long: an event was left out" in said[0]
    hook.close()
    assert not hook._thread.is_alive()
    assert any("cannot be reached (ConnectionRefusedError)" in each for each in said)


@pytest.mark.parametrize(
    ("url", "header"),
    [("file:///etc/hosts", ""), ("ftp://host/", ""), ("http://", ""), ("http://h/", "no colon")],
)
def test_what_is_no_webhook_is_refused(url, header):
    with pytest.raises(InvalidInput, match="--webhook"):
        Webhook(url, header, tell=print)
