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
from pekit_agents.demo import photo_path

__all__ = ["attach", "chromium", "converse", "enter", "page_of_chat", "say", "send", "take"]

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_PATIENCE_MS = 120_000.0


def chromium() -> str | None:
    """Return where a Chromium is; None where there is none."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


@contextmanager
def page_of_chat(folder: Path) -> Iterator[Page]:
    """Serve the chat on this machine alone, with the offline stand-in, and give a page for it.

    What Chainlit and the chat write goes into the folder. The page is blank: :func:`enter` opens
    the chat in it.
    """
    shutil.copytree(_HERE / ".chainlit", folder / ".chainlit")
    shutil.copy(_HERE / "chainlit.md", folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["chainlit", "run", str(_HERE / "app.py"), "--headless"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != MODEL_VARIABLE}
    folders = {"CHAINLIT_APP_ROOT": str(folder), "PEKIT_MEMORY": str(folder / "memory")}
    with (
        subprocess.Popen(  # noqa: S603  (this file's own arguments)
            [sys.executable, "-m", *command], cwd=_ROOT, env=environment | folders
        ) as server,
        sync_playwright() as playwright,
    ):
        try:
            browser = playwright.chromium.launch(
                executable_path=chromium(), args=["--no-sandbox"], timeout=_PATIENCE_MS
            )
            page = browser.new_page(
                base_url=f"http://127.0.0.1:{port}", viewport={"width": 900, "height": 1960}
            )
            page.set_default_timeout(_PATIENCE_MS)
            expect.set_options(timeout=_PATIENCE_MS)
            _wait_for(port)
            yield page
            browser.close()
        finally:
            server.terminate()


def _wait_for(port: int) -> None:
    """Wait until the chat has loaded its vision tools and listens."""
    for _ in range(round(_PATIENCE_MS / 200)):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)


def enter(page: Page) -> None:
    """Open the chat and wait for its greeting: before it, photos are refused."""
    page.goto("/")
    expect(page.get_by_text("Drop a photo and say")).to_be_visible()


def attach(page: Page, photo: Path) -> None:
    """Drop a photo into what is being written."""
    page.locator("#upload-button-input").set_input_files(photo)
    expect(page.locator("#attachments img")).to_have_count(1)


def send(page: Page, text: str) -> None:
    """Write a text and send it."""
    page.locator("#chat-input").fill(text)
    button = page.locator("#chat-submit")
    expect(button).to_be_enabled()  # the photos have arrived
    button.click()


def say(page: Page, text: str, photo: Path) -> None:
    """Send a text with a photo, and wait for the reply and its boxed picture."""
    replies = page.get_by_text("(Offline stand-in)")
    pictures = page.locator("img.inline-image")
    said, shown = replies.count(), pictures.count()
    attach(page, photo)
    send(page, text)
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
        enter(page)
        converse(page)
        page.mouse.move(0, 0)
        page.wait_for_timeout(1000)  # the page scrolls to its end
        png = page.screenshot()
    with Image.open(BytesIO(png)) as picture:
        picture.convert("RGB").save(out, quality=80)


def main(
    out: Annotated[Path, typer.Argument(help="the file to write")],
) -> None:
    """Take a picture of the chat."""
    if chromium() is None:
        raise typer.BadParameter("expected a Chromium on the path or in CHROMIUM, found none")
    take(out)


if __name__ == "__main__":
    typer.run(main)
