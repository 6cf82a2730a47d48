"""What writing costs, in time and on disk, and what is left after forgetting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import lancedb

from benchmarks.memory.objects import DIM, ENCODER, described, fill, made_up, open_memory
from benchmarks.memory.rows import Row, medians_ms
from pekit_agents.memory import MemoryRecord
from pekit_agents.memory.place.place import user_place
from pekit_agents.memory.records import new_rev, new_views, to_rows
from pekit_agents.memory.schema import table_schema
from pekit_agents.memory.table.optimizing import optimize

_START = 200  # objects that are there before


def remember_row(root: Path, repeats: int) -> Row:
    """Compare ``Memory.insert`` with a bare ``merge_insert`` of the same row."""
    memory, schema = open_memory(root, "remember"), table_schema(ENCODER, DIM)
    views = next(made_up(1))[0]

    def row(number: int) -> MemoryRecord:
        return MemoryRecord(described(number), views, new_views(len(views)), new_rev())

    rows = to_rows([row(i) for i in range(_START)], schema)
    fill(root, "remember", _START)
    table = lancedb.connect(root / "bare").create_table("objects", data=rows, schema=schema)

    def bare(turn: int) -> None:
        merge = table.merge_insert("object_id")
        merge = merge.when_matched_update_all().when_not_matched_insert_all()
        merge.execute(to_rows([row(_START + turn)], schema))

    ours, theirs = medians_ms(
        [lambda turn: memory.insert(described(_START + turn), views), bare], repeats
    )
    goal = "remember vs a bare merge_insert"
    return Row(goal, 1.2, ours / theirs, f"{ours:.1f} ms, bare {theirs:.1f} ms")


def disk_row(root: Path, remembers: int, progress: Callable[[str], None]) -> Row:
    """Measure how much disk so many remembered objects of one view take."""
    memory, place = open_memory(root, "disk"), user_place(root, "disk")
    folder = Path(str(place))
    peak = number = 0
    for views in made_up(remembers, seed=1):
        for vectors in views:
            memory.insert(described(number), vectors[:1])
            number += 1
            if number % 100 == 0:
                peak = max(peak, _bytes_below(folder))
                progress(f"remembering: {number:,} of {remembers:,}")
    at_end = _bytes_below(folder)
    optimize([place])
    left, raw = _bytes_below(folder), remembers * DIM * 4
    return Row(
        f"{remembers:,} remembers and a pekit optimize: disk / raw data",
        1.5,
        left / raw,
        f"{left / 1e6:.1f} MB for {raw / 1e6:.1f} MB; {at_end / 1e6:.1f} MB before, "
        f"{max(peak, at_end) / 1e6:.1f} MB at most",
    )


def forget_row(root: Path, objects: int) -> Row:
    """Count what is found on disk of forgotten objects, of a user without and with an index."""
    found = []
    for user, index_above in (("plain", None), ("indexed", objects)):
        fill(root, user, objects)
        memory = open_memory(root, user, index_above=index_above)
        memory.compact()
        record = memory.get(described(objects // 2).object_id)
        patterns = [view.tobytes() for view in record.vectors]
        patterns += [record.object.object_id.encode()]
        folder = Path(str(user_place(root, user)))
        if not _count(folder, patterns[:1]):
            raise AssertionError("the bytes that are looked for were never there")
        memory.delete(record.object.object_id)
        found.append(_count(folder, patterns))
    return Row(
        "patterns of a forgotten object found on disk",
        0,
        sum(found),
        f"without an index {found[0]}, with one {found[1]}",
    )


def _count(folder: Path, patterns: list[bytes]) -> int:
    contents = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return sum(pattern in content for pattern in patterns for content in contents)


def _bytes_below(folder: Path) -> int:
    sizes = []
    for path in folder.rglob("*"):
        try:
            sizes.append(path.stat().st_size if path.is_file() else 0)
        except FileNotFoundError:  # cleaned up meanwhile
            continue
    return sum(sizes)
