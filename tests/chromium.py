"""Debian's Chromium, as tests of several folders start it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def started() -> Iterator[Browser]:
    """Start it; where continuous integration runs it has to be there."""
    if not CHROMIUM.exists():
        told = f"{CHROMIUM} is not installed: apt-get install chromium"
        # .ci/run installs it where it is root.
        if os.environ.get("CI") or os.geteuid() == 0:
            pytest.fail(told)
        pytest.skip(told)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()
