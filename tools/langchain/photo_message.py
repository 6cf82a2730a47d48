"""A user's message of a text and photos, in one call: ``photo_message``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pekit_agents.errors import MissingDependency

try:
    from langchain_core.messages import HumanMessage
except ImportError as exc:
    raise MissingDependency(
        'LangChain is not installed; type: pip install "pekit-agents[langchain]"'
    ) from exc

from pekit_agents.tools.langchain.pictures import Block, image_block, text_block
from pekit_agents.tools.photo_files import photo_file

if TYPE_CHECKING:
    from pekit_agents.images.loading import ImageSource

__all__ = ["photo_message"]


def photo_message(text: str, *photos: ImageSource) -> HumanMessage:
    """Return a user's message of a text and photos, to start a run with.

    Args:
        text: What the user says.
        photos: Paths, bytes of image files, PIL images or arrays; URLs are never fetched.

    Raises:
        ImageError: A photo cannot be read.
    """
    blocks: list[str | Block] = [image_block(*photo_file(photo)) for photo in photos]
    return HumanMessage([text_block(text), *blocks])
