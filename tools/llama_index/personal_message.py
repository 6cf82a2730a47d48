"""One LlamaIndex message with personal objects boxed, named and explained."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from pekit_agents.errors import ImageError, MissingDependency

try:
    from llama_index.core.base.llms.types import ChatMessage, ContentBlock, ImageBlock
except ImportError as exc:
    raise MissingDependency(
        'LlamaIndex is not installed; type: pip install "pekit-agents[llama-index]"'
    ) from exc

from pekit_agents.tools.annotated_pictures import AnnotatedPicture, annotated_picture
from pekit_agents.tools.llama_index.messages import view_blocks, with_blocks
from pekit_agents.tools.llama_index.pictures import picture_data

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.protocols import SearchMode

__all__ = ["apersonalize_message", "personalize_message"]

_LOGGER = logging.getLogger(__name__)


def personalize_message(
    message: ChatMessage, kit: PeKit, *, mode: SearchMode = "auto"
) -> ChatMessage:
    """Return a message in which personal objects are boxed, named and explained.

    For chat engines and bare LLMs, which have no tools and no handles.

    Args:
        message: A user's message; it is not changed. Its pictures may be bytes, base64, data
            URLs or paths; other URLs are not fetched.
        kit: The user's memory.
        mode: How hard to look, as in :meth:`PeKit.find`.

    Returns:
        The message with each picture that shows something remembered replaced by the annotated
        one, and the instruction after it; the message itself when nothing was found.

    Raises:
        MemoryStoreError: The memory cannot be read.
    """
    blocks: list[ContentBlock] = []
    for block in message.blocks:
        view = _found(kit, mode, block)
        blocks += [block] if view is None else view_blocks(view)
    return message if len(blocks) == len(message.blocks) else with_blocks(message, blocks)


async def apersonalize_message(
    message: ChatMessage, kit: PeKit, *, mode: SearchMode = "auto"
) -> ChatMessage:
    """Do as :func:`personalize_message`, off the event loop."""
    return await asyncio.to_thread(personalize_message, message, kit, mode=mode)


def _found(kit: PeKit, mode: SearchMode, block: ContentBlock) -> AnnotatedPicture | None:
    """Return what is shown of a picture in which something was found."""
    data = picture_data(block) if isinstance(block, ImageBlock) else None
    if data is None:
        return None
    try:
        view = annotated_picture(kit.find(data, mode=mode), data)
    except (ImageError, MissingDependency) as exc:
        _LOGGER.warning("a picture is not searched: %s", exc)
        return None
    return view if view.text else None
