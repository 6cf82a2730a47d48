"""From reference photos to views (paper 3.2 and 3.6)."""

from pekit_agents.introduction.extraction import MAX_VIEWS, Progress, extract_view, extract_views
from pekit_agents.introduction.references import Reference, ReferencePhotos, find_object

__all__ = [
    "MAX_VIEWS",
    "Progress",
    "Reference",
    "ReferencePhotos",
    "extract_view",
    "extract_views",
    "find_object",
]
