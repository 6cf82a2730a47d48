"""The chat in a real browser, where there is one."""

import pytest

pytest.importorskip("streamlit", reason="Streamlit is not installed: the chat cannot run")
pytest.importorskip("playwright", reason="Playwright is not installed")

from playwright.sync_api import expect

from examples.chat_ui.screenshot import chromium, converse, page_of_chat


@pytest.mark.slow
@pytest.mark.skipif(chromium() is None, reason="there is no Chromium")
def test_a_motorcycle_is_introduced_recognised_and_forgotten(tmp_path, embedded_model, photos):
    with page_of_chat(tmp_path) as page:
        converse(page)
        assert page.get_by_text("This is Ruby. You told me: Rebuilt by Ann").is_visible()
        things = page.get_by_test_id("stSidebar").get_by_text("Ruby, motorcycle")
        assert things.is_visible()
        page.get_by_test_id("stSidebar").get_by_role("button", name="✕").click()
        expect(things).to_have_count(0)
