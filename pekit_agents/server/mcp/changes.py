"""``Changes``: tells clients that listen when what a user has in the memory has changed."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

import anyio
from mcp import MCPError
from mcp.server import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourcesListChanged
from mcp.types import INVALID_REQUEST, SubscriptionsListenRequestParams, SubscriptionsListenResult
from sse_starlette.sse import AppStatus

from pekit_agents.errors import PeKitError
from pekit_agents.server.mcp.calls import UserOf

if TYPE_CHECKING:
    from pekit_agents.server.service import Service

__all__ = ["Changes"]

_LOGGER = logging.getLogger(__name__)
_STEP = 0.2  # seconds between two looks at whether the server stops


class Changes:
    """Streams of ``resources/list_changed``, as clients of 2026-07-28 ask for them.

    The memory itself is asked whether it has changed: so it does not matter whether this process
    changed it, another one of the server, the console, or a command at a terminal.

    Args:
        service: What the server works with.
        user_of: Gives the user of a request.
        every_seconds: How often the memory is asked. A list in front of people may lag so much, and
            the question is one small read.
    """

    def __init__(self, service: Service, user_of: UserOf, *, every_seconds: float = 3.0) -> None:
        self._service, self._user_of, self._every = service, user_of, every_seconds
        self._streams: Counter[str] = Counter()

    async def listen(
        self, context: ServerRequestContext[Any, Any], params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        """Tell of changes for as long as the client stays.

        Raises:
            MCPError: The user listens in too many places.
        """
        user, most = self._user_of(context), self._service.settings.per_user
        if self._streams[user] >= most:
            words = f"expected at most {most} streams of one user at a time; close another first"
            raise MCPError(INVALID_REQUEST, words)
        bus = InMemorySubscriptionBus()
        stream = ListenHandler(bus)
        self._streams[user] += 1
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._watch, user, bus, stream)
                result = await stream(context, params)
                tasks.cancel_scope.cancel()
        finally:
            self._streams[user] -= 1
            self._streams += Counter()  # drops those at 0
        return result

    async def _watch(self, user: str, bus: InMemorySubscriptionBus, stream: ListenHandler) -> None:
        known = await self._version(user)
        while await self._goes_on():
            version = await self._version(user)
            if None not in (known, version) and version != known:
                await bus.publish(ResourcesListChanged())
            known = known if version is None else version
        stream.close()

    async def _goes_on(self) -> bool:
        """Wait until the memory is asked again; False as soon as the server stops.

        It is uvicorn that is told to, and it waits for the stream.
        """
        due = anyio.current_time() + self._every
        while not AppStatus.should_exit and (left := due - anyio.current_time()) > 0:
            await anyio.sleep(min(left, _STEP))
        return not AppStatus.should_exit

    async def _version(self, user: str) -> int | None:
        try:
            return await self._service.look_up(user, lambda: self._service.kit(user).version())
        except PeKitError as exc:  # busy, or the disk: the next time
            _LOGGER.debug("the memory could not be asked: %s", type(exc).__name__)
            return None
