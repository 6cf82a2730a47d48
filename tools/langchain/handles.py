"""Messages that speak of pictures by handle: what a conversation keeps in place of the bytes.

A picture in a message becomes its label, ``[image img_...]``, a text block that any model can
read and any checkpoint can hold. The form of the block it stood in is kept beside the content,
so that the picture can be put back in the shape its provider takes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from langchain_core.messages import BaseMessage

from pekit_agents.errors import InvalidInput
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

__all__ = ["FORMS_KEY", "attach_images", "detach_images", "labelled_images", "picture_block"]

#: Where a message keeps the emptied blocks of its pictures: handle -> block.
FORMS_KEY = "pekit_images"

_M = TypeVar("_M", bound=BaseMessage)
_LOGGER = logging.getLogger(__name__)


def detach_images(message: _M, put: Callable[[bytes], str]) -> _M:
    """Return the message with a label in place of each picture; itself when it has none.

    Args:
        message: Any message; it is not changed.
        put: Keeps the bytes of a picture and returns its handle. A picture that it refuses
            with :class:`InvalidInput` stays where it is.
    """
    labels: dict[int, Sequence[Block]] = {}
    forms: dict[str, Block] = {}
    for picture in images_in(message):
        try:
            handle = put(picture.data)
        except InvalidInput as exc:
            _LOGGER.warning("a picture of message %s stays in it: %s", message.id, exc)
            continue
        labels[picture.index] = [text_block(image_label(handle))]
        forms[handle] = blank(picture.block)
    if not labels:
        return message
    known = {**message.additional_kwargs.get(FORMS_KEY, {}), **forms}
    extras = {**message.additional_kwargs, FORMS_KEY: known}
    return replace_blocks(message, labels).model_copy(update={"additional_kwargs": extras})


def labelled_images(message: BaseMessage) -> dict[int, str]:
    """Return index -> handle of the blocks that are a label and nothing else."""
    if isinstance(message.content, str):
        return {}
    found = {}
    for index, block in enumerate(message.content):
        text = block.get("text") if isinstance(block, dict) else block
        handles = handles_in(text) if isinstance(text, str) else []
        if len(handles) == 1 and text == image_label(handles[0]):
            found[index] = handles[0]
    return found


def attach_images(message: _M, blocks: Callable[[str, object], Sequence[Block] | None]) -> _M:
    """Return the message with more blocks after each label.

    Args:
        message: A message as :func:`detach_images` returns it; it is not changed.
        blocks: For a handle and the form of its block, what to put after the label; None
            leaves the label alone.
    """
    forms = message.additional_kwargs.get(FORMS_KEY)
    forms = forms if isinstance(forms, Mapping) else {}
    more: dict[int, Sequence[Block]] = {}
    for index, handle in labelled_images(message).items():
        added = blocks(handle, forms.get(handle))
        if added is not None:
            more[index] = [text_block(image_label(handle)), *added]
    return replace_blocks(message, more)


def picture_block(form: object, data: bytes, mime: str) -> Block:
    """Return a picture in the shape of an emptied block, in the most usual one without it."""
    if isinstance(form, dict):
        filled: dict[str, Any] = form
        try:
            return replace_image(filled, data, mime)
        except ValueError:
            _LOGGER.debug("the form of an image block is unknown: %s", sorted(map(str, filled)))
    return image_block(data, mime)
