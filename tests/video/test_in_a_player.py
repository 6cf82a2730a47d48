"""Annotated clips and their chapters, as a browser plays them."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from functools import partial

import pytest
from PIL import Image

pytest.importorskip("av")
pytest.importorskip("playwright", reason="Playwright is not installed")

from pekit_agents.video.annotating import annotated_video
from pekit_agents.video.chapters import to_webvtt
from tests.chromium import started
from tests.video.seen_things import GREY, SIZE, seen, timeline

pytestmark = pytest.mark.slow

BOX = (40, 60, 120, 180)
PAGE = """<!doctype html><video src="out.mp4" preload="auto">
<track kind="chapters" src="out.vtt" default></video>"""
READ = """async () => {
  const video = document.querySelector("video"), track = video.textTracks[0];
  track.mode = "hidden";
  const loaded = document.querySelector("track");
  const until = (target, event, done) => new Promise((resolve, reject) => {
    if (done()) return resolve();
    target.addEventListener(event, resolve);
    target.addEventListener("error", () => reject(new Error(event)));
  });
  await until(loaded, "load", () => loaded.readyState === 2);
  await until(video, "canplaythrough", () => video.readyState === 4);
  return {
    kind: track.kind,
    cues: [...track.cues].map((cue) =>
      [cue.id, cue.startTime, cue.endTime, cue.getCueAsHTML().textContent]),
    size: [video.videoWidth, video.videoHeight],
    seconds: video.duration,
  };
}"""


@pytest.fixture
def served(tmp_path) -> Iterator[str]:
    """Serve a folder on a free port: its address."""
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=tmp_path))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/page.html"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_browser_plays_the_clip_and_reads_its_chapters(film, tmp_path, served):
    name = "Tom --> <b>Jerry</b> & &lt; {x}"
    found = timeline(
        seen(name, {0.4: BOX, 1.25: BOX}, either="Bella\nNOTE"),
        seen("花瓶", {1.0: BOX}, number=2, possible=True),
        seen("Mug", {2.0: BOX, 2.85: BOX}, number=3),
    )
    clip = film("clip.mp4", size=SIZE, picture=lambda _: Image.new("RGB", SIZE, GREY))
    annotated_video(clip, found, tmp_path / "out.mp4")
    (tmp_path / "out.vtt").write_text(to_webvtt(found), "utf-8")
    (tmp_path / "page.html").write_text(PAGE, "utf-8")
    with started() as browser:
        page = browser.new_page()
        page.set_default_timeout(15_000)
        page.goto(served)
        read = page.evaluate(READ)
    assert read == {
        "kind": "chapters",
        "cues": [
            ["1", 0.4, 1.25, f"{name} or Bella NOTE"],
            ["2", 1, 1.85, "may be 花瓶"],
            ["3", 2, 2.85, "Mug"],
        ],
        "size": list(SIZE),
        "seconds": 3,
    }
