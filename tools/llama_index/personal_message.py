"""One LlamaIndex message with personal objects boxed, named and explained."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from operator import is_
from typing import TYPE_CHECKING

from pekit_agents.errors import ImageError, MissingDependency

try:
    from llama_index.core.base.llms.types import ChatMessage, ContentBlock, ImageBlock
except ImportError as exc:
    raise MissingDependency(
        'LlamaIndex is not installed; type: pip install "pekit-agents[llama-index]"'
    ) from exc

from pekit_agents.answering.pictures import SentLimits, sent_among, whole_as_sent
from pekit_agents.tools.annotated_pictures import (
    AnnotatedPicture,
    annotated_picture,
    plain_view,
    why_unread,
)
from pekit_agents.tools.hidden_pictures import LeftOut
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
        one, and the instruction after it; a picture that hosted models would not take by one that
        they do, or by words where it cannot be read. The message itself when nothing changed.

    Raises:
        MemoryStoreError: The memory cannot be read.
    """
    blocks: list[ContentBlock] = []
    limits = sent_among(sum(isinstance(block, ImageBlock) for block in message.blocks))
    for block in message.blocks:
        blocks += _shown(kit, mode, block, limits) if isinstance(block, ImageBlock) else [block]
    same = len(blocks) == len(message.blocks) and all(map(is_, blocks, message.blocks))
    return message if same else with_blocks(message, blocks)


async def apersonalize_message(
    message: ChatMessage, kit: PeKit, *, mode: SearchMode = "auto"
) -> ChatMessage:
    """Do as :func:`personalize_message`, off the event loop."""
    return await asyncio.to_thread(personalize_message, message, kit, mode=mode)


def _shown(
    kit: PeKit, mode: SearchMode, block: ImageBlock, limits: SentLimits
) -> list[ContentBlock]:
    """Return what is shown in place of a picture: itself where nothing has to change."""
    data = picture_data(block, max_bytes=kit.limits.max_bytes)
    if data is None:
        return [block]
    if isinstance(data, LeftOut):
        return view_blocks(f"A picture cannot be read: {data.reason}")
    try:
        view = _found(kit, mode, data)
        sent, mime = whole_as_sent(view.data, limits)
    except (ImageError, MissingDependency) as exc:
        return view_blocks(f"A picture {why_unread(exc)}")
    if sent == data and block.image_mimetype in (None, mime):
        return [block]
    return view_blocks(replace(view, data=sent, mime=mime))


def _found(kit: PeKit, mode: SearchMode, data: bytes) -> AnnotatedPicture:
    try:
        return annotated_picture(kit.find(data, mode=mode), data)
    except ImageError as exc:  # too small to search, perhaps
        _LOGGER.debug("a picture is not searched: %s", exc)
        return plain_view(data, kit.limits)
