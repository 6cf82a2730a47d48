"""Whose memory a tool call reaches: decided by the host, never by the model.

In this order: the user the tools are bound to; what the application's resolver says; the
``user_id`` of the run's context; the user whom a LangGraph server has authenticated. Where the
last two are both there they must agree, because the context of a run on a server comes from the
client.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pekit_agents.errors import PeKitError

__all__ = ["UnknownUser", "UserResolver", "checked_user", "user_of"]

#: Gives the user of a run; it is handed the runtime, or None outside of an agent.
UserResolver = Callable[[Any], str]


class UnknownUser(PeKitError):
    """Nobody says whose memory is meant, or two say different things."""


def user_of(
    runtime: Any, *, user_id: str | None = None, resolver: UserResolver | None = None
) -> str:
    """Return the user of a run.

    Args:
        runtime: LangChain's ``ToolRuntime``, or the ``Runtime`` of a middleware; None outside of
            an agent.
        user_id: The user that the tools are bound to.
        resolver: The application's own rule.

    Raises:
        UnknownUser: There is no user, or it is not a text, or the context contradicts the
            server. It must stop the run: the model cannot mend it.
    """
    if user_id is not None:
        return checked_user(user_id, "the bound user_id")
    if resolver is not None:
        return checked_user(resolver(runtime), "the resolver's answer")
    claimed = _field(getattr(runtime, "context", None), "user_id")
    proven = _identity(runtime)
    if claimed is None and proven is None:
        raise UnknownUser(
            "expected to know whose memory is meant, found no user; bind user_id=..., give a "
            "resolver, or run the agent with context={'user_id': ...}; of a run's "
            "{'configurable': {'user_id': ...}}, where the application alone sets it, "
            "user_resolver=configured_user of pekit_agents.tools.langchain"
        )
    if claimed is not None and proven is not None and claimed != proven:
        raise UnknownUser(
            "expected the user_id of the context to be the authenticated user, found another; "
            "leave it out, or bind a resolver that decides"
        )
    return checked_user(proven if claimed is None else claimed, "the run's user_id")


def _identity(runtime: Any) -> Any:
    user = getattr(getattr(runtime, "server_info", None), "user", None)
    return None if user is None else _field(user, "identity")


def _field(holder: Any, name: str) -> Any:
    return holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)


def checked_user(user_id: object, what: str) -> str:
    """Return a user id, or raise UnknownUser when it is not a text with characters.

    Args:
        user_id: What somebody gave for one.
        what: Who gave it, for the message.
    """
    if not isinstance(user_id, str) or not user_id:
        raise UnknownUser(f"expected {what} to be a text with characters, found {user_id!r}")
    return user_id
