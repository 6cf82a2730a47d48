"""A user's message of a text and photos, in one call: ``photo_message``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pekit_agents.errors import MissingDependency

try:
    from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole, TextBlock
except ImportError as exc:
    raise MissingDependency(
        'LlamaIndex is not installed; type: pip install "pekit-agents[llama-index]"'
    ) from exc

from pekit_agents.tools.photo_files import photo_file

if TYPE_CHECKING:
    from pekit_agents.images.loading import ImageSource

__all__ = ["photo_message"]


def photo_message(text: str, *photos: ImageSource) -> ChatMessage:
    """Return a user's message of a text and photos, to start a run with.

    Args:
        text: What the user says.
        photos: Paths, bytes of image files, PIL images or arrays; URLs are never fetched.

    Raises:
        ImageError: A photo cannot be read.
    """
    files = map(photo_file, photos)
    blocks = [ImageBlock(image=data, image_mimetype=mime) for data, mime in files]
    return ChatMessage(role=MessageRole.USER, blocks=[TextBlock(text=text), *blocks])
