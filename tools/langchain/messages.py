"""LangChain's messages as a conversation keeps them: labels in place of the bytes of pictures.

A picture in a message becomes its label, ``[image img_...]``, a text block that any model can
read and any checkpoint can hold. The form of the block it stood in is kept beside the content,
so that the picture can be put back in the shape that it came in, where every adapter takes that.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from pekit_agents.errors import ImageError, MissingDependency

try:
    from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
except ImportError as exc:
    raise MissingDependency(
        'LangChain is not installed; type: pip install "pekit-agents[langchain]"'
    ) from exc

from pekit_agents.answering.pictures import as_sent
from pekit_agents.images.limits import DEFAULT_LIMITS, ImageLimits
from pekit_agents.tools.annotated_pictures import AnnotatedPicture, why_unread
from pekit_agents.tools.clip_store import CLIP_BYTES
from pekit_agents.tools.conversation import drawn_pictures
from pekit_agents.tools.hidden_pictures import LeftOut, Piece, parts_of
from pekit_agents.tools.image_store import handles_in, image_label
from pekit_agents.tools.langchain.clips import inline_clips, is_clip_block
from pekit_agents.tools.langchain.pictures import (
    Block,
    form_of,
    image_block,
    inline_images,
    replace_blocks,
    replace_image,
    text_block,
)
from pekit_agents.tools.message_format import Label, Parts, Role, Views
from pekit_agents.tools.swept_values import swept

__all__ = ["FORMS_KEY", "LangChainMessages", "labelled_images", "sendable", "unwrapped"]

#: Where a message keeps the emptied blocks of its pictures: handle -> block.
FORMS_KEY = "pekit_images"

_M = TypeVar("_M", bound=BaseMessage)
_LOGGER = logging.getLogger(__name__)


class LangChainMessages:
    """LangChain's way of writing messages; see :class:`MessageFormat`.

    Args:
        max_bytes: Larger pictures are left out.
        clip_bytes: Larger clips are left out.
    """

    def __init__(
        self, max_bytes: int = DEFAULT_LIMITS.max_bytes, clip_bytes: int = CLIP_BYTES
    ) -> None:
        self._max_bytes, self._clip_bytes = max_bytes, clip_bytes

    def role(self, message: BaseMessage) -> Role:
        """Return who wrote a message."""
        if isinstance(message, HumanMessage):
            return "user"
        return "tool" if isinstance(message, ToolMessage) else "model"

    def pieces(self, message: BaseMessage) -> Iterator[tuple[int, Piece]]:
        """Yield the texts and the pictures that are inline; a picture in no known block as text."""
        pictures = inline_images(message, max_bytes=self._max_bytes)
        for index, block in enumerate(_blocks(message)):
            picture = pictures.get(index)
            if picture is not None:
                yield index, picture if isinstance(picture, LeftOut) else picture.data
            elif is_clip_block(block):
                continue
            elif isinstance(block, str):
                yield index, block
            elif (text := _hidden_in(block)) is not None:
                yield index, text
            elif isinstance(block.get("text"), str):
                yield index, block["text"]

    def clips(self, message: BaseMessage) -> Iterator[tuple[int, bytes | LeftOut]]:
        """Yield the clips that are inline."""
        yield from inline_clips(message, max_bytes=self._clip_bytes).items()

    def made(self, message: BaseMessage) -> Iterator[tuple[int, bytes | LeftOut]]:
        """Yield the pictures in a model's message; one that its provider has signed goes back."""
        if isinstance(message, AIMessage):
            for index, found in inline_images(message, max_bytes=self._max_bytes).items():
                block = message.content[index]
                if not (isinstance(block, dict) and block.get("extras")):
                    yield index, found if isinstance(found, LeftOut) else found.data

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

    def detach(self, message: _M, parts: Parts) -> _M:
        """Return the message with labels, and with the forms of the blocks beside the content."""
        blocks, forms, content = {}, dict(_forms(message)), _blocks(message)
        for index, kept in parts.items():
            blocks[index] = [
                text_block(part.text if isinstance(part, Label) else part) for part in kept
            ]
            block = content[index]
            picture = [part for part in kept if isinstance(part, Label) and not part.of_clip]
            if len(kept) == len(picture) == 1 and isinstance(block, dict):
                forms[picture[0].handle] = form_of(block)
        extras = {**message.additional_kwargs, FORMS_KEY: forms}
        return replace_blocks(message, blocks).model_copy(update={"additional_kwargs": extras})

    def attach(self, message: _M, views: Views) -> _M:
        """Return the message with pictures in the shapes of :func:`form_of`, or with words."""
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
        blocks: list[str | Block] = [text_block(label.text) for label in labels]
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


