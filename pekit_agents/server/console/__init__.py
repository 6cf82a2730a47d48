"""The console: pages in which people see and teach the memory."""

from pekit_agents.server.console.rendering import static_files
from pekit_agents.server.console.routes import router

__all__ = ["router", "static_files"]
