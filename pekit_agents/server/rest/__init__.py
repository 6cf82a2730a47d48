"""REST: the memory over HTTP, described by OpenAPI."""

from pekit_agents.server.rest.router import router

__all__ = ["router"]
