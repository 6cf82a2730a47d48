"""The embedded profile's numbers that decide, and the commands that chose them."""

from __future__ import annotations

from pekit_agents.settings import MatchSettings, RerankSettings

__all__ = ["MATCHING", "RERANKING"]

# `pekit eval scenes`: 0 finds .84 / .92 of the boxes, 1 .86 / .94.
MATCHING = MatchSettings(framing=1.0)
RERANKING = RerankSettings(colour=15.0)
