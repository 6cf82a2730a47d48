"""A LlamaIndex conversation as it is kept, with handles, and as a model is shown it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from pekit_agents.errors import ImageError, MissingDependency

try:
    from llama_index.core.base.llms.types import (
        ChatMessage,
        ContentBlock,
        ImageBlock,
        MessageRole,
        TextBlock,
    )
except ImportError as exc:
    raise MissingDependency(
        'LlamaIndex is not installed; type: pip install "pekit-agents[llama-index]"'
    ) from exc

from pekit_agents.tools.annotated_pictures import (
    AnnotatedPicture,
    annotated_picture,
    plain_view,
)
from pekit_agents.tools.image_store import UnknownImage
from pekit_agents.tools.llama_index.pictures import (
    Label,
    detach_pictures,
    label_block,
    labels_in,
    picture_data,
)

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.protocols import SearchMode
    from pekit_agents.tools.actions import PersonalActions

__all__ = ["PersonalChat", "apersonalize_message", "personalize_message"]

_LOGGER = logging.getLogger(__name__)
_FROM_TOOLS = "Pictures that the tools returned:"
_TOOLS = (MessageRole.TOOL, MessageRole.FUNCTION)
_KEPT = (MessageRole.USER, *_TOOLS)


class PersonalChat:
    """Turns the kept form of a conversation into the shown one, and back.

    Args:
        actions: The memories and pictures of all users.
        auto: Whether pictures are searched; otherwise they are shown as they are.
        max_images: How many pictures are shown, the newest first; older ones stay labels.
    """

    def __init__(self, actions: PersonalActions, max_images: int, *, auto: bool) -> None:
        self._images, self._max_images = actions.images, max_images
        self._findings = actions.findings if auto else None

    def kept(self, user_id: str, message: ChatMessage) -> ChatMessage:
        """Return a message with labels for pictures; itself when it holds none.

        Pictures in other messages than the user's and the tools' stay: a model made them.
        """
        blocks = self.kept_blocks(user_id, message.blocks) if message.role in _KEPT else None
        return message if blocks is None else _with_blocks(message, blocks)

    def kept_blocks(
        self, user_id: str, blocks: Sequence[ContentBlock], *, marked: bool = False
    ) -> list[ContentBlock] | None:
        """Return blocks with labels for pictures; None when they hold none."""
        return detach_pictures(blocks, partial(self._images.put, user_id), marked=marked)

    def shown(self, user_id: str, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
        """Return a conversation as the model is to see it, in any form it is kept in."""
        kept = [self.kept(user_id, message) for message in messages]
        left = self._max_images
        shown: list[ChatMessage] = []
        for message in reversed(list(hoist_tool_pictures(kept))):
            blocks, count = self._shown_blocks(user_id, message, left)
            shown.append(_with_blocks(message, blocks) if count else message)
            left -= count
        return shown[::-1]

    def _shown_blocks(
        self, user_id: str, message: ChatMessage, most: int
    ) -> tuple[list[ContentBlock], int]:
        """Return the blocks of a user's message with its pictures, and how many these are."""
        blocks: list[ContentBlock] = []
        count = 0
        for block in message.blocks:
            blocks.append(block)
            for label in labels_in(block) if message.role == MessageRole.USER else ():
                view = self._look(user_id, label) if count < most else None
                if view is not None:
                    blocks += _view_blocks(view)
                    count += 1
        return blocks, count

    def _look(self, user_id: str, label: Label) -> AnnotatedPicture | None:
        """Return what is shown for a label; None when this user has no such picture."""
        try:
            image = self._images.get(user_id, label.handle)
        except UnknownImage:
            return None
        if self._findings is not None and not label.marked:
            try:
                return self._findings.view(user_id, label.handle)
            except (ImageError, MissingDependency) as exc:
                _LOGGER.warning("picture %s is not searched: %s", label.handle, exc)
        try:
            return plain_view(image)
        except ImageError as exc:
            _LOGGER.warning("picture %s is not shown: %s", label.handle, exc)
            return None


def hoist_tool_pictures(messages: Sequence[ChatMessage]) -> Iterator[ChatMessage]:
    """Yield a conversation with the pictures of tools in a user message after each whole batch.

    LlamaIndex drops pictures in tool messages for some providers, and some providers refuse
    them; no message may stand between the tool messages that answer one model message.
    """
    labels: list[Label] = []
    for index, message in enumerate(messages):
        yield message
        if message.role not in _TOOLS:
            continue
        labels += [label for block in message.blocks for label in labels_in(block)]
        last = index + 1 == len(messages) or messages[index + 1].role not in _TOOLS
        if last and labels:
            blocks = [label_block(label) for label in dict.fromkeys(labels)]
            yield ChatMessage(role=MessageRole.USER, blocks=[TextBlock(text=_FROM_TOOLS), *blocks])
            labels = []


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
        blocks += [block] if view is None else _view_blocks(view)
    return message if len(blocks) == len(message.blocks) else _with_blocks(message, blocks)


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


def _view_blocks(view: AnnotatedPicture) -> list[ContentBlock]:
    picture = ImageBlock(image=view.data, image_mimetype=view.mime)
    return [picture, TextBlock(text=view.text)] if view.text else [picture]


def _with_blocks(message: ChatMessage, blocks: list[ContentBlock]) -> ChatMessage:
    """Return a copy; pictures that came the old way, as ``images``, are among the blocks."""
    extras = {key: value for key, value in message.additional_kwargs.items() if key != "images"}
    return message.model_copy(update={"blocks": blocks, "additional_kwargs": extras})
