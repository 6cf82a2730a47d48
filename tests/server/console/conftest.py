"""A console in this process, one that listens, and a browser that forgives nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page

from tests.chromium import started
from tests.server.console.asking import ANN, BOB, LOCAL, TOKENS, make_app


@pytest.fixture
def console(tmp_path) -> Iterator[TestClient]:
    """Give a client of a console on one's own machine, where nobody signs in."""
    with TestClient(make_app(tmp_path), base_url=LOCAL) as client:
        yield client


@pytest.fixture
def two_users(tmp_path) -> Iterator[tuple[TestClient, TestClient]]:
    """Give clients of two users of one console: ann's and bob's."""
    app = make_app(tmp_path, tokens=TOKENS)
    with TestClient(app, base_url=LOCAL) as ann:
        ann.headers["Authorization"] = f"Bearer {ANN}"
        yield ann, TestClient(app, base_url=LOCAL, headers={"Authorization": f"Bearer {BOB}"})


@pytest.fixture
def listening(tmp_path) -> Iterator[Callable[..., tuple[str, FastAPI]]]:
    """Give a function that serves a console on a free port: its address and application."""
    running = []

    def serve(**settings: Any) -> tuple[str, FastAPI]:
        app = make_app(tmp_path, **settings)
        # Whoever connects before the server accepts waits in the socket's own queue.
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{listener.getsockname()[1]}", app

    yield serve
    for server, thread in running:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium."""
    with started() as browser:
        yield browser


class Visits:
    """Opens pages and keeps what went wrong in them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[Any] = []
        self.wrong: list[str] = []
        #: The refusals that a test asks for: a browser logs each as an error.
        self.refusals: set[int] = set()

    def open(self, address: str, *, width: int = 1280, **options: Any) -> Page:
        """Open an address in a browser that has been nowhere."""
        height = 844 if width < 600 else 800
        context = self._browser.new_context(viewport={"width": width, "height": height}, **options)
        self._contexts.append(context)
        page = context.new_page()
        host = urlsplit(address).netloc
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        page.on("console", self._heard)
        page.on("request", lambda request: self._asked(request.url, host))
        page.set_default_timeout(15_000)
        page.goto(address)
        return page

    def close(self) -> None:
        """Close what was opened."""
        for each in self._contexts:
            each.close()

    def _heard(self, message: Any) -> None:
        expected = any(f"status of {status}" in message.text for status in self.refusals)
        if message.type in ("error", "warning") and not expected:
            self.wrong.append(f"console: {message.text}")

    def _asked(self, address: str, host: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("blob", "data") and parts.netloc != host:
            self.wrong.append(f"request: {address}")


@pytest.fixture
def visits(browser) -> Iterator[Visits]:
    """Give a browser; the test fails on any error in it and any request of another host."""
    opened = Visits(browser)
    yield opened
    opened.close()
    assert opened.wrong == []


@pytest.fixture(params=[390, 1280])
def width(request) -> int:
    return request.param
