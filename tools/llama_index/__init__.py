"""PeKit for LlamaIndex: a tool spec, an agent, and a step of an ingestion pipeline."""

from pekit_agents.tools.llama_index.agent import (
    PersonalFunctionAgent,
    apersonalize_message,
    personalize_message,
)
from pekit_agents.tools.llama_index.ingestion import RememberPhotos
from pekit_agents.tools.llama_index.photo_message import photo_message
from pekit_agents.tools.llama_index.tools import ClipProgress, PersonalTool, PersonalToolSpec

__all__ = [
    "ClipProgress",
    "PersonalFunctionAgent",
    "PersonalTool",
    "PersonalToolSpec",
    "RememberPhotos",
    "apersonalize_message",
    "personalize_message",
    "photo_message",
]
