"""The user of ``{"configurable": {"user_id": ...}}``, for hosts that alone set it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pekit_agents.errors import MissingDependency

try:
    from langgraph.config import get_config
except ImportError as exc:
    raise MissingDependency(
        'LangChain is not installed; type: pip install "pekit-agents[langchain]"'
    ) from exc

from pekit_agents.tools.identity import UnknownUser, checked_user

__all__ = ["configured_user"]


def configured_user(runtime: Any) -> str:
    """Return the ``user_id`` that a run is configured with; to be given as ``user_resolver``.

    Give it only where the application alone configures runs. On a server whose clients send the
    configuration, a client could name anybody.

    Args:
        runtime: LangChain's runtime; None outside of an agent.

    Raises:
        UnknownUser: The run is configured with none, or with what is no text.
    """
    config: Any = getattr(runtime, "config", None)
    if config is None:
        try:
            config = get_config()
        except RuntimeError:  # outside of a run
            config = {}
    configured = config.get("configurable")
    user = configured.get("user_id") if isinstance(configured, Mapping) else None
    if user is None:
        raise UnknownUser(
            "expected a run with {'configurable': {'user_id': ...}}, found none; configure it so, "
            "or say whose memory is meant where no run does"
        )
    return checked_user(user, "the user_id of 'configurable'")
