"""From reference photos to views (paper 3.2 and 3.6)."""

from pekit_agents.introduction.view_extraction import Reference, ReferencePhotos, find_object
from pekit_agents.introduction.views import MAX_VIEWS, Progress, extract_view, extract_views

__all__ = [
    "MAX_VIEWS",
    "Progress",
    "Reference",
    "ReferencePhotos",
    "extract_view",
    "extract_views",
    "find_object",
]
