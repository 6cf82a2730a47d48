"""The embedded profile's numbers that decide, and the commands that chose them."""

from __future__ import annotations

from pekit_agents.models.embedded.guidance import NEARLY
from pekit_agents.settings import MatchSettings, RerankSettings

__all__ = ["MATCHING", "RERANKING"]

# Found in composed scenes, see docs/lab-book-numbers.md.
MATCHING = MatchSettings(framing=NEARLY)
RERANKING = RerankSettings(colour=15.0)
