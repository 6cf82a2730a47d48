"""``Webhook``: posts events as JSON, without letting what watches wait."""

from __future__ import annotations

import json
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from pekit_agents.errors import InvalidInput

__all__ = ["Webhook"]

_TRIES, _TIMEOUT = 3, 10.0  # seconds for an answer
_MOST = 100  # events that wait: a server that is away for longer misses the oldest
_LATER = (408, 425, 429)


class Webhook:
    """Posts one event after the other from a thread of its own.

    Args:
        url: Where to, http or https. It may hold a secret, and is in no message.
        header: A header to send along, "Authorization: Bearer ..."; ``""`` for none.
        tell: Called with a sentence when an event could not be posted.
        pause: Seconds before a second try; before a third twice as long.

    Raises:
        InvalidInput: The URL or the header is none.
    """

    def __init__(
        self, url: str, header: str = "", *, tell: Callable[[str], None], pause: float = 1.0
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput("--webhook: expected http://... or https://..., found another text")
        name, colon, value = header.partition(":")
        if header and not (colon and name.strip() and "\n" not in header):
            raise InvalidInput('--webhook-header: expected "Name: value", found another text')
        self._headers = {"Content-Type": "application/json", "User-Agent": "pekit-agents"}
        if header:
            self._headers[name.strip()] = value.strip()
        self._url, self._name = url, f"{parts.scheme}://{parts.hostname}"
        self._tell, self._pause = tell, pause
        self._waiting: queue.Queue[bytes | None] = queue.Queue(_MOST)
        self._closing = threading.Event()
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def post(self, event: Mapping[str, Any]) -> None:
        """Have an event posted; returns at once."""
        body = json.dumps(event, ensure_ascii=False).encode()
        while True:
            try:
                self._waiting.put_nowait(body)
                return
            except queue.Full:
                self._waiting.get_nowait()
                self._tell(f"{self._name} takes too long: an event was left out.")

    def close(self, patience: float = _TIMEOUT) -> None:
        """Post what waits, for so many seconds at most."""
        self._closing.set()
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            self._waiting.get_nowait()
            self._waiting.put_nowait(None)
        self._thread.join(patience)

    def _run(self) -> None:
        while (body := self._waiting.get()) is not None:
            why = self._sent(body)
            if why:
                self._tell(f"{self._name} did not take an event: {why}.")

    def _sent(self, body: bytes) -> str:
        """Post it, more than once if need be; return why it could not be."""
        why = ""
        for attempt in range(_TRIES):
            if attempt:
                self._closing.wait(self._pause * attempt)
            request = urllib.request.Request(self._url, body, self._headers, method="POST")  # noqa: S310
            try:
                with self._opener.open(request, timeout=_TIMEOUT):
                    return ""
            except urllib.error.HTTPError as exc:
                why = f"it answered {exc.code}"
                exc.close()
                if exc.code < 500 and exc.code not in _LATER:
                    return why
            except (OSError, ValueError) as exc:
                why = f"it cannot be reached ({type(getattr(exc, 'reason', exc)).__name__})"
        return why


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else: a redirected POST would become a GET."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Take a redirect for an error."""
        return
