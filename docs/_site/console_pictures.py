"""``python docs/_site/console_pictures.py`` takes the pictures of the console's guide.

They show what the embedded profile does with photos of the scikit-image package. ``--all FOLDER``
takes every page at a phone's and a desk's width, light and dark.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import uvicorn
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from pekit_agents.demo import SCENES, compose, photo_path
from pekit_agents.images import load_image
from pekit_agents.images.compositing import vary
from pekit_agents.server import ServerSettings, create_app

DOCS = Path(__file__).parents[1]
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WIDTHS = {"desk": (1280, 800), "phone": (390, 844)}
#: What the guide shows: page, width and scheme.
SHOWN = (
    ("things", "desk", "light"),
    ("introduce", "desk", "light"),
    ("try", "desk", "light"),
    ("try", "phone", "dark"),
    ("review", "phone", "light"),
    ("strictness", "desk", "dark"),
)
_HIGHEST = {"desk": 1000, "phone": 1100}  # pixels of a page that a guide shows


def take_pictures(folder: Path, wanted: Iterator[Any] | tuple[Any, ...] = SHOWN) -> list[Path]:
    """Write pictures of pages into a folder and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    with tempfile.TemporaryDirectory() as place, _served(Path(place)) as address:
        photos = _photos(Path(place) / "photos")
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            teller = browser.new_page(viewport={"width": 1280, "height": 800})
            _introduce_all(teller, address, photos)
            for name, width, scheme in wanted:
                size = WIDTHS[width]
                page = browser.new_page(
                    viewport={"width": size[0], "height": size[1]}, color_scheme=scheme
                )
                _PAGES[name](page, address, photos)
                path = folder / f"console-{name}-{width}-{scheme}.jpg"
                taken.append(_save(page, path, _HIGHEST[width]))
                page.close()
            browser.close()
    return taken


@contextmanager
def _served(place: Path) -> Iterator[str]:
    app = create_app(ServerSettings(memory=str(place / "memory")))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def _photos(folder: Path) -> dict[str, str]:
    folder.mkdir()
    cup = load_image(photo_path("coffee.png"))
    made = {
        "kitchen table": compose(SCENES[0])[0],
        "garage": load_image(photo_path("motorcycle_right.png")),
        "office": vary(cup, mirror=True),
        "darker cup": vary(cup, brightness=0.95, mirror=True),
    }
    paths = {name: folder / f"{name}.jpg" for name in made}
    for name, photo in made.items():
        photo.save(paths[name], quality=92)
    return {name: str(path) for name, path in paths.items()}


def _introduce_all(page: Page, address: str, photos: dict[str, str]) -> None:
    things = (
        ("Chelsea", "cat", "A tabby who only drinks from the tap.", photo_path("chelsea.png")),
        ("Ruby", "motorcycle", "Rebuilt in 2014.", photo_path("motorcycle_left.png")),
        ("Morning cup", "coffee cup", "The red one.", photo_path("coffee.png")),
        ("Office cup", "coffee cup", "", photos["darker cup"]),
    )
    for name, category, note, photo in things:
        page.goto(f"{address}/introduce")
        page.set_input_files("#choose", str(photo))
        page.wait_for_selector("path.outline")
        page.fill("#name", name)
        page.fill("#category", category)
        page.fill("#context", note)
        page.click("text=Remember it")
        page.wait_for_selector("text=is remembered")
    for photo in ("office", "garage", "kitchen table"):
        _try(page, address, photos, photo)
        page.click("text=Keep what is doubtful")
        page.wait_for_selector("[role=status].good")


def _things(page: Page, address: str, _: dict[str, str]) -> None:
    page.goto(address)


def _thing(page: Page, address: str, _: dict[str, str]) -> None:
    page.goto(address)
    page.click("text=Ruby")
    page.wait_for_selector("h1:has-text('Ruby')")


def _introduce(page: Page, address: str, photos: dict[str, str]) -> None:
    page.goto(f"{address}/introduce")
    page.set_input_files("#choose", [str(photo_path("motorcycle_left.png")), photos["garage"]])
    page.wait_for_selector("li:nth-child(2) path.outline")
    drawn = page.locator("li:nth-child(2) svg")
    drawn.scroll_into_view_if_needed()
    box = drawn.bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.85 * box["height"], steps=5)
    page.mouse.up()
    page.wait_for_selector("text=Without the box")
    page.fill("#name", "Ruby")


def _try(page: Page, address: str, photos: dict[str, str], photo: str = "kitchen table") -> None:
    page.goto(f"{address}/try")
    page.set_input_files("#choose", photos[photo])
    page.wait_for_selector("article.try .told")


def _review(page: Page, address: str, _: dict[str, str]) -> None:
    page.goto(f"{address}/review")


def _strictness(page: Page, address: str, _: dict[str, str]) -> None:
    page.goto(f"{address}/strictness")
    expect(page.locator("#compared .spinner")).to_have_count(0, timeout=60_000)


def _upload(page: Page, address: str, photos: dict[str, str]) -> None:
    page.goto(f"{address}/upload")
    page.set_input_files("#choose", photos["garage"])
    page.wait_for_selector("text=your latest photo")


_PAGES = {
    "things": _things,
    "thing": _thing,
    "introduce": _introduce,
    "try": _try,
    "review": _review,
    "strictness": _strictness,
    "upload": _upload,
}


def _save(page: Page, path: Path, highest: int) -> Path:
    page.evaluate("document.activeElement.blur()")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")  # pictures that load late
    page.wait_for_load_state("networkidle")
    page.evaluate("window.scrollTo(0, 0)")
    picture = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
    picture.crop((0, 0, picture.width, min(picture.height, highest))).save(path, quality=72)
    return path


if __name__ == "__main__":
    everything = tuple(
        (name, width, scheme) for name in _PAGES for width in WIDTHS for scheme in ("light", "dark")
    )
    if sys.argv[1:2] == ["--all"]:
        _HIGHEST.update(desk=3000, phone=3000)
        pictures = take_pictures(Path(sys.argv[2]), everything)
    else:
        pictures = take_pictures(DOCS / "pictures")
    for picture in pictures:
        sys.stdout.write(f"{picture}\n")
