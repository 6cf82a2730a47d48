"""Pictures in LlamaIndex messages: their bytes, and the labels that stand in their place."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from io import IOBase

from pekit_agents.errors import MissingDependency

try:
    from llama_index.core.base.llms.types import ImageBlock, TextBlock
    from llama_index.core.utils import resolve_binary
except ImportError as exc:
    raise MissingDependency(
        'LlamaIndex is not installed; type: pip install "pekit-agents[llama-index]"'
    ) from exc

from pekit_agents.images.loading import ImageLimits
from pekit_agents.tools.conversation import Label
from pekit_agents.tools.image_store import image_label

__all__ = ["label_block", "labels_in", "picture_data"]

_LOGGER = logging.getLogger(__name__)
_MAX_BYTES = ImageLimits().max_bytes
_LABEL = re.compile(r"\[(marked )?image (img_[0-9a-f]{32})\]")


def label_block(label: Label) -> TextBlock:
    """Return a label as a block of its own: ``[image img_...]``."""
    text = image_label(label.handle)
    return TextBlock(text=f"[marked {text[1:]}" if label.marked else text)


def labels_in(block: object) -> list[Label]:
    """Return the labels in a block, in their order; none for what is no text.

    They may stand between other words: an agent with a state rewrites the last text of a message.
    """
    if not isinstance(block, TextBlock):
        return []
    found: Iterator[re.Match[str]] = _LABEL.finditer(block.text)
    return [Label(label[2], label[1] is not None) for label in found]


def picture_data(block: ImageBlock) -> bytes | None:
    """Return the content of a picture that is at hand.

    Bytes, streams, data URLs, and files that the application named are read, up to the size that
    :class:`~pekit_agents.images.loading.ImageLimits` allows. Other URLs are never fetched.

    Returns:
        The bytes; None for a URL, and for what is damaged, empty, missing or too large.
    """
    try:
        data = _read(block)
    except (OSError, ValueError) as exc:
        _LOGGER.warning("a picture in a message cannot be read: %s", exc)
        return None
    if data is not None and len(data) > _MAX_BYTES:
        _LOGGER.warning("a picture in a message is larger than %d bytes", _MAX_BYTES)
        return None
    return data or None


def _read(block: ImageBlock) -> bytes | None:
    if isinstance(block.image, IOBase):
        block.image.seek(0)
        content: bytes = block.image.read(_MAX_BYTES + 1)
        block.image.seek(0)
        return content
    if block.image is not None:
        return resolve_binary(raw_bytes=block.image).read()
    if block.path is not None:
        with block.path.open("rb") as file:
            return file.read(_MAX_BYTES + 1)
    url = str(block.url or "")
    return resolve_binary(url=url).read() if url[:5].lower() == "data:" else None
