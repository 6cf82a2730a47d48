"""The user's pictures in a LlamaIndex conversation, newest first, by handle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pekit_agents.errors import InvalidInput, MissingDependency

try:
    from llama_index.core.llms import ChatMessage, ImageBlock, MessageRole, TextBlock
    from llama_index.core.workflow import Context
except ImportError as exc:
    raise MissingDependency(
        'LlamaIndex is not installed; type: pip install "pekit-agents[llama-index]"'
    ) from exc

from pekit_agents.tools.image_store import ImageStore, handles_in
from pekit_agents.tools.llama_index.pictures import picture_data
from pekit_agents.tools.results import ActionError

__all__ = ["Conversation", "conversation_of", "recent_handles"]


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
    conversation: Conversation | None, user_id: str, images: ImageStore
) -> Iterator[str]:
    """Yield the handles of the user's pictures in a conversation, the newest first.

    Only what stands in the user's own messages counts. A picture that is still in its message is
    put into the store when its turn comes; URLs are never fetched.

    Args:
        conversation: What was said; None for nothing.
        user_id: Whose pictures.
        images: Where they are kept.

    Raises:
        ActionError: A picture cannot be kept.
    """
    for message in reversed(conversation.said if conversation else []):
        yield from reversed(_handles(message, user_id, images))


def _handles(message: ChatMessage, user_id: str, images: ImageStore) -> list[str]:
    handles: list[str] = []
    for block in message.blocks:
        if isinstance(block, TextBlock):
            handles.extend(handles_in(block.text))
        elif isinstance(block, ImageBlock) and (data := picture_data(block)):
            try:
                handles.append(images.put(user_id, data))
            except InvalidInput as exc:
                raise ActionError(str(exc)) from exc
    return handles
