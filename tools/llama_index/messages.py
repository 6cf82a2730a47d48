"""LlamaIndex's messages as a conversation keeps them: labels in place of pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pekit_agents.errors import MissingDependency

try:
    from llama_index.core.base.llms.types import (
        ChatMessage,
        CitableBlock,
        CitationBlock,
        ContentBlock,
        DocumentBlock,
        ImageBlock,
        MessageRole,
        TextBlock,
        VideoBlock,
    )
except ImportError as exc:
    raise MissingDependency(
        'LlamaIndex is not installed; type: pip install "pekit-agents[llama-index]"'
    ) from exc

from pekit_agents.images.limits import DEFAULT_LIMITS
from pekit_agents.tools.annotated_pictures import AnnotatedPicture
from pekit_agents.tools.clip_store import CLIP_BYTES
from pekit_agents.tools.hidden_pictures import LeftOut, Piece
from pekit_agents.tools.llama_index.clips import clip_data
from pekit_agents.tools.llama_index.pictures import label_block, labels_in, picture_data
from pekit_agents.tools.message_format import Label, Parts, Role, Views

__all__ = ["LlamaIndexMessages", "flat", "view_blocks", "with_blocks"]

_ROLES: Mapping[MessageRole, Role] = {
    MessageRole.USER: "user",
    MessageRole.TOOL: "tool",
    MessageRole.FUNCTION: "tool",
}


class LlamaIndexMessages:
    """LlamaIndex's way of writing messages; see :class:`MessageFormat`.

    Args:
        max_bytes: Larger pictures are left out.
        clip_bytes: Larger clips are left out.
    """

    def __init__(
        self, max_bytes: int = DEFAULT_LIMITS.max_bytes, clip_bytes: int = CLIP_BYTES
    ) -> None:
        self._max_bytes, self._clip_bytes = max_bytes, clip_bytes

    def role(self, message: ChatMessage) -> Role:
        """Return who wrote a message."""
        return _ROLES.get(message.role, "model")

    def pieces(self, message: ChatMessage) -> Iterator[tuple[int, Piece]]:
        """Yield the texts and the pictures that are at hand."""
        for index, block in enumerate(flat(message.blocks)):
            if isinstance(block, TextBlock):
                yield index, block.text
            elif isinstance(block, ImageBlock | DocumentBlock):
                data = picture_data(block, max_bytes=self._max_bytes)
                if data is not None:
                    yield index, data

    def clips(self, message: ChatMessage) -> Iterator[tuple[int, bytes | LeftOut]]:
        """Yield the clips that are at hand."""
        for index, block in enumerate(flat(message.blocks)):
            if isinstance(block, VideoBlock | DocumentBlock):
                data = clip_data(block, max_bytes=self._clip_bytes)
                if data is not None:
                    yield index, data

    def made(self, message: ChatMessage) -> Iterator[tuple[int, bytes | LeftOut]]:
        """Yield the pictures in a model's message."""
        for index, block in enumerate(flat(message.blocks)):
            if message.role == MessageRole.ASSISTANT and isinstance(block, ImageBlock):
                data = picture_data(block, max_bytes=self._max_bytes)
                if data is not None:
                    yield index, data

    def labels(self, message: ChatMessage) -> Iterator[tuple[int, Label]]:
        """Yield the labels in the texts."""
        for index, block in enumerate(message.blocks):
            for label in labels_in(block):
                yield index, label

    def returned(self, message: ChatMessage) -> Iterator[Label]:
        """Yield the labels in the texts: an agent writes those of drawn pictures there, too."""
        for _, label in self.labels(message):
            yield label

    def detach(self, message: ChatMessage, parts: Parts) -> ChatMessage:
        """Return the message with labels."""
        blocks: list[ContentBlock] = []
        for index, block in enumerate(flat(message.blocks)):
            blocks += map(_text_block, parts[index]) if index in parts else [block]
        return with_blocks(message, blocks)

    def attach(self, message: ChatMessage, views: Views) -> ChatMessage:
        """Return the message with pictures, or words, after the texts that hold their labels."""
        blocks: list[ContentBlock] = []
        for index, block in enumerate(message.blocks):
            blocks.append(block)
            for _, view in views.get(index, ()):
                blocks += view_blocks(view)
        return with_blocks(message, blocks)

    def user_message(self, text: str, labels: Sequence[Label]) -> ChatMessage:
        """Return a user's message of a text and labels."""
        blocks = [TextBlock(text=text), *map(label_block, labels)]
        return ChatMessage(role=MessageRole.USER, blocks=blocks)


def flat(blocks: Sequence[ContentBlock]) -> list[ContentBlock]:
    """Return blocks with what is in a cited block in its place where it has pictures."""
    whole: list[ContentBlock] = []
    for block in blocks:
        inner: list[Any] = (
            block.nested_blocks if isinstance(block, CitableBlock | CitationBlock) else []
        )
        pictures = any(isinstance(each, ImageBlock | DocumentBlock | VideoBlock) for each in inner)
        whole += inner if pictures else [block]
    return whole


def _text_block(part: Label | str) -> TextBlock:
    return label_block(part) if isinstance(part, Label) else TextBlock(text=part)


def view_blocks(view: AnnotatedPicture | str) -> list[ContentBlock]:
    """Return a picture and, where something was found in it, its words; or words alone."""
    if isinstance(view, str):
        return [TextBlock(text=view)]
    picture = ImageBlock(image=view.data, image_mimetype=view.mime)
    return [picture, TextBlock(text=view.text)] if view.text else [picture]


def with_blocks(message: ChatMessage, blocks: list[ContentBlock]) -> ChatMessage:
    """Return a copy; pictures that came the old way, as ``images``, are among the blocks."""
    extras = {key: value for key, value in message.additional_kwargs.items() if key != "images"}
    return message.model_copy(update={"blocks": blocks, "additional_kwargs": extras})
