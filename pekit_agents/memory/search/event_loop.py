"""Waiting for LanceDB's asynchronous calls from code that is not asynchronous.

LanceDB's own synchronous methods cross to another thread and back for each step of a search:
seven times, which on a busy machine takes longer than the search. Here it is once.
"""

from __future__ import annotations

import asyncio
import threading
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from pekit_agents.errors import MemoryStoreError
from pekit_agents.memory.place.session import check_process

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

_T = TypeVar("_T")


def wait_for(task: Coroutine[Any, Any, _T]) -> _T:
    """Return what ``task`` returns, from any thread, whether an event loop runs in it or not."""
    return start(task).result()


def start(task: Coroutine[Any, Any, _T]) -> Future[_T]:
    """Start ``task``, to be waited for later."""
    try:
        check_process()  # the loop's thread does not live on in a forked child
    except MemoryStoreError:
        task.close()
        raise
    return asyncio.run_coroutine_threadsafe(task, _loop())


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="pekit-memory", daemon=True).start()
    return loop
