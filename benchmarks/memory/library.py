"""How fast a photo library is searched, next to a bare matrix product over its regions."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import lancedb
import numpy as np

from benchmarks.memory.objects import described
from benchmarks.memory.photos import TAU, VIEWS, MadeUpLibrary, fill_library
from benchmarks.memory.process import rss_mb
from benchmarks.memory.rows import Row, in_turns, medians_ms, percentiles
from pekit_agents.memory.search.ram import shared_ram_cache

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.retrievers.photo_library.library import FoundPhoto, PhotoLibrary
    from pekit_agents.types import FloatArray

#: With fewer photos, times and RAM are those of what stands around the search.
FEWEST_JUDGED = 10_000
_MS_A_PHOTO = 50 / 10_000
_COLD_REPEATS = 5


def library_rows(
    root: Path, photos: int, dim: int, progress: Callable[[str], None], repeats: int = 101
) -> Iterator[Row]:
    """Store a library of made-up regions and look for two objects in it.

    Args:
        root: Where to.
        photos: How many.
        dim: D.
        progress: Called with what is being done.
        repeats: How many times each search is measured.
    """
    progress(f"storing {photos:,} photos")
    made = fill_library(root, photos, dim)
    name, judged = f"{photos:,} photos", photos >= FEWEST_JUDGED
    progress(f"searching {name}")
    library = made.opened()
    yield _ram_row(name, made, library, judged=judged)
    yield _right_row(name, made, library, photos)
    for number, views in enumerate(VIEWS):
        ours, bare = in_turns(
            [
                partial(_search, library, number),
                partial(_product, made.regions, made.views[number]),
            ],
            repeats,
        )
        yield Row(
            f"search {name} for an object of {_in_words(views)}: ms",
            _MS_A_PHOTO * photos,
            1000 * statistics.median(ours),
            f"{percentiles(ours)}; numpy {percentiles(bare)}; D = {dim}",
            judged=judged,
        )
    del library  # its regions make room for those of the next ones
    progress(f"opening {name}")
    yield _cold_row(name, made, judged=judged)


def _ram_row(name: str, made: MadeUpLibrary, library: PhotoLibrary, *, judged: bool) -> Row:
    """Search for the first time, and see what stays in RAM of it."""
    ram_cache = shared_ram_cache()
    library.kit.objects()  # their snapshot has its place in the bound, too
    before, before_mb = ram_cache.nbytes, rss_mb()
    _search(library, 0)
    kept, after_mb = ram_cache.nbytes - before, rss_mb()
    more = f"; the process has {after_mb - before_mb:.0f} MB more" if before_mb and after_mb else ""
    return Row(
        f"RAM for the regions of {name} / their vectors",
        1.05,
        kept / made.regions.nbytes,
        f"{kept / 1e6:.0f} MB for {len(made.regions):,} regions{more}",
        judged=judged,
    )


def _right_row(name: str, made: MadeUpLibrary, library: PhotoLibrary, photos: int) -> Row:
    found = [
        {photo.photo_id for photo in _search(library, number, k=photos)}
        for number in range(len(VIEWS))
    ]
    wrong = sum(len(ids ^ right) for ids, right in zip(found, made.showing, strict=True))
    counts = " and ".join(f"{len(ids):,}" for ids in made.showing)
    goal = f"search {name}: missed, and found without showing the object"
    return Row(goal, 0, wrong, f"{counts} photos show the two objects")


def _cold_row(name: str, made: MadeUpLibrary, *, judged: bool) -> Row:
    """Compare the first search after opening with a bare read of the vectors and a product."""

    def first(_: int) -> object:
        return _search(made.opened(), 0)

    def bare(turn: int) -> object:
        rows = lancedb.connect(str(made.place)).open_table("objects").search().select(["vectors"])
        vectors = rows.to_arrow()["vectors"].combine_chunks().flatten().flatten().to_numpy()
        return _product(vectors.reshape(-1, made.regions.shape[1]), made.views[0], turn)

    ours, theirs = medians_ms([first, bare], _COLD_REPEATS)
    return Row(
        f"open {name} and search for the first time, vs a bare read and numpy",
        1.5,
        ours / theirs,
        f"{ours:.0f} ms, bare {theirs:.0f} ms",
        judged=judged,
    )


def _search(library: PhotoLibrary, number: int, turn: int = 0, k: int = 20) -> list[FoundPhoto]:
    del turn
    return library.search([described(number).name], k=k)


def _product(regions: FloatArray, views: FloatArray, turn: int) -> NDArray[np.int64]:
    del turn
    return np.flatnonzero((views @ regions.T).max(axis=0) > TAU)


def _in_words(views: int) -> str:
    return "1 view" if views == 1 else f"{views} views"
