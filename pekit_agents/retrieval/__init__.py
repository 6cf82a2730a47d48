"""From a photo to the matches in it (paper 3.3): propose, embed, score, match, rerank."""

from pekit_agents.retrieval.finding import Finding
from pekit_agents.retrieval.search import Search, find_in

__all__ = [
    "Finding",
    "Search",
    "find_in",
]
