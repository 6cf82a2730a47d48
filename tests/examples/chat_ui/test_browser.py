"""The chat in a real browser, where there is one."""

import re

import pytest

pytest.importorskip("chainlit", reason="Chainlit is not installed: the chat cannot run")
pytest.importorskip("playwright", reason="Playwright is not installed")

from playwright.sync_api import expect

from examples.chat_ui.screenshot import attach, chromium, converse, enter, page_of_chat, send

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="there is no Chromium"),
]


def test_a_motorcycle_is_introduced_recognised_and_forgotten(tmp_path, embedded_model, photos):
    with page_of_chat(tmp_path) as page:
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        enter(page)
        expect(page.get_by_text("Offline stand-in: a few rules reply here")).to_be_visible()

        converse(page)
        expect(page.get_by_text("This is Ruby. You told me: Rebuilt by Ann")).to_be_visible()

        expect(page.locator("img.inline-image").last).to_be_in_viewport()

        bad = tmp_path / "letter.png"
        bad.write_text("no picture")
        attach(page, bad)
        send(page, "Look")
        expect(page.get_by_text("Nothing was sent. letter.png: expected a photo")).to_be_visible()

        send(page, "What do you know?")
        expect(page.get_by_text("1 personal object:")).to_be_visible()
        send(page, "Forget Ruby.")
        expect(page.get_by_text('Forgotten for good: "Ruby".')).to_be_visible()

        elsewhere = [
            url for url in asked if not re.match(r"(http|ws)://127\.0\.0\.1:|blob:|data:", url)
        ]
        assert asked
        assert elsewhere == []
