"""MCP: the verbs for any agent that speaks the Model Context Protocol."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mcp.server import MCPServer
from starlette.types import ASGIApp

from pekit_agents.server.service import Service
from pekit_agents.server.settings import ServerSettings

__all__ = ["mcp_app", "mcp_server", "running"]


def mcp_server(service: Service) -> MCPServer:
    """Return the MCP server over what a server works with."""
    del service
    return MCPServer("pekit-agents")


def mcp_app(server: MCPServer, settings: ServerSettings) -> ASGIApp:
    """Return its streamable HTTP transport, which answers under ``/mcp``."""
    del settings
    return server.streamable_http_app()


@asynccontextmanager
async def running(server: MCPServer) -> AsyncIterator[None]:
    """Keep its sessions for as long as the application runs."""
    async with server.session_manager.run():
        yield
