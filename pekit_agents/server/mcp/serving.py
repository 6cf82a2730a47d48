"""The MCP server over a service: ``mcp_server`` for HTTP, ``local_server`` for one's machine."""

from __future__ import annotations

import logging
import traceback
from importlib import metadata
from typing import TYPE_CHECKING, Any

from mcp import MCPError
from mcp.server import Server, ServerRequestContext
from mcp.server.context import CallNext, HandlerResult
from mcp.types import INTERNAL_ERROR
from pydantic import ValidationError

from pekit_agents.server.clients import ClientGone
from pekit_agents.server.mcp.calls import ToolCalls
from pekit_agents.server.mcp.changes import Changes
from pekit_agents.server.mcp.prompts import Prompts
from pekit_agents.server.mcp.things import Things
from pekit_agents.server.mcp.ways_in import WaysIn

if TYPE_CHECKING:
    from pekit_agents.server.mcp.calls import UserOf
    from pekit_agents.server.service import Service

__all__ = ["local_server", "mcp_server"]

_LOGGER = logging.getLogger(__name__)


def mcp_server(service: Service) -> Server[Any]:
    """Return the MCP server for HTTP: the user is the one that was let in with the request."""
    ways_in = WaysIn(service.settings, local=False, console=True)
    return _server(service, _user_of_request, ways_in, ways_in.instructions(None))


def local_server(service: Service, *, console: bool = False) -> Server[Any]:
    """Return the MCP server for a client on this machine, which is the user of the settings.

    Args:
        service: What it works with.
        console: Whether a console over the same memory runs at the URL of the settings.
    """
    user = service.settings.user
    ways_in = WaysIn(service.settings, local=True, console=console)
    return _server(service, lambda _: user, ways_in, ways_in.instructions(user))


def _server(service: Service, user_of: UserOf, ways_in: WaysIn, told: str) -> Server[Any]:
    calls, things = ToolCalls(service, user_of, ways_in), Things(service, user_of)
    prompts, changes = Prompts(service, user_of), Changes(service, user_of)
    server: Server[Any] = Server(
        "pekit-agents",
        version=metadata.version("pekit-agents"),
        title="PeKit Agents",
        instructions=told,
        on_list_tools=calls.listed,
        on_call_tool=calls.call,
        on_list_resources=things.listed,
        on_list_resource_templates=things.templates,
        on_read_resource=things.read,
        on_list_prompts=prompts.listed,
        on_get_prompt=prompts.get,
        on_completion=prompts.complete,
        on_subscriptions_listen=changes.listen,
    )
    server.middleware.append(_guarded)
    return server


async def _guarded(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Pass a request on; an error that nobody expected tells neither client nor log what it says.

    The SDK sends its text to clients of older protocols, and that may hold what is the user's.
    """
    try:
        return await call_next(ctx)
    except (MCPError, ValidationError):
        raise
    except ClientGone as exc:  # told to nobody
        raise MCPError(INTERNAL_ERROR, "The client has gone.") from exc
    except Exception as exc:  # noqa: BLE001  # told without its text
        where = "".join(traceback.format_tb(exc.__traceback__))
        _LOGGER.error("%s failed: %s\n%s", ctx.method, type(exc).__name__, where)
        raise MCPError(INTERNAL_ERROR, "The server failed at this; its log says where.") from None


def _user_of_request(context: ServerRequestContext[Any, Any]) -> str:
    """Return the user that admission let in; a request without one does not come this far."""
    user = None if context.request is None else context.request.scope["state"]["user_id"]
    if not isinstance(user, str) or not user:
        raise LookupError("a request without a user")
    return user
