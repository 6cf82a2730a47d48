"""How fast a search is, next to a bare matrix product."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.memory.objects import VIEWS_EACH, described, fill, made_up, open_memory, unit
from benchmarks.memory.rows import Row, medians_ms
from benchmarks.memory.rules import BY_COSINE, rules
from pekit_agents.retrieval.matching import RANKS
from pekit_agents.scoring import Grouped, nearest_objects

if TYPE_CHECKING:
    from benchmarks.memory.rules import Rule
    from pekit_agents.memory import Gallery
    from pekit_agents.scoring import Nearest
    from pekit_agents.types import FloatArray

#: Regions of a photo with much in it, and of how many photos.
MANY, BATCHES = 20, 10
#: How much of the time of a bare product the index may take, by rule and number of regions.
_OF_INDEX = {
    "by cosine": {1: 0.08, MANY: 0.15},
    "by discriminant": {1: 0.4, MANY: 0.4},  # all objects of 64 views are read
}
_QUERY_SPREAD = 0.78  # to a cosine of about .79 with the view it was made from


def small_rows(root: Path, views: int, dim: int, repeats: int) -> Iterator[Row]:
    """Measure a user whose views are searched in RAM."""
    fill(root, "small", views // VIEWS_EACH, dim=dim)
    gallery = open_memory(root, "small", dim=dim).gallery()
    matrix = matrix_of(views, dim)
    for rule in rules(dim):
        for count in (1, MANY):
            goal = f"find in {views:,} views {rule.name}, {regions_in_words(count)}"
            yield numpy_row(goal, 1.25, gallery, rule, matrix, count, repeats)
    yield _faiss_row(gallery, matrix, views, repeats)


def large_rows(
    root: Path, views: int, dim: int, index_above: int | None, repeats: int
) -> Iterator[Row]:
    """Measure a user whose views are searched by an index."""
    fill(root, "large", views // VIEWS_EACH, dim=dim)
    memory = open_memory(root, "large", index_above=index_above, dim=dim)
    memory.compact()
    gallery, matrix = memory.gallery(), matrix_of(views, dim)
    for rule in rules(dim):
        for count, target in _OF_INDEX[rule.name].items():
            goal = f"find in {views:,} views {rule.name}, IVF_FLAT, {regions_in_words(count)}"
            yield numpy_row(goal, target, gallery, rule, matrix, count, repeats)
        yield _recall_row(gallery, rule, matrix, views)


def numpy_row(
    goal: str,
    target: float,
    gallery: Gallery,
    rule: Rule,
    matrix: FloatArray,
    count: int,
    repeats: int,
) -> Row:
    """Compare a search of ``count`` regions in a gallery with the bare product with its views."""
    queries = make_queries(matrix, count)

    def bare(turn: int) -> object:
        return (queries[turn % BATCHES] @ matrix.T).argmax(axis=1)

    ours, theirs = medians_ms([_search(gallery, rule, queries), bare], repeats)
    detail = f"{ours:.2f} ms, numpy {theirs:.2f} ms, D = {matrix.shape[1]}"
    return Row(f"{goal}, vs numpy", target, ours / theirs, detail)


def make_queries(matrix: FloatArray, count: int) -> FloatArray:
    """Return (batches, count, D) regions: one in five shows an object, the others nothing."""
    rng = np.random.default_rng(7)
    queries = rng.standard_normal((BATCHES * count, matrix.shape[1]), np.float32)
    queries[::5] = _shown(matrix, len(queries[::5]), rng)
    return unit(queries).reshape(BATCHES, count, -1)


def matrix_of(views: int, dim: int) -> FloatArray:
    """Return the (V, D) views that ``fill`` stores."""
    made = made_up(views // VIEWS_EACH, dim=dim)
    return np.concatenate([part.reshape(-1, dim) for part in made])


def _shown(matrix: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """Return (count, D) regions that show an object, each made from one of its views."""
    return shown(matrix[rng.integers(0, len(matrix), count)], rng)


def shown(views: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return (N, D) regions, each of which shows the object of one of (N, D) views."""
    noise = rng.standard_normal(views.shape, np.float32) / np.sqrt(views.shape[1])
    return unit(views + _QUERY_SPREAD * noise)


def _search(gallery: Gallery, rule: Rule, queries: FloatArray) -> Callable[[int], object]:
    return lambda turn: gallery.nearest(
        queries[turn % BATCHES], rule.scorer, floor=rule.floor, ranks=RANKS
    )


def _faiss_row(gallery: Gallery, matrix: FloatArray, views: int, repeats: int) -> Row:
    goal = f"find in {views:,} views, {regions_in_words(MANY)}, vs faiss flat"
    try:
        import faiss
    except ImportError:
        return Row(goal, 0.8, None, "faiss is not installed: pip install faiss-cpu")
    index = faiss.IndexFlatIP(matrix.shape[1])
    index.add(matrix)
    queries = make_queries(matrix, MANY)
    ours, theirs = medians_ms(
        [
            _search(gallery, BY_COSINE, queries),
            lambda turn: index.search(queries[turn % BATCHES], 1),
        ],
        repeats,
    )
    return Row(goal, 0.8, ours / theirs, f"{ours:.2f} ms, faiss {theirs:.2f} ms")


def _recall_row(gallery: Gallery, rule: Rule, matrix: FloatArray, views: int) -> Row:
    """Compare the best object of 200 regions with that of an exhaustive search."""
    queries = _shown(matrix, 200, np.random.default_rng(8))
    objects, found = gallery.nearest(queries, rule.scorer, floor=rule.floor, ranks=RANKS)
    names = [objects[i].object_id if i >= 0 else "" for i in found.objects[:, 0]]
    exhaustive = _exhaustive(queries, rule, matrix)
    expected = [described(i).object_id for i in exhaustive.objects[:, 0].tolist()]
    missed = sum(name != right for name, right in zip(names, expected, strict=True))
    return Row(
        f"find in {views:,} views {rule.name}, IVF_FLAT: share of objects missed",
        0.02,
        missed / len(queries),
        f"recall {1 - missed / len(queries):.3f} of {len(queries)}, mean score "
        f"{exhaustive.scores[:, 0].mean():.2f}",
    )


def _exhaustive(queries: FloatArray, rule: Rule, matrix: FloatArray) -> Nearest:
    count = len(matrix) // VIEWS_EACH
    views = Grouped(matrix, VIEWS_EACH * np.arange(count + 1))
    none = Grouped(matrix[:0], np.zeros(count + 1, np.int64))
    identities = rule.scorer.identities(views, none)
    return nearest_objects(queries, identities, count=count, floor=-np.inf, ranks=1)


def regions_in_words(count: int) -> str:
    """Return how many regions, as a row says it."""
    return "1 region" if count == 1 else f"{count} regions"
