"""Whose memory a LlamaIndex run reaches: decided by the host, never by the model.

In this order: the user the tools are bound to; what the application's resolver says; what the
application has set in the run's store. The store's ``state`` does not count: LlamaIndex writes it
into the prompt.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from pekit_agents.errors import InvalidInput, MissingDependency

try:
    from llama_index.core.workflow import Context
except ImportError as exc:
    raise MissingDependency(
        'LlamaIndex is not installed; type: pip install "pekit-agents[llama-index]"'
    ) from exc

from pekit_agents.tools.identity import UnknownUser, checked_user

__all__ = ["ContextResolver", "check_key", "user_of_run"]

#: Gives the user of a run; it is handed the Context, or None outside of an agent.
ContextResolver: TypeAlias = Callable[[Context[Any] | None], str | Awaitable[str]]


def check_key(key: str) -> str:
    """Return a key of the run's store.

    Raises:
        InvalidInput: It is empty, or within ``state``, which models read.
    """
    if not key or key.split(".", 1)[0] == "state":
        raise InvalidInput(f"user_key: expected a key outside of 'state', found {key!r}")
    return key


async def user_of_run(
    ctx: Context[Any] | None,
    *,
    user_id: str | None = None,
    resolver: ContextResolver | None = None,
    key: str = "user_id",
) -> str:
    """Return the user of a run.

    Args:
        ctx: The run's context; None outside of an agent.
        user_id: The user that the tools are bound to.
        resolver: The application's own rule.
        key: Where in the run's store the application sets the user.

    Raises:
        UnknownUser: There is no user, or it is not a text. It should stop the run: the model
            cannot mend it.
    """
    if user_id is not None:
        return checked_user(user_id, "the bound user_id")
    if resolver is not None:
        answer = resolver(ctx)
        resolved = await answer if inspect.isawaitable(answer) else answer
        return checked_user(resolved, "the resolver's answer")
    stored = None if ctx is None else await ctx.store.get(key, default=None)
    if stored is None:
        raise UnknownUser(
            "expected to know whose memory is meant, found no user; bind user_id=..., give a "
            f"resolver, or await ctx.store.set({key!r}, ...) and run the agent with that ctx"
        )
    return checked_user(stored, f"{key!r} in the run's store")
