"""Clips in chat messages, whatever shape their provider gives them.

As with pictures nothing is opened: only data inside a message is decoded, after its size was
checked. Remote URLs and file ids are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pekit_agents.errors import MissingDependency

try:
    from langchain_core.messages import BaseMessage
except ImportError as exc:
    raise MissingDependency(
        'LangChain is not installed; type: pip install "pekit-agents[langchain]"'
    ) from exc

from pekit_agents.tools.hidden_pictures import LeftOut
from pekit_agents.tools.langchain.shapes import DATA_URL, DECLARED_SHAPES, Shape, decoded, value_at
from pekit_agents.video.clips import looks_like_a_clip

__all__ = ["inline_clips", "is_clip_block"]

_SHAPES = (
    Shape("video", ("base64",), ("mime_type",)),  # LangChain standard, v1
    Shape("video", ("data",), ("mime_type",)),  # LangChain standard, v0
    Shape("video", ("url",)),
    Shape("video", ("source", "data"), ("source", "media_type")),
    Shape("video_url", ("video_url", "url")),  # OpenAI-compatible servers, such as vLLM
    Shape("video_url", ("video_url",)),
    Shape("input_video", ("video_url",)),
    *DECLARED_SHAPES,
    Shape(None, ("video", "source", "bytes")),  # Bedrock
)
_UNTOLD = ("", "application/octet-stream", "binary/octet-stream")
_HEAD = 1024  # characters of base64


def inline_clips(message: BaseMessage, *, max_bytes: int) -> dict[int, bytes | LeftOut]:
    """Return the clips that a message holds inline, or why one cannot be read, by index.

    Args:
        message: Any message; it is not changed.
        max_bytes: Larger clips are not decoded.
    """
    found: dict[int, bytes | LeftOut] = {}
    for index, block in enumerate(() if isinstance(message.content, str) else message.content):
        payload = _payload(block)
        if payload is not None:
            try:
                found[index] = decoded(payload, max_bytes)
            except ValueError as exc:
                found[index] = LeftOut(str(exc))
    return found


def is_clip_block(block: object) -> bool:
    """Return whether a block holds a clip inline."""
    return _payload(block) is not None


def _payload(block: object) -> Any:
    """Return what is to be decoded of a block that is a clip; None for any other."""
    if not isinstance(block, Mapping):
        return None
    for shape in _SHAPES:
        payload = value_at(block, shape.payload)
        if shape.type in (None, block.get("type")) and isinstance(payload, str | bytes):
            break
    else:
        return None
    mime = None if shape.mime is None else value_at(block, shape.mime)
    mime = mime.lower() if isinstance(mime, str) else ""
    if isinstance(payload, str) and (url := DATA_URL.match(payload)):
        mime, payload = url[1].lower() or mime, payload[url.end() :]
    elif isinstance(payload, str) and "://" in payload[:20]:
        return None  # remote
    if not shape.declared or mime.startswith("video/"):
        return payload
    return payload if mime in _UNTOLD and _begins_like_a_clip(payload) else None


def _begins_like_a_clip(payload: str | bytes) -> bool:
    head = payload[:_HEAD]
    try:
        return looks_like_a_clip(head if isinstance(head, bytes) else decoded(head, len(head)))
    except ValueError:
        return False
