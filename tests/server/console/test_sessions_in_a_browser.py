"""Signing in to the console, in Debian's Chromium: two users, and sessions that end."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.server.console.asking import ANN, BOB, TOKENS, photo
from tests.server.console.hands import RED, drop, fits

pytestmark = pytest.mark.slow


def test_two_users_sign_in_and_see_nothing_of_each_other(listening, visits, width):
    visits.refusals.add(401)
    address, app = listening(tokens=TOKENS)
    app.state.service.kit("ann").remember("Biscuit", photo(red=RED), category="dog")
    page = visits.open(f"{address}/review", width=width)
    page.get_by_label("Token").fill("not-a-token-of-anybody")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").filter(has_text="nobody")).to_be_visible()
    page.get_by_label("Token").fill(ANN)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{address}/review")
    page.goto(address)
    expect(page.get_by_role("link", name="Biscuit")).to_be_visible()
    assert fits(page)
    page.get_by_role("link", name="Switch").click()
    page.get_by_label("Token").fill(BOB)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Nothing is remembered yet")).to_be_visible()
    expect(page.locator(".user")).to_have_text("bob")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{address}/sign-in")
    page.goto(address)
    expect(page.get_by_label("Token")).to_be_visible()


def test_a_session_that_ends_meanwhile_loses_nothing_typed(listening, visits):
    visits.refusals.add(401)
    address, _ = listening(tokens=TOKENS)
    page = visits.open(f"{address}/introduce")
    page.get_by_label("Token").fill(ANN)
    page.get_by_role("button", name="Sign in").click()
    drop(page, "a.png", photo(red=RED))
    expect(page.locator("path.outline")).to_be_visible()
    page.get_by_label("Name").fill("Biscuit")
    page.get_by_label("What it is").fill("dog")
    page.context.clear_cookies()
    page.get_by_role("button", name="Remember it").click()
    expect(page.get_by_role("alert").filter(has_text="signed out")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Biscuit")
    expect(page.get_by_label("What it is")).to_have_value("dog")


def test_a_page_of_elsewhere_leads_to_a_page_without_the_token_again(listening, visits):
    address, _ = listening(tokens=TOKENS)
    page = visits.open(address)
    page.get_by_label("Token").fill(ANN)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".user")).to_have_text("ann")
    page.goto(f"data:text/html,<a href='{address}/upload'>Upload</a>")
    page.get_by_role("link", name="Upload").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hand a photo to your agent")
