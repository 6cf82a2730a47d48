"""Keeping the files small, and removing every byte of what was forgotten.

LanceDB never changes a file: deleting a row hides it, and old versions keep it. Measured on
lancedb 0.40, an object's bytes are gone only when the fragment that held it has been rewritten,
the old versions are cleaned up, and the files that racing or killed writers left are removed.
LanceDB removes the last kind after a week; ``delete_unverified=True``, which would do it at
once, destroys tables that are being written and is never used here.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from pekit_agents.errors import MemoryStoreError
from pekit_agents.memory.place.folder import TABLE, age_s

if TYPE_CHECKING:
    from lancedb.table import Table

    from pekit_agents.memory.place.folder import AnyPath, FolderPlace

# Readers of an old version finish within this, or start again on the newest one.
GRACE = timedelta(seconds=2)
# LanceDB rewrites all rows of a table below a million when it merges its files. The larger a
# table is, the more commits go by, so that a commit costs the rewriting of 50 rows on average.
_FEWEST_COMMITS, _MOST_COMMITS, _ROWS_A_COMMIT = 20, 500, 50
# LanceDB counts in milliseconds and warns at 0, which is meant here.
_AT_ONCE = timedelta(milliseconds=1)
_ROUNDS = 5
_STALE_S = 3600.0
_SETTLE_S = 2.0


def is_due(table: Table, *, since: int) -> bool:
    """Return whether ``table`` should be compacted after its commits since a version."""
    # Versions count the commits of all processes: many short ones must not outgrow the disk.
    if since // _FEWEST_COMMITS == table.version // _FEWEST_COMMITS:
        return False
    step = min(max(table.count_rows() // _ROWS_A_COMMIT, _FEWEST_COMMITS), _MOST_COMMITS)
    step -= step % _FEWEST_COMMITS
    return bool(since // step < table.version // step)


def compact(table: Table, place: FolderPlace) -> None:
    """Merge small files and remove old versions, after a grace period for their readers."""
    _optimize(table, place, GRACE)
    _sweep(place, strays(table, place.table_path, older_than_s=_STALE_S))


def purge(table: Table, place: FolderPlace, *, alone: bool) -> None:
    """Remove every byte of the rows that were deleted from ``table``.

    Args:
        table: At its newest version.
        place: Where it lies.
        alone: Whether it is certain that nobody else is writing. If it is not, files that a
            writer left less than an hour ago stay until a later ``purge`` or ``compact``.

    Raises:
        MemoryStoreError: Old versions could not be removed, so bytes are left.
    """
    files = place.table_path
    table.update(where="true", values_sql={"rev": "rev"})  # rewrites all fragments
    for _ in range(_ROUNDS):
        time.sleep(2 * _AT_ONCE.total_seconds())
        _optimize(table, place, _AT_ONCE)
        if len(_manifests(files)) == 1:
            break
    else:
        if alone:
            raise MemoryStoreError(
                f"Old versions are left in {files}, expected none: bytes of what was forgotten "
                "are still on disk. Check the system's clock, which may have been set back; the "
                "next write tries again. A clock that was ahead for long: export the memory, "
                "forget all of it, and import it."
            )
    if not alone:
        _sweep(place, strays(table, files, older_than_s=_STALE_S))
        return
    # Where locks only pretend to work, a file without a mention may be about to get one. Dates
    # do not tell: a file may be dated in the future.
    found = {path.name for path in strays(table, files)}
    if found:
        time.sleep(_SETTLE_S)
    _sweep(place, [path for path in strays(table, files) if path.name in found])


def _optimize(table: Table, place: FolderPlace, older_than: timedelta) -> None:
    try:
        table.optimize(cleanup_older_than=older_than)
    except RuntimeError as exc:
        tags = [] if "tagged" not in str(exc) else sorted(table.tags.list())
        if not tags:
            raise
        named = ", ".join(f'"{tag}"' for tag in tags)
        raise MemoryStoreError(
            f"Old versions of the table in {place.table_path} are held by {len(tags)} tags of "
            f"LanceDB, expected none: {named}. Remove each, which keeps the objects as they are: "
            f'lancedb.connect("{place}").open_table("{TABLE}").tags.delete("{tags[0]}")'
        ) from exc


def _sweep(place: FolderPlace, unknown: list[AnyPath]) -> None:
    for path in unknown:
        path.unlink(missing_ok=True)
    place.remove_staging(older_than_s=_STALE_S)


def strays(table: Table, files: AnyPath, *, older_than_s: float = 0.0) -> list[AnyPath]:
    """Return the data files below ``files`` that no version of ``table`` mentions."""
    # The listing comes first: a file that is committed meanwhile is then found mentioned.
    found = list((files / "data").glob("*"))
    # A date in the future says as little as an old one about who is writing now.
    old = [path for path in found if abs(age_s(path)) >= older_than_s]
    if not old:
        return []
    manifests = b"".join(path.read_bytes() for path in _manifests(files))
    unknown = [path for path in old if path.name.encode() not in manifests]
    if table.count_rows() and not any(path.name.encode() in manifests for path in found):
        # Rows without a file: the manifests are not written as they were measured to be. Take
        # nothing for a stray but what is never part of a table.
        return [path for path in unknown if path.name.startswith(".tmp")]
    return unknown


def _manifests(files: AnyPath) -> list[AnyPath]:
    return list((files / "_versions").glob("*.manifest"))
