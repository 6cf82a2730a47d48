"""All rows of the memory bench, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.memory.corrections import corrected_rows
from benchmarks.memory.crowd import crowd_row
from benchmarks.memory.objects import DIM
from benchmarks.memory.rows import Row
from benchmarks.memory.search import large_rows, small_rows
from benchmarks.memory.users import users_rows
from benchmarks.memory.writing import disk_row, forget_row, remember_row


@dataclass(frozen=True, slots=True)
class BenchSizes:
    """How much to measure.

    Attributes:
        small_views: Views of the user that is searched in RAM.
        large_views: Views of the user that is searched by an index; 0 leaves these rows out.
        dim: D, the width of their vectors.
        index_above: With more views than this there is an index; None for the default.
        remembers: Objects stored one by one for the disk row.
        users: How many users of 20 objects; 0 leaves the row out.
        writers: How many processes write at once.
        repeats: How many times each search and write is measured.
        ratios_count: Whether a ratio above its target fails.
    """

    small_views: int = 10_000
    large_views: int = 1_000_000
    dim: int = DIM
    index_above: int | None = None
    remembers: int = 5_000
    users: int = 1_000
    writers: int = 4
    repeats: int = 101
    ratios_count: bool = True

    @classmethod
    def quick(cls) -> BenchSizes:
        """Return sizes for seconds: ratios mean nothing then, but what must be 0 still must."""
        return cls(500, 1_000, DIM, 500, 100, 5, 2, 5, ratios_count=False)


def run_memory_bench(
    root: Path, sizes: BenchSizes, progress: Callable[[str], None]
) -> Iterator[Row]:
    """Yield each row as soon as it is measured.

    Args:
        root: An empty folder on the disk to measure.
        sizes: How much.
        progress: Called with what is being done.
    """
    for row in _rows(root, sizes, progress):
        yield row if row.target == 0 or sizes.ratios_count else replace(row, judged=False)


def _rows(root: Path, sizes: BenchSizes, progress: Callable[[str], None]) -> Iterator[Row]:
    progress(f"searching {sizes.small_views:,} views")
    yield from small_rows(root, sizes.small_views, sizes.dim, sizes.repeats)
    yield from corrected_rows(root, sizes.small_views, sizes.dim, sizes.repeats)
    if sizes.large_views:
        progress(f"storing, indexing and searching {sizes.large_views:,} views")
        yield from large_rows(root, sizes.large_views, sizes.dim, sizes.index_above, sizes.repeats)
    progress("remembering")
    yield remember_row(root, sizes.repeats)
    yield disk_row(root, sizes.remembers, progress)
    progress("forgetting")
    yield forget_row(root, sizes.small_views // 10)
    progress(f"{sizes.writers} writers at once")
    yield crowd_row(root, sizes.writers, writes=sizes.remembers // 100 + 4)
    if sizes.users:
        yield from users_rows(root, sizes.users, sizes.dim, progress)
