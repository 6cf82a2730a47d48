"""How fast a search is, next to a bare matrix product."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pekit_agents.bench.objects import DIM, VIEWS_EACH, fill, made_up, open_memory, unit
from pekit_agents.bench.rows import Row, medians_ms

if TYPE_CHECKING:
    from pekit_agents.memory import Gallery
    from pekit_agents.types import FloatArray

# What the embedded profile uses.
_FLOOR, _MAX_WEIGHT = 0.28, 0.5
_MANY = 20
_BATCHES = 10
_QUERY_SPREAD = 0.04  # to a cosine of about .78 with the view it was made from


def small_rows(root: Path, views: int, repeats: int) -> Iterator[Row]:
    """Measure a user whose views are searched in RAM."""
    fill(root, "small", views // VIEWS_EACH)
    gallery = open_memory(root, "small").gallery()
    matrix = np.concatenate([part.reshape(-1, DIM) for part in made_up(views // VIEWS_EACH)])
    for count in (1, _MANY):
        queries = made_queries(matrix, count)
        search, bare = tasks(gallery, matrix, queries)
        ours, theirs = medians_ms([search, bare], repeats)
        yield Row(
            f"find in {views:,} views, {_regions(count)}, vs numpy",
            1.25,
            ours / theirs,
            f"{ours:.2f} ms, numpy {theirs:.2f} ms",
        )
    yield _faiss_row(matrix, queries, search, views, repeats)


def large_rows(root: Path, views: int, index_above: int | None, repeats: int) -> Iterator[Row]:
    """Measure a user whose views are searched by an index."""
    fill(root, "large", views // VIEWS_EACH)
    memory = open_memory(root, "large", index_above=index_above)
    memory.compact()
    yield from _measure_large(memory.gallery(), views, repeats)


def _measure_large(gallery: Gallery, views: int, repeats: int) -> Iterator[Row]:
    matrix = np.concatenate([part.reshape(-1, DIM) for part in made_up(views // VIEWS_EACH)])
    for count, target in ((1, 0.08), (_MANY, 0.15)):
        search, bare = tasks(gallery, matrix, made_queries(matrix, count))
        ours, theirs = medians_ms([search, bare], repeats)
        yield Row(
            f"find in {views:,} views, IVF_FLAT, {_regions(count)}, vs numpy",
            target,
            ours / theirs,
            f"{ours:.1f} ms, numpy {theirs:.1f} ms",
        )
    yield _recall_row(gallery, matrix, views)


def tasks(
    gallery: Gallery, matrix: FloatArray, queries: FloatArray
) -> tuple[Callable[[int], Any], Callable[[int], Any]]:
    """Return a search of the gallery, and the bare matrix product that it is compared with."""

    def search(turn: int) -> object:
        found = queries[turn % _BATCHES]
        return gallery.nearest(found, max_weight=_MAX_WEIGHT, floor=_FLOOR)

    def bare(turn: int) -> object:
        return (queries[turn % _BATCHES] @ matrix.T).argmax(axis=1)

    return search, bare


def made_queries(matrix: FloatArray, count: int) -> FloatArray:
    """Return (batches, count, DIM) regions: one in five shows an object, the others nothing."""
    rng = np.random.default_rng(7)
    queries = rng.standard_normal((_BATCHES * count, DIM), np.float32)
    shown = matrix[rng.integers(0, len(matrix), len(queries[::5]))]
    queries[::5] = shown + _QUERY_SPREAD * queries[::5]
    return unit(queries).reshape(_BATCHES, count, DIM)


def _faiss_row(
    matrix: FloatArray, queries: FloatArray, search: Callable[[int], Any], views: int, repeats: int
) -> Row:
    goal = f"find in {views:,} views, {_regions(_MANY)}, vs faiss flat"
    try:
        import faiss
    except ImportError:
        return Row(goal, 0.8, None, "faiss is not installed: pip install faiss-cpu")
    index = faiss.IndexFlatIP(DIM)
    index.add(matrix)
    ours, theirs = medians_ms(
        [search, lambda turn: index.search(queries[turn % _BATCHES], 1)], repeats
    )
    return Row(goal, 0.8, ours / theirs, f"{ours:.2f} ms, faiss {theirs:.2f} ms")


def _recall_row(gallery: Gallery, matrix: FloatArray, views: int) -> Row:
    """Compare the best object of 200 regions with that of an exhaustive search."""
    rng = np.random.default_rng(8)
    shown = matrix[rng.integers(0, len(matrix), 200)]
    queries = unit(shown + _QUERY_SPREAD * rng.standard_normal(shown.shape, np.float32))
    cosines = (queries @ matrix.T).reshape(len(queries), -1, VIEWS_EACH)
    scores = _MAX_WEIGHT * cosines.max(axis=2) + (1 - _MAX_WEIGHT) * cosines.mean(axis=2)
    objects, found = gallery.nearest(queries, max_weight=_MAX_WEIGHT, floor=_FLOOR)
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


def _regions(count: int) -> str:
    return "1 region" if count == 1 else f"{count} regions"
