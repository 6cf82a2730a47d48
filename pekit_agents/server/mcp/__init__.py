"""MCP: the verbs for any agent that speaks the Model Context Protocol."""

from pekit_agents.server.mcp.serving import local_server, mcp_server
from pekit_agents.server.mcp.stdio import serve_stdio
from pekit_agents.server.mcp.transport import HttpEndpoint

__all__ = ["HttpEndpoint", "local_server", "mcp_server", "serve_stdio"]
