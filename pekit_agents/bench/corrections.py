"""What corrections cost a search."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pekit_agents.bench.objects import DIM, VIEWS_EACH, fill, made_up, open_memory
from pekit_agents.bench.rows import Row, medians_ms
from pekit_agents.bench.search import made_queries, tasks

_MANY, _NEGATIVES = 20, 4


def corrected_row(root: Path, views: int, repeats: int) -> Row:
    """Measure a search where every object has been told what it is not, several times."""
    count = views // VIEWS_EACH
    fill(root, "corrected", count, negatives=_NEGATIVES)
    matrix = np.concatenate([part.reshape(-1, DIM) for part in made_up(count)])
    gallery = open_memory(root, "corrected").gallery()
    search, bare = tasks(gallery, matrix, made_queries(matrix, _MANY))
    ours, theirs = medians_ms([search, bare], repeats)
    return Row(
        f"find in {views:,} views, {_MANY} regions, {_NEGATIVES} negatives an object, vs numpy",
        1.25,
        ours / theirs,
        f"{ours:.2f} ms, numpy {theirs:.2f} ms",
    )
