"""Drive the chat in a real browser and take a picture of it.

``python -m examples.chat_ui.screenshot docs/chat-ui.jpg`` needs ``pip install playwright`` and a
Chromium: the one that CHROMIUM names, or ``chromium`` on the path.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from examples.chat_model import MODEL_VARIABLE
from pekit_agents.demo_scenes import photo_path

__all__ = ["chromium", "converse", "page_of_chat", "say", "take"]

_APP = Path(__file__).with_name("app.py")
_ROOT = _APP.parents[2]
_PATIENCE_MS = 120_000.0


def chromium() -> str | None:
    """Return where a Chromium is; None where there is none."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


@contextmanager
def page_of_chat(folder: Path) -> Iterator[Page]:
    """Serve the chat on this machine alone, with the offline stand-in, and open it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "server.address": "127.0.0.1",
        "server.port": port,
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    environment = {name: value for name, value in os.environ.items() if name != MODEL_VARIABLE}
    with (
        subprocess.Popen(  # noqa: S603  (this file's own arguments)
            [sys.executable, "-m", "streamlit", "run", str(_APP), *flags],
            cwd=_ROOT,
            env=environment | {"PEKIT_CHAT_DATA": str(folder)},
        ) as server,
        sync_playwright() as playwright,
    ):
        try:
            browser = playwright.chromium.launch(
                executable_path=chromium(), args=["--no-sandbox"], timeout=_PATIENCE_MS
            )
            page = browser.new_page(viewport={"width": 1180, "height": 1320})
            page.set_default_timeout(_PATIENCE_MS)
            expect.set_options(timeout=_PATIENCE_MS)
            _open(page, f"http://127.0.0.1:{port}")
            yield page
            browser.close()
        finally:
            server.terminate()


def _open(page: Page, url: str) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", int(url.rsplit(":", 1)[1]))) == 0:
                break
        time.sleep(0.2)
    page.goto(url)


def say(page: Page, text: str, photo: Path) -> None:
    """Attach a photo, write a text, send both and wait for the reply and its boxed picture."""
    replies, pictures = page.get_by_text("(Offline stand-in)"), page.locator(".stImage img")
    said, shown = replies.count(), pictures.count()
    page.locator("input[type=file]").set_input_files(photo)
    send = page.get_by_test_id("stChatInputSubmitButton")
    expect(send).to_be_enabled()  # the photo has arrived
    page.get_by_test_id("stChatInputTextArea").fill(text)
    send.click()
    expect(replies).to_have_count(said + 1)
    expect(pictures).to_have_count(shown + 2)


def converse(page: Page) -> None:
    """Introduce a motorcycle, then ask about a photo that another camera took."""
    introduction = "This is my motorcycle Ruby. Rebuilt by Ann and her father in 2014."
    say(page, introduction, photo_path("motorcycle_left.png"))
    say(page, "What is this, and how old is it?", photo_path("motorcycle_right.png"))


def take(out: Path) -> None:
    """Write a picture of the conversation."""
    with tempfile.TemporaryDirectory() as folder, page_of_chat(Path(folder)) as page:
        converse(page)
        page.wait_for_timeout(1000)  # the page scrolls to its end
        png = page.screenshot()
    with Image.open(BytesIO(png)) as picture:
        picture.convert("RGB").save(out, quality=85)


def main(
    out: Annotated[Path, typer.Argument(help="the file to write")],
) -> None:
    """Take a picture of the chat."""
    if chromium() is None:
        raise typer.BadParameter("expected a Chromium on the path or in CHROMIUM, found none")
    take(out)


if __name__ == "__main__":
    typer.run(main)
