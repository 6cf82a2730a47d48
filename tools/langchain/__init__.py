"""PeKit for LangChain: a toolkit for any agent, and a middleware that shows recognised things."""

from pekit_agents.tools.langchain.configured_user import configured_user
from pekit_agents.tools.langchain.messages import labelled_images
from pekit_agents.tools.langchain.middleware import PersonalizationMiddleware
from pekit_agents.tools.langchain.photo_message import photo_message
from pekit_agents.tools.langchain.pictures import (
    Block,
    MessageImage,
    image_block,
    images_in,
    mime_of,
    text_block,
)
from pekit_agents.tools.langchain.toolkit import PersonalToolkit, recent_handles

__all__ = [
    "Block",
    "MessageImage",
    "PersonalToolkit",
    "PersonalizationMiddleware",
    "configured_user",
    "image_block",
    "images_in",
    "labelled_images",
    "mime_of",
    "photo_message",
    "recent_handles",
    "text_block",
]
