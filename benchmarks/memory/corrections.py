"""What corrections cost a search."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.memory.objects import VIEWS_EACH, fill, open_memory
from benchmarks.memory.rows import Row
from benchmarks.memory.rules import rules
from benchmarks.memory.search import MANY, matrix_of, numpy_row

_NEGATIVES = 4


def corrected_rows(root: Path, views: int, dim: int, repeats: int) -> Iterator[Row]:
    """Measure a search where every object has been told what it is not, several times."""
    fill(root, "corrected", views // VIEWS_EACH, dim=dim, negatives=_NEGATIVES)
    gallery = open_memory(root, "corrected", dim=dim).gallery()
    matrix, told = matrix_of(views, dim), f"{_NEGATIVES} negatives an object"
    for rule in rules(dim):
        goal = f"find in {views:,} views {rule.name}, {MANY} regions, {told}"
        yield numpy_row(goal, 1.25, gallery, rule, matrix, MANY, repeats)
