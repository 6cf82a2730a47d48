"""One server for every agent and person: REST, MCP and a console over the same memories.

``create_app`` returns it as an ASGI application; ``pekit serve`` runs it.
"""

from pekit_agents.errors import MissingDependency

try:
    import fastapi as _fastapi
    import mcp as _mcp
except ImportError as exc:
    raise MissingDependency(
        'the server is not installed; type: pip install "pekit-agents[server]"'
    ) from exc

from pekit_agents.server.app import create_app
from pekit_agents.server.identity import Identify
from pekit_agents.server.service import Service
from pekit_agents.server.settings import ServerSettings
from pekit_agents.server.tokens import Tokens

__all__ = ["Identify", "ServerSettings", "Service", "Tokens", "create_app"]

del _fastapi, _mcp
