"""LangChain's messages as a conversation keeps them: labels in place of the bytes of pictures.

A picture in a message becomes its label, ``[image img_...]``, a text block that any model can
read and any checkpoint can hold. The form of the block it stood in is kept beside the content,
so that the picture can be put back in the shape its provider takes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pekit_agents.errors import MissingDependency

try:
    from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage
except ImportError as exc:
    raise MissingDependency(
        'LangChain is not installed; type: pip install "pekit-agents[langchain]"'
    ) from exc

from pekit_agents.tools.annotated_pictures import AnnotatedPicture
from pekit_agents.tools.conversation import Label, Role, Views, drawn_pictures
from pekit_agents.tools.image_store import handles_in, image_label
from pekit_agents.tools.langchain.pictures import (
    Block,
    blank,
    image_block,
    images_in,
    replace_blocks,
    replace_image,
    text_block,
)

__all__ = ["FORMS_KEY", "LangChainMessages", "labelled_images"]

#: Where a message keeps the emptied blocks of its pictures: handle -> block.
FORMS_KEY = "pekit_images"

_M = TypeVar("_M", bound=BaseMessage)
_LOGGER = logging.getLogger(__name__)


class LangChainMessages:
    """LangChain's way of writing messages; see :class:`MessageFormat`."""

    def role(self, message: BaseMessage) -> Role:
        """Return who wrote a message."""
        if isinstance(message, HumanMessage):
            return "user"
        return "tool" if isinstance(message, ToolMessage) else "model"

    def pieces(self, message: BaseMessage) -> Iterator[tuple[int, str | bytes]]:
        """Yield the texts and the pictures that are inline."""
        pictures = {picture.index: picture.data for picture in images_in(message)}
        for index, text in _texts(message):
            piece = pictures.get(index, text)
            if piece is not None:
                yield index, piece

    def labels(self, message: BaseMessage) -> Iterator[tuple[int, Label]]:
        """Yield the blocks that are a label and nothing else."""
        for index, handle in labelled_images(message).items():
            yield index, Label(handle)

    def returned(self, message: BaseMessage) -> Iterator[Label]:
        """Yield the pictures that a personal tool has drawn boxes on, then those in the content."""
        for handle in drawn_pictures(getattr(message, "artifact", None)):
            yield Label(handle, marked=True)
        for _, label in self.labels(message):
            yield label

    def detach(self, message: _M, labels: Mapping[int, Label]) -> _M:
        """Return the message with labels, and with the forms of the blocks beside the content."""
        blocks = {at: [text_block(image_label(label.handle))] for at, label in labels.items()}
        forms = dict(_forms(message))
        for index, label in labels.items():
            if isinstance(block := message.content[index], dict):
                forms[label.handle] = blank(block)
        extras = {**message.additional_kwargs, FORMS_KEY: forms}
        return replace_blocks(message, blocks).model_copy(update={"additional_kwargs": extras})

    def attach(self, message: _M, views: Views) -> _M:
        """Return the message with pictures in the shapes that they came in, or with words."""
        forms = _forms(message)
        blocks: dict[int, list[Block]] = {index: [] for index in views}
        for index, shown in views.items():
            for handle, view in shown:
                blocks[index].append(text_block(image_label(handle)))
                if isinstance(view, AnnotatedPicture):
                    blocks[index].append(_picture_block(forms.get(handle), view.data, view.mime))
                words = view if isinstance(view, str) else view.text
                blocks[index] += [text_block(words)] if words else []
        return replace_blocks(message, blocks)

    def user_message(self, text: str, labels: Sequence[Label]) -> HumanMessage:
        """Return a user's message of a text and labels."""
        blocks: list[str | Block] = [text_block(image_label(label.handle)) for label in labels]
        return HumanMessage([text_block(text), *blocks])


def labelled_images(message: BaseMessage) -> dict[int, str]:
    """Return index -> handle of the blocks that are a label and nothing else."""
    if isinstance(message.content, str):
        return {}
    found = {}
    for index, text in _texts(message):
        handles = handles_in(text) if text is not None else []
        if len(handles) == 1 and text == image_label(handles[0]):
            found[index] = handles[0]
    return found


def _texts(message: BaseMessage) -> Iterator[tuple[int, str | None]]:
    """Yield index and text of each block; None where a block has no text."""
    blocks = [message.content] if isinstance(message.content, str) else message.content
    for index, block in enumerate(blocks):
        text = block.get("text") if isinstance(block, dict) else block
        yield index, text if isinstance(text, str) else None


def _forms(message: BaseMessage) -> Mapping[str, object]:
    forms = message.additional_kwargs.get(FORMS_KEY)
    return forms if isinstance(forms, Mapping) else {}


def _picture_block(form: object, data: bytes, mime: str) -> Block:
    """Return a picture in the shape of an emptied block, in the most usual one without it."""
    if isinstance(form, dict):
        filled: dict[str, Any] = form
        try:
            return replace_image(filled, data, mime)
        except ValueError:
            _LOGGER.debug("the form of an image block is unknown: %s", sorted(map(str, filled)))
    return image_block(data, mime)
