"""``stopped_like_ctrl_c``: who ends a program politely is answered as who types Ctrl+C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["stopped_like_ctrl_c"]


@contextmanager
def stopped_like_ctrl_c() -> Iterator[None]:
    """Let SIGTERM raise :class:`KeyboardInterrupt`, so that what was found is not lost."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt
