"""``HttpEndpoint``: MCP over streamable HTTP, each request by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from pekit_agents.server.problems import Problem

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from starlette.types import Receive, Scope, Send

    from pekit_agents.server.settings import ServerSettings

__all__ = ["HttpEndpoint"]


class HttpEndpoint:
    """The endpoint as an ASGI application, without sessions.

    A request carries all that it needs, so that any of several processes answers it, and whose it
    is was decided for it alone: there is no session that another token could use. Host and origin
    were checked before, by the server's admission.

    Args:
        server: The MCP server.
        settings: The largest body.
    """

    def __init__(self, server: Server[Any], settings: ServerSettings) -> None:
        self._sessions = StreamableHTTPSessionManager(
            server, stateless=True, max_request_body_size=settings.max_request
        )

    def running(self) -> AbstractAsyncContextManager[None]:
        """Answer for as long as it is entered, which it can be once."""
        return self._sessions.run()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request.

        Raises:
            Problem: It is no POST: there is neither a stream of its own to open nor a session to
                end.
        """
        if scope["method"] != "POST":
            words = f"expected POST, found {scope['method']}; send MCP messages as POST"
            raise Problem(405, words, headers={"Allow": "POST"})
        await self._sessions.handle_request(scope, receive, send)
