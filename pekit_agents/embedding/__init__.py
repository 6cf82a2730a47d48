"""From regions to vectors (paper Eq. 2 and 4): patch features pooled over a mask."""

from pekit_agents.embedding.pooling import (
    coverage,
    embed_proposals,
    embed_reference,
    mean_direction,
    pool,
    pool_proposals,
    pool_reference,
)

__all__ = [
    "coverage",
    "embed_proposals",
    "embed_reference",
    "mean_direction",
    "pool",
    "pool_proposals",
    "pool_reference",
]
