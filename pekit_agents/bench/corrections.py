"""What corrections cost a search."""

from __future__ import annotations

from pathlib import Path

from pekit_agents.bench.objects import VIEWS_EACH, fill, open_memory
from pekit_agents.bench.rows import Row, medians_ms
from pekit_agents.bench.search import MANY, make_queries, matrix_of, tasks

_NEGATIVES = 4


def corrected_row(root: Path, views: int, dim: int, repeats: int) -> Row:
    """Measure a search where every object has been told what it is not, several times."""
    fill(root, "corrected", views // VIEWS_EACH, dim=dim, negatives=_NEGATIVES)
    matrix = matrix_of(views, dim)
    gallery = open_memory(root, "corrected", dim=dim).gallery()
    search, bare = tasks(gallery, matrix, make_queries(matrix, MANY))
    ours, theirs = medians_ms([search, bare], repeats)
    return Row(
        f"find in {views:,} views, {MANY} regions, {_NEGATIVES} negatives an object, vs numpy",
        1.25,
        ours / theirs,
        f"{ours:.2f} ms, numpy {theirs:.2f} ms",
    )
