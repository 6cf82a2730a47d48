"""``serve_stdio``: MCP over standard input and output, for one user on one's own machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from mcp.server.lowlevel import NotificationOptions
from mcp.server.stdio import stdio_server

from pekit_agents.server.mcp.serving import local_server
from pekit_agents.server.service import Service

if TYPE_CHECKING:
    from pekit_agents.profiles import Profile
    from pekit_agents.server.settings import ServerSettings

__all__ = ["serve_stdio"]


def serve_stdio(
    settings: ServerSettings, *, console: bool = False, profile: Profile | None = None
) -> None:
    """Serve until the client closes standard input.

    Args:
        settings: What is served; ``user`` says to whom.
        console: Whether a console over the same memory runs at ``settings.url``.
        profile: The vision tools, in place of those that ``settings`` names.

    Raises:
        PeKitError: The settings cannot be served.
    """
    service = Service(settings, profile)
    server = local_server(service, console=console)
    # The list of resources is told to have changed where a tool changed it.
    options = server.create_initialization_options(NotificationOptions(resources_changed=True))

    async def run() -> None:
        async with stdio_server() as (read, write):
            await server.run(read, write, options)

    try:
        anyio.run(run)
    finally:
        service.close()