def unwrapped(message: ToolMessage) -> ToolMessage:
    """Return a tool's message with blocks in place of the JSON that LangChain has made of them.

    A tool that returns one block, a tuple, or a block of a kind that LangChain does not know in a
    tool's message has all of it in a text.
    """
    content = message.content
    if not isinstance(content, str) or content[:1] not in ("[", "{") or len(parts_of(content)) < 2:
        return message
    try:
        value = json.loads(content)
    except ValueError:
        return message
    blocks = value if isinstance(value, list) else [value]
    if not all(isinstance(block, str | dict) for block in blocks):
        return message
    told = message.model_copy(update={"content": blocks})
    known = inline_images(told)
    texts = (isinstance(block, str) or block.get("type") == "text" for block in blocks)
    return told if all(text or at in known for at, text in enumerate(texts)) else message


def sendable(message: _M, readable: ImageLimits) -> _M:
    """Return a message that stays as it is with its pictures as hosted models take them.

    Args:
        message: A message of the application's, such as a system message.
        readable: What a picture may weigh.
    """
    blocks: dict[int, list[Block]] = {}
    for index, found in inline_images(message, max_bytes=readable.max_bytes).items():
        if isinstance(found, LeftOut):
            blocks[index] = [text_block(f"A picture cannot be read: {found.reason}")]
            continue
        try:
            data, mime = as_sent(found.data, readable=readable)
        except (ImageError, MissingDependency) as exc:
            blocks[index] = [text_block(f"A picture {why_unread(exc)}")]
            continue
        if (data, mime) != (found.data, found.mime):
            blocks[index] = [replace_image(found.block, data, mime)]
    return replace_blocks(message, blocks)


def _blocks(message: BaseMessage) -> list[str | Block]:
    return [message.content] if isinstance(message.content, str) else message.content


def _hidden_in(block: Block) -> str | None:
    """Return a block as JSON where pictures are in it that it does not say it has."""
    if block.get("type") == "text" and isinstance(block.get("text"), str) and len(block) == 2:
        return None
    if block == swept(block, lambda _: ""):
        return None
    return json.dumps(block, ensure_ascii=False, default=_told)


def _told(value: object) -> str:
    """Return what JSON has not as a text; a picture so that it is found in it."""
    data: list[bytes | LeftOut] = []

    def take(picture: bytes | LeftOut) -> str:
        data.append(picture)
        return ""

    swept(value, take)
    if len(data) != 1 or not isinstance(data[0], bytes):
        return repr(value)
    return f"data:image/*;base64,{base64.b64encode(data[0]).decode()}"


def _texts(message: BaseMessage) -> Iterator[tuple[int, str | None]]:
    """Yield index and text of each block; None where a block has no text."""
    for index, block in enumerate(_blocks(message)):
        text = block.get("text") if isinstance(block, dict) else block
        yield index, text if isinstance(text, str) else None


def _forms(message: BaseMessage) -> Mapping[str, object]:
    forms = message.additional_kwargs.get(FORMS_KEY)
    return forms if isinstance(forms, Mapping) else {}


def _picture_block(form: object, data: bytes, mime: str) -> Block:
    """Return a picture in the shape of an emptied block, in the most usual one without it."""
    if isinstance(form, dict):
        filled: Block = form
        try:
            return replace_image(filled, data, mime)
        except ValueError:
            _LOGGER.debug("the form of an image block is unknown: %s", sorted(map(str, filled)))
    return image_block(data, mime)
