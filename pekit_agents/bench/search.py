"""How fast a search is, next to a bare matrix product."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pekit_agents.bench.objects import VIEWS_EACH, fill, made_up, open_memory, unit
from pekit_agents.bench.rows import Row, medians_ms

if TYPE_CHECKING:
    from pekit_agents.memory import Gallery
    from pekit_agents.types import FloatArray

#: What the embedded profile uses.
FLOOR, MAX_WEIGHT = 0.28, 0.5
#: Regions of a photo with much in it, and of how many photos.
MANY, BATCHES = 20, 10
_QUERY_SPREAD = 0.78  # to a cosine of about .79 with the view it was made from


def small_rows(root: Path, views: int, dim: int, repeats: int) -> Iterator[Row]:
    """Measure a user whose views are searched in RAM."""
    fill(root, "small", views // VIEWS_EACH, dim=dim)
    gallery = open_memory(root, "small", dim=dim).gallery()
    matrix = matrix_of(views, dim)
    for count in (1, MANY):
        queries = make_queries(matrix, count)
        search, bare = tasks(gallery, matrix, queries)
        ours, theirs = medians_ms([search, bare], repeats)
        yield Row(
            f"find in {views:,} views, {regions_in_words(count)}, vs numpy",
            1.25,
            ours / theirs,
            f"{ours:.2f} ms, numpy {theirs:.2f} ms, D = {dim}",
        )
    yield _faiss_row(matrix, queries, search, views, repeats)


def large_rows(
    root: Path, views: int, dim: int, index_above: int | None, repeats: int
) -> Iterator[Row]:
    """Measure a user whose views are searched by an index."""
    fill(root, "large", views // VIEWS_EACH, dim=dim)
    memory = open_memory(root, "large", index_above=index_above, dim=dim)
    memory.compact()
    yield from _measure_large(memory.gallery(), views, dim, repeats)


def _measure_large(gallery: Gallery, views: int, dim: int, repeats: int) -> Iterator[Row]:
    matrix = matrix_of(views, dim)
    for count, target in ((1, 0.08), (MANY, 0.15)):
        search, bare = tasks(gallery, matrix, make_queries(matrix, count))
        ours, theirs = medians_ms([search, bare], repeats)
        yield Row(
            f"find in {views:,} views, IVF_FLAT, {regions_in_words(count)}, vs numpy",
            target,
            ours / theirs,
            f"{ours:.1f} ms, numpy {theirs:.1f} ms, D = {dim}",
        )
    yield _recall_row(gallery, matrix, views)


def tasks(
    gallery: Gallery, matrix: FloatArray, queries: FloatArray
) -> tuple[Callable[[int], Any], Callable[[int], Any]]:
    """Return a search of the gallery, and the bare matrix product that it is compared with."""

    def search(turn: int) -> object:
        found = queries[turn % BATCHES]
        return gallery.nearest(found, max_weight=MAX_WEIGHT, floor=FLOOR)

    def bare(turn: int) -> object:
        return (queries[turn % BATCHES] @ matrix.T).argmax(axis=1)

    return search, bare


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
    views = matrix[rng.integers(0, len(matrix), count)]
    noise = rng.standard_normal(views.shape, np.float32) / np.sqrt(matrix.shape[1])
    return unit(views + _QUERY_SPREAD * noise)


def _faiss_row(
    matrix: FloatArray, queries: FloatArray, search: Callable[[int], Any], views: int, repeats: int
) -> Row:
    goal = f"find in {views:,} views, {regions_in_words(MANY)}, vs faiss flat"
    try:
        import faiss
    except ImportError:
        return Row(goal, 0.8, None, "faiss is not installed: pip install faiss-cpu")
    index = faiss.IndexFlatIP(matrix.shape[1])
    index.add(matrix)
    ours, theirs = medians_ms(
        [search, lambda turn: index.search(queries[turn % BATCHES], 1)], repeats
    )
    return Row(goal, 0.8, ours / theirs, f"{ours:.2f} ms, faiss {theirs:.2f} ms")


def _recall_row(gallery: Gallery, matrix: FloatArray, views: int) -> Row:
    """Compare the best object of 200 regions with that of an exhaustive search."""
    queries = _shown(matrix, 200, np.random.default_rng(8))
    cosines = (queries @ matrix.T).reshape(len(queries), -1, VIEWS_EACH)
    scores = MAX_WEIGHT * cosines.max(axis=2) + (1 - MAX_WEIGHT) * cosines.mean(axis=2)
    objects, found = gallery.nearest(queries, max_weight=MAX_WEIGHT, floor=FLOOR)
    names = [objects[i].object_id if i >= 0 else "" for i in found.objects[:, 0]]
    expected = [f"object-{i:08d}" for i in scores.argmax(axis=1)]
    missed = sum(name != right for name, right in zip(names, expected, strict=True))
    return Row(
        f"find in {views:,} views, IVF_FLAT: share of objects missed",
        0.02,
        missed / len(queries),
        f"recall {1 - missed / len(queries):.3f} of {len(queries)}, mean score "
        f"{scores.max(axis=1).mean():.2f}",
    )


def regions_in_words(count: int) -> str:
    """Return how many regions, as a row says it."""
    return "1 region" if count == 1 else f"{count} regions"
