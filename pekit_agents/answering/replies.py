"""What comes back from a model: text, or a clear error."""

from __future__ import annotations

from pekit_agents.errors import ModelError

__all__ = ["require_text"]


def require_text(reply: object, who: str, *, reason: object = None) -> str:
    """Return a reply that holds text.

    Args:
        reply: What the model gave.
        who: Names the model in messages.
        reason: Why the model stopped, where it says so.

    Raises:
        ModelError: The reply is not text, or blank.
    """
    if not isinstance(reply, str):
        raise ModelError(f"expected an answer in text from {who}, found {type(reply).__name__}")
    if not reply.strip():
        why = f" (it stopped for {str(reason)!r:.60})" if reason else ""
        raise ModelError(
            f"expected an answer from {who}, found no text{why}; raise its token limit, or ask "
            "in other words"
        )
    return reply
