"""What hands do on a page: drop a photo, drag over a picture; and whether a page fits."""

from __future__ import annotations

import base64

from playwright.sync_api import Locator, Page

RED, BLUE = (20, 20, 80, 80), (100, 30, 150, 90)
DROP = """([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type: "image/png" }));
  for (const kind of ["dragenter", "dragover", "drop"])
    document.body.dispatchEvent(
      new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def drop(page: Page, name: str, content: bytes) -> None:
    """Drop a photo on a page, as from a folder."""
    page.wait_for_selector("form[data-drop]")
    page.wait_for_load_state("load")
    page.evaluate(DROP, [name, base64.b64encode(content).decode()])


def drag(page: Page, drawn: Locator, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag over a picture, from one place to another in shares of it."""
    drawn.scroll_into_view_if_needed()
    box = drawn.bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (begin, end)]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=4)
    page.mouse.up()


def fits(page: Page) -> bool:
    """Return whether a page is as wide as the window."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
