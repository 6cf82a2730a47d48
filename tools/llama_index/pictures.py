"""Pictures in LlamaIndex messages: their bytes, and the labels that stand in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import IOBase
from pathlib import Path
from typing import TypeVar

from pekit_agents.errors import MissingDependency

try:
    from llama_index.core.base.llms.types import DocumentBlock, ImageBlock, TextBlock
    from llama_index.core.utils import resolve_binary
except ImportError as exc:
    raise MissingDependency(
        'LlamaIndex is not installed; type: pip install "pekit-agents[llama-index]"'
    ) from exc

from pekit_agents.images.limits import DEFAULT_LIMITS
from pekit_agents.tools.hidden_pictures import LeftOut, coded_picture, is_picture, parts_of
from pekit_agents.tools.message_format import Label
from pekit_agents.tools.picture_addresses import check_remote

__all__ = ["label_block", "labels_in", "picture_data"]

_MAX_BYTES = DEFAULT_LIMITS.max_bytes
_LABEL = re.compile(r"\[(marked )?image (img_[0-9a-f]{32})\]")


def label_block(label: Label) -> TextBlock:
    """Return a label as a block of its own: ``[image img_...]``."""
    text = label.text
    return TextBlock(text=f"[marked {text[1:]}" if label.marked else text)


def labels_in(block: object) -> list[Label]:
    """Return the labels in a block, in their order; none for what is no text.

    They may stand between other words: an agent with a state rewrites the last text of a message.
    """
    if not isinstance(block, TextBlock):
        return []
    found: Iterator[re.Match[str]] = _LABEL.finditer(block.text)
    return [Label(label[2], label[1] is not None) for label in found]


def picture_data(
    block: ImageBlock | DocumentBlock, *, max_bytes: int = _MAX_BYTES
) -> bytes | LeftOut | None:
    """Return the content of a picture that is at hand.

    Bytes, streams, data URLs, and files that the application named are read, up to
    ``max_bytes``. Other URLs are never fetched; one that no provider opens either is a reason.

    Returns:
        The bytes; why they cannot be read; None for a URL, and for a document that is no picture.
    """
    told = block.image_mimetype if isinstance(block, ImageBlock) else block.document_mimetype
    declared = isinstance(block, ImageBlock) or (told or "").startswith("image/")
    try:
        data = _read(block, max_bytes)
    except (OSError, ValueError) as exc:
        return LeftOut(getattr(exc, "strerror", None) or str(exc)) if declared else None
    if data is None or not (declared or is_picture(data)):
        return None
    if not 0 < len(data) <= max_bytes:
        return LeftOut(f"expected 1 to {max_bytes} bytes, found {len(data)}")
    return data


def _read(block: ImageBlock | DocumentBlock, max_bytes: int) -> bytes | None:
    held = block.image if isinstance(block, ImageBlock) else block.data
    if isinstance(held, IOBase):
        held.seek(0)
        content: bytes = held.read(max_bytes + 1)
        held.seek(0)
        return content
    if held is not None:
        return _uncoded(resolve_binary(raw_bytes=_checked(held, max_bytes)).read(), max_bytes)
    if block.path is not None:
        with Path(block.path).open("rb") as file:
            return file.read(max_bytes + 1)
    url = str(block.url or "").strip()
    if url[:5].lower() == "data:":
        plain = _checked(url, max_bytes).replace(" ", "+")  # as a form writes a plus
        parts = parts_of(plain, max_bytes=max_bytes)
        inside = next((each for each in parts if isinstance(each, bytes)), None)
        return resolve_binary(url=url).read() if inside is None else inside
    check_remote(url)
    return None


def _uncoded(data: bytes, max_bytes: int) -> bytes:
    """Return the picture that bytes are, or say in base64 of a kind that LlamaIndex leaves."""
    if is_picture(data) or not data.isascii():
        return data
    inside = coded_picture(data.decode(), max_bytes=max_bytes)
    return inside if isinstance(inside, bytes) and is_picture(inside) else data


_S = TypeVar("_S", str, bytes)


def _checked(coded: _S, max_bytes: int) -> _S:
    """Return what may be base64, or raise ValueError where it is too large to be decoded."""
    if len(coded) > max_bytes * 4 // 3 + 1000:
        raise ValueError(f"expected at most {max_bytes} bytes, found about {len(coded) * 3 // 4}")
    return coded
