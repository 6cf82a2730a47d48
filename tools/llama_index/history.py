"""The user's pictures and clips in a LlamaIndex conversation, newest first, by handle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pekit_agents.errors import MissingDependency

try:
    from llama_index.core.llms import ChatMessage, MessageRole
    from llama_index.core.workflow import Context
except ImportError as exc:
    raise MissingDependency(
        'LlamaIndex is not installed; type: pip install "pekit-agents[llama-index]"'
    ) from exc

from pekit_agents.images.limits import DEFAULT_LIMITS
from pekit_agents.tools import conversation as conversations
from pekit_agents.tools.llama_index.messages import LlamaIndexMessages

if TYPE_CHECKING:
    from pekit_agents.tools.clip_store import ClipStore
    from pekit_agents.tools.image_store import ImageStore

__all__ = ["Conversation", "conversation_of", "recent_clips", "recent_handles"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a run has said so far.

    Attributes:
        messages: The messages, the oldest first.
        session: The memory's name for the conversation; empty where it has none.
    """

    messages: Sequence[ChatMessage]
    session: str = ""

    @property
    def said(self) -> list[ChatMessage]:
        """The user's own messages, the oldest first."""
        return [message for message in self.messages if message.role == MessageRole.USER]


async def conversation_of(ctx: Context[Any] | None) -> Conversation | None:
    """Return what an agent's run has said so far; None outside of an agent."""
    memory = None if ctx is None else await ctx.store.get("memory", default=None)
    if memory is None:
        return None
    session = getattr(memory, "session_id", None) or getattr(memory, "chat_store_key", "")
    return Conversation(await memory.aget_all(), str(session))


def recent_handles(
    conversation: Conversation | None,
    user_id: str,
    images: ImageStore,
    max_bytes: int = DEFAULT_LIMITS.max_bytes,
) -> Iterator[str]:
    """Yield the handles of the user's pictures in a conversation, the newest first.

    Args:
        conversation: What was said; None for nothing.
        user_id: Whose pictures.
        images: Where they are kept.
        max_bytes: Larger pictures are not read.

    Raises:
        ActionError: A picture cannot be kept.
    """
    messages = conversation.said if conversation else []
    return conversations.recent_handles(
        messages, LlamaIndexMessages(max_bytes), user_id, images, max_bytes
    )


def recent_clips(
    conversation: Conversation | None, user_id: str, clips: ClipStore
) -> Iterator[str]:
    """Yield the handles of the user's clips in a conversation, the newest first.

    Args:
        conversation: What was said; None for nothing.
        user_id: Whose clips.
        clips: Where they are kept.

    Raises:
        ActionError: A clip cannot be kept.
    """
    messages = conversation.said if conversation else []
    form = LlamaIndexMessages(clip_bytes=clips.max_bytes)
    return conversations.recent_clips(messages, form, user_id, clips)
