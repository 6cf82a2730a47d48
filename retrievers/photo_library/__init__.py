"""A library of photos and clips: indexed once, asked later what shows a personal object."""

from pekit_agents.retrievers.photo_library.library import (
    FoundClip,
    FoundPhoto,
    InClip,
    IndexReport,
    PhotoLibrary,
    PhotoNotFound,
)

__all__ = [
    "FoundClip",
    "FoundPhoto",
    "InClip",
    "IndexReport",
    "PhotoLibrary",
    "PhotoNotFound",
]
