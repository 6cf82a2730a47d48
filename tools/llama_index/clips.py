"""Clips in LlamaIndex messages: their bytes."""

from __future__ import annotations

import base64
import binascii
from io import IOBase
from pathlib import Path

from pekit_agents.errors import MissingDependency

try:
    from llama_index.core.base.llms.types import DocumentBlock, VideoBlock
except ImportError as exc:
    raise MissingDependency(
        'LlamaIndex is not installed; type: pip install "pekit-agents[llama-index]"'
    ) from exc

from pekit_agents.tools.hidden_pictures import LeftOut
from pekit_agents.video.clips import looks_like_a_clip

__all__ = ["clip_data"]

_HEAD = 1024


def clip_data(block: VideoBlock | DocumentBlock, *, max_bytes: int) -> bytes | LeftOut | None:
    """Return the content of a clip that is at hand.

    Bytes, streams, data URLs, and files that the application named are read, up to ``max_bytes``.
    Other URLs are never fetched.

    Returns:
        The bytes; why they cannot be read; None for a URL, and for a document that is no clip.
    """
    told = block.video_mimetype if isinstance(block, VideoBlock) else block.document_mimetype
    declared = isinstance(block, VideoBlock) or (told or "").startswith("video/")
    try:
        if not declared and not looks_like_a_clip(_read(block, _HEAD) or b""):
            return None
        data = _read(block, max_bytes + 1)
    except (OSError, ValueError) as exc:
        return LeftOut(getattr(exc, "strerror", None) or str(exc)) if declared else None
    if data is not None and not 0 < len(data) <= max_bytes:
        found = f"more than {max_bytes}" if data else "0"
        return LeftOut(f"expected 1 to {max_bytes} bytes, found {found}")
    return data


def _read(block: VideoBlock | DocumentBlock, most: int) -> bytes | None:
    """Return the content up to so many bytes; None for what is elsewhere."""
    held = block.video if isinstance(block, VideoBlock) else block.data
    if isinstance(held, IOBase):
        held.seek(0)
        content: bytes = held.read(most)
        held.seek(0)
        return content
    if held is not None:
        # LlamaIndex keeps bytes as base64, and leaves what is base64 already.
        if looks_like_a_clip(held):
            return held[:most]
        return _decoded(held, most)
    if block.path is not None:
        with Path(block.path).open("rb") as file:
            return file.read(most)
    url = str(block.url or "").strip()
    head, comma, coded = url.partition(",")
    if head[:5].lower() != "data:" or not comma:
        return None
    return _decoded(coded.encode("latin-1", "replace"), most)


def _decoded(coded: bytes, most: int) -> bytes:
    """Return what base64 says; where it is more than ``most``, the beginning, which tells so."""
    try:
        return base64.b64decode(coded[: (most + 2) // 3 * 4])[:most]
    except binascii.Error as exc:
        raise ValueError(f"its base64 is damaged: {exc}") from exc
