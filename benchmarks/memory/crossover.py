"""From how many views on an index is faster than a copy in RAM."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.memory.objects import VIEWS_EACH, fill, open_memory
from benchmarks.memory.rows import Row, medians_ms
from benchmarks.memory.rules import rules
from benchmarks.memory.search import BATCHES, MANY, make_queries, matrix_of, regions_in_words
from pekit_agents.retrieval.matching import RANKS

if TYPE_CHECKING:
    from benchmarks.memory.rules import Rule
    from pekit_agents.memory import Memory
    from pekit_agents.types import FloatArray


def crossover_rows(
    root: Path, sizes: Sequence[int], dim: int, progress: Callable[[str], None], repeats: int = 41
) -> Iterator[Row]:
    """Search users of some sizes by an index and in RAM, in turns; below 1 the index is faster.

    Args:
        root: Where to store them.
        sizes: How many views each has.
        dim: D.
        progress: Called with what is being done.
        repeats: How many times each search is measured.
    """
    for views in sizes:
        progress(f"storing and indexing {views:,} views")
        user = f"{views} views"
        fill(root, user, views // VIEWS_EACH, dim=dim)
        in_ram = open_memory(root, user, index_above=views, dim=dim)
        indexed = open_memory(root, user, index_above=views // 2, dim=dim)
        indexed.compact()
        matrix = matrix_of(views, dim)
        for rule, count in product(rules(dim), (1, MANY)):
            queries = make_queries(matrix, count)
            tasks = [_search(memory, rule, queries) for memory in (indexed, in_ram)]
            by_index, by_copy = medians_ms(tasks, repeats)
            regions = regions_in_words(count)
            yield Row(
                f"find in {views:,} views {rule.name}, {regions}: index / copy in RAM",
                1.0,
                by_index / by_copy,
                f"{by_index:.1f} ms, {by_copy:.1f} ms, D = {dim}",
                judged=False,
            )


def _search(memory: Memory, rule: Rule, queries: FloatArray) -> Callable[[int], Any]:
    def search(turn: int) -> object:
        gallery = memory.gallery()  # looks whether the memory has changed
        regions = queries[turn % BATCHES]
        return gallery.nearest(regions, rule.scorer, floor=rule.floor, ranks=RANKS)

    return search
