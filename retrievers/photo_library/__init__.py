"""A library of photos: indexed once, asked later what shows a personal object."""

from pekit_agents.retrievers.photo_library.library import (
    FoundPhoto,
    IndexReport,
    PhotoLibrary,
    PhotoNotFound,
)

__all__ = [
    "FoundPhoto",
    "IndexReport",
    "PhotoLibrary",
    "PhotoNotFound",
]
