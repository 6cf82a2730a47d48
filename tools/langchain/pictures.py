"""Pictures in chat messages, whatever shape their provider gives them.

Every provider spells an image block its own way, and LangChain passes most of them through. A
shape is data here: where the payload lies in the block and where its MIME type does. Reading
never opens anything: only data inside the message is decoded, after its size was checked. Remote
URLs, file ids and damaged blocks are left alone.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar
from urllib.parse import unquote_to_bytes

from pekit_agents.errors import MissingDependency

try:
    from langchain_core.messages import BaseMessage
except ImportError as exc:
    raise MissingDependency(
        'LangChain is not installed; type: pip install "pekit-agents[langchain]"'
    ) from exc

from pekit_agents.images.limits import DEFAULT_LIMITS
from pekit_agents.tools.hidden_pictures import LeftOut, is_picture, parts_of
from pekit_agents.tools.image_kinds import mime_of
from pekit_agents.tools.langchain.shapes import (
    DATA_URL,
    DECLARED_SHAPES,
    Shape,
    decoded,
    value_at,
    with_value,
)
from pekit_agents.tools.picture_addresses import check_remote
from pekit_agents.tools.swept_values import swept

__all__ = [
    "Block",
    "MessageImage",
    "blank",
    "form_of",
    "image_block",
    "images_in",
    "inline_images",
    "mime_of",
    "replace_blocks",
    "replace_image",
    "text_block",
]

Block: TypeAlias = dict[str, Any]
_M = TypeVar("_M", bound=BaseMessage)

_LOGGER = logging.getLogger(__name__)
_MAX_BYTES = DEFAULT_LIMITS.max_bytes
_UNTOLD = ("", "application/octet-stream", "binary/octet-stream")


@dataclass(frozen=True, slots=True, eq=False)
class MessageImage:
    """A picture found in a message.

    Attributes:
        index: The place of its block in ``message.content``.
        block: The block.
        data: The bytes of the image file.
        mime: Its MIME type, such as ``image/png``.
    """

    index: int
    block: Block
    data: bytes
    mime: str


_SHAPES = (
    Shape("image_url", ("image_url", "url")),  # OpenAI chat completions, and most others
    Shape("image_url", ("image_url",)),
    Shape("input_image", ("image_url",)),  # OpenAI responses
    Shape("input_image", ("image_url", "url")),
    Shape("image", ("source", "data"), ("source", "media_type")),  # Anthropic
    Shape("image", ("base64",), ("mime_type",)),  # LangChain standard, v1
    Shape("image", ("data",), ("mime_type",)),  # LangChain standard, v0
    Shape("image", ("url",)),
    *DECLARED_SHAPES,
    Shape(None, ("image", "source", "bytes"), ("image", "format")),  # Bedrock
    Shape("image", ("source", "url")),  # Anthropic
    Shape("document", ("source", "data"), ("source", "media_type"), declared=True),
)


#: Shapes that pictures go back into.
_KEPT_SHAPES = (_SHAPES[0], _SHAPES[2], *_SHAPES[4:8])


class _Remote(ValueError):
    """The picture is not in the message."""


def images_in(message: BaseMessage, *, max_bytes: int = _MAX_BYTES) -> list[MessageImage]:
    """Return the pictures that a message holds inline, in their order.

    Args:
        message: Any message; it is not changed.
        max_bytes: Larger pictures are passed over; the size is checked before decoding.

    Returns:
        The pictures; blocks that are remote, damaged or too large are not among them, and a
        debug log says so. That the bytes are a readable picture is not checked.
    """
    return [
        picture
        for picture in inline_images(message, max_bytes=max_bytes).values()
        if isinstance(picture, MessageImage)
    ]


def inline_images(
    message: BaseMessage, *, max_bytes: int = _MAX_BYTES
) -> dict[int, MessageImage | LeftOut]:
    """Return index -> picture of the blocks that hold one, or why it cannot be taken out.

    Args:
        message: Any message; it is not changed.
        max_bytes: Larger pictures are not decoded.

    Returns:
        Remote pictures are not among them.
    """
    found: dict[int, MessageImage | LeftOut] = {}
    for index, block in enumerate(() if isinstance(message.content, str) else message.content):
        if not isinstance(block, dict):
            continue
        try:
            picture = _read(block, max_bytes)
        except _Remote as exc:
            _LOGGER.debug("image block %d of message %s is passed over: %s", index, message.id, exc)
        except ValueError as exc:
            _LOGGER.debug("image block %d of message %s is passed over: %s", index, message.id, exc)
            found[index] = LeftOut(str(exc))
        else:
            if picture is not None:
                found[index] = MessageImage(index, block, *picture)
    return found


def form_of(block: Mapping[str, Any]) -> Block | None:
    """Return a block without its picture, to be filled again; None for a shape to be left behind.

    Only shapes that every adapter of LangChain translates come back: OpenAI's, Anthropic's and the
    standard one. A picture in a file, in a shape of Gemini, Bedrock or MCP comes back as the
    ``image_url`` that all of them take.
    """
    shape = _shape_of(block)
    usual = (
        shape is not None
        and shape in _KEPT_SHAPES
        and not block.keys() & {"mimeType", "file_id"}
        and (shape.payload != ("data",) or block.get("source_type") == "base64")
        and (shape.payload != ("url",) or block.get("source_type") in (None, "url"))
    )
    form = blank(block) if usual else None
    return form if form == swept(form, lambda _: "") else None


def replace_image(block: Mapping[str, Any], data: bytes, mime: str) -> Block:
    """Return an image block of the same shape that holds another picture.

    Args:
        block: A block as a provider spells it; all its other keys are kept.
        data: The bytes of the new image file.
        mime: Its MIME type.

    Raises:
        ValueError: The block has no known shape of an image.
    """
    shape = _shape_of(block)
    if shape is None:
        raise ValueError(f"expected an image block, found one with the keys {sorted(block)}")
    old = value_at(block, shape.payload)
    new: str | bytes = data
    if isinstance(old, str):
        new = base64.b64encode(data).decode()
        if shape.mime is None or old[:5].lower() == "data:":
            new = f"data:{mime};base64,{new}"
    changed = with_value(block, shape.payload, new)
    if shape.mime is None:
        return changed
    return with_value(
        changed, shape.mime, mime.removeprefix("image/") if "format" in shape.mime else mime
    )


def blank(block: Mapping[str, Any]) -> Block:
    """Return an image block without its picture: a form for :func:`replace_image` to fill in.

    Raises:
        ValueError: The block has no known shape of an image.
    """
    shape = _shape_of(block)
    if shape is None:
        raise ValueError(f"expected an image block, found one with the keys {sorted(block)}")
    old = value_at(block, shape.payload)
    empty = b"" if isinstance(old, bytes) else "data:," if old[:5].lower() == "data:" else ""
    return with_value(block, shape.payload, empty)


def image_block(data: bytes, mime: str) -> Block:
    """Return a picture as the block that most chat models take: an ``image_url`` data URL."""
    return replace_image({"type": "image_url", "image_url": {"url": "data:,"}}, data, mime)


def text_block(text: str) -> Block:
    """Return a text as a content block."""
    return {"type": "text", "text": text}


def replace_blocks(message: _M, blocks: Mapping[int, Sequence[Block]]) -> _M:
    """Return the message with some blocks replaced by others; the message is not changed.

    Args:
        message: A message; a text counts as one block.
        blocks: For the index of a block, what stands in its place: none, one or several.
    """
    if not blocks:
        return message
    content: list[str | Block] = []
    whole = [message.content] if isinstance(message.content, str) else message.content
    for index, block in enumerate(whole):
        content.extend(blocks.get(index, [block]))
    return message.model_copy(update={"content": content})


def _read(block: Mapping[str, Any], max_bytes: int) -> tuple[bytes, str] | None:
    """Return the data and MIME type of an image block, None for any other block."""
    shape = _shape_of(block)
    if shape is None:
        if block.get("type") == "image_url":
            check_remote("")
        return None
    payload, mime = value_at(block, shape.payload), _declared_mime(block, shape)
    if isinstance(payload, str) and (url := DATA_URL.match(payload)):
        mime = url[1].lower().replace("\\", "") or mime
        payload = payload[url.end() :]
        if ";base64" not in url[2].lower():
            payload = unquote_to_bytes(payload)
            if not is_picture(payload):
                raise ValueError("its data URL is not in base64")
    elif shape.mime is None:
        # Some write the base64 alone, or have something around the data URL.
        inside = next(
            (each for each in parts_of(payload, max_bytes=max_bytes) if not isinstance(each, str)),
            None,
        )
        if inside is None and not shape.declared:
            check_remote(payload)
        if not isinstance(inside, bytes):
            raise _Remote("it is remote, and remote pictures are never fetched")
        payload, mime = inside, ""
    if shape.declared and not mime.startswith("image/") and not _looks_like_one(payload, mime):
        return None
    data = decoded(payload, max_bytes)
    mime = mime if mime not in _UNTOLD else mime_of(data)
    if not mime.startswith("image/"):
        raise ValueError(f"expected the MIME type of an image, found {mime[:40]!r}")
    return data, mime


def _shape_of(block: Mapping[str, Any]) -> Shape | None:
    """Return the first shape whose payload the block holds."""
    for shape in _SHAPES:
        fits = shape.type is None or block.get("type") == shape.type
        if fits and isinstance(value_at(block, shape.payload), str | bytes):
            return shape
    return None


def _declared_mime(block: Mapping[str, Any], shape: Shape) -> str:
    mime = None if shape.mime is None else value_at(block, shape.mime)
    if not isinstance(mime, str) or not mime:
        return ""
    return (mime if "/" in mime else f"image/{mime}").lower()


def _looks_like_one(payload: str | bytes, mime: str) -> bool:
    """Tell a picture by how it begins, in a file of which nothing is said."""
    if mime not in _UNTOLD:
        return False
    head = payload[:512]
    try:
        return is_picture(head if isinstance(head, bytes) else decoded(head, len(head)))
    except ValueError:
        return False
