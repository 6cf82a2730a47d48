"""What corrections cost a search."""

from __future__ import annotations

from pathlib import Path

from pekit_agents.bench.objects import VIEWS_EACH, fill, open_memory
from pekit_agents.bench.rows import Row
from pekit_agents.bench.search import MANY, matrix_of, numpy_row

_NEGATIVES = 4


def corrected_row(root: Path, views: int, dim: int, repeats: int) -> Row:
    """Measure a search where every object has been told what it is not, several times."""
    fill(root, "corrected", views // VIEWS_EACH, dim=dim, negatives=_NEGATIVES)
    gallery = open_memory(root, "corrected", dim=dim).gallery()
    goal = f"find in {views:,} views, {MANY} regions, {_NEGATIVES} negatives an object"
    return numpy_row(goal, 1.25, gallery, matrix_of(views, dim), MANY, repeats)
