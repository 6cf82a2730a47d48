"""Which photos may show something: read once, kept in RAM as long as it is true and fits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pytest

from pekit_agents.memory.search.ram import RamCache
from pekit_agents.retrievers.photo_library import regions
from pekit_agents.retrievers.photo_library.regions import RegionScan
from pekit_agents.retrievers.photo_library.table import Photo, photo_schema, to_rows
from pekit_agents.types import Box

SCHEMA = photo_schema("tiny@1", 2)


def photo(name: str, *firsts: float) -> Photo:
    """A photo whose regions have these numbers at the first place of their vectors."""
    vectors = np.array([(first, 0.0) for first in firsts], np.float32).reshape(-1, 2)
    return Photo(name, "hash", (9, 9), [Box(0, 0, 1, 1)] * len(firsts), vectors)


STORED = {
    "none": photo("none"),
    "low": photo("low", 0.1, 0.2),
    "high": photo("high", 0.1, 0.9, 0.8),
    "empty": photo("empty"),
    "last": photo("last", 0.7),
    "new": photo("new", 0.6),
}


@pytest.fixture
def table(tmp_path: Path) -> Any:
    rows = to_rows(list(STORED.values())[:-1], SCHEMA)
    return lancedb.connect(tmp_path).create_table("objects", data=rows)


@pytest.fixture
def found(table: Any) -> Callable[[RegionScan], list[str]]:
    """Return the names of the photos with a region above 0.5."""

    def find(scan: RegionScan) -> list[str]:
        photos = list(scan.photos(table, lambda vectors: vectors[:, 0] > 0.5))
        for photo in photos:
            stored = STORED[photo.photo_id]
            assert (photo.size_wh, list(photo.boxes)) == (stored.size_wh, stored.boxes)
            np.testing.assert_array_equal(photo.vectors, stored.vectors)
        return [photo.photo_id for photo in photos]

    return find


@pytest.mark.parametrize("rows", [1, 2, 1000])
@pytest.mark.parametrize("bound", [10, 10**6])
def test_photos_with_a_region_that_passes(
    found: Any, monkeypatch: pytest.MonkeyPatch, rows: int, bound: int
) -> None:
    monkeypatch.setattr(regions, "_ROWS", rows)
    scan = RegionScan(RamCache(bound))
    for _ in range(2):
        assert found(scan) == ["high", "last"]


def test_regions_are_read_once_and_again_when_the_library_has_changed(
    found: Any, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    to_part = regions._to_part
    monkeypatch.setattr(regions, "_to_part", lambda batch: reads.append(batch) or to_part(batch))
    ram_cache = RamCache(10**6)
    scan = RegionScan(ram_cache)
    found(scan)
    once = len(reads)
    found(scan)
    assert len(reads) == once > 0
    table.add(to_rows([STORED["new"]], SCHEMA))
    assert found(scan) == ["high", "last", "new"]
    assert len(reads) > once
    # Of 7 regions a vector of 2 numbers and a box of 4, of 6 photos where the regions end; and
    # what LanceDB's rows take for the rest.
    assert 7 * 6 * 4 + 6 * 8 < ram_cache.nbytes < 1000


def test_a_library_above_the_bound_is_not_kept(found: Any) -> None:
    ram_cache = RamCache(100)
    found(RegionScan(ram_cache))
    assert ram_cache.nbytes == 0
