"""A process that repeats one kind of write until it is killed.

``kill_worker.py ROOT KIND FILE`` says "ready", waits for a line, and then says "begin" and "done"
around each step. ``STEPS`` also tells the test what every number of steps leaves.
"""

from __future__ import annotations

import dataclasses
import itertools
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from pekit_agents.errors import ObjectNotFound
from pekit_agents.memory import Memory
from pekit_agents.memory.details import pack
from pekit_agents.memory.place.place import user_place
from pekit_agents.memory.records import to_rows
from pekit_agents.memory.schema import BASED_ON, SCHEMA_VERSION, table_schema
from pekit_agents.memory.table.table import rewrite
from pekit_agents.types import Crop, Details, PersonalObject

MARKER = "marker-of-every-context-c41e"
START = 14  # objects, or views of the one object, that a step takes one of
IMPORTED = 5
CROP = Crop(b"\xff\xd8\xff" + b"crop-of-the-object" * 40, b"\x89PNG\r\n\x1a\nmask")
DETAILS = Details(*(np.ones(shape, np.int8) for shape in ((40, 8), (40, 2), 40)))


def numbered(numbers: list[int], dim: int = 16) -> np.ndarray:
    """Return unit vectors from which the numbers can be read back."""
    views = np.zeros((len(numbers), dim), np.float32)
    views[:, 0], views[:, 1] = np.cos(np.divide(numbers, 1000)), np.sin(np.divide(numbers, 1000))
    return views


def numbers_of(vectors: np.ndarray) -> list[int]:
    return np.rint(np.arctan2(vectors[:, 1], vectors[:, 0]) * 1000).astype(int).tolist()


def named(object_id: str) -> PersonalObject:
    return PersonalObject(object_id, object_id, "mug", MARKER, 0, datetime.now(UTC))


def put(memory: Memory, object_id: str, numbers: list[int]) -> None:
    n = len(numbers)
    memory.insert(named(object_id), numbered(numbers), crops=[CROP] * n, details=[DETAILS] * n)


def open_user(root: Path, kind: str) -> Memory:
    return Memory.open_as_written(root, user_id=kind) or Memory.open(
        root, user_id=kind, encoder_id="tiny@0", dim=16
    )


def prepare(root: Path, kind: str, file: Path) -> None:
    """Make what the steps of a kind begin with."""
    memory = open_user(root, kind)
    if kind == "import" or kind == "forget_user":
        source = Memory.open(root, user_id=f"{kind}-source", encoder_id="tiny@0", dim=16)
        for number in range(IMPORTED):
            put(source, f"imported-{number}", [number])
        source.export(file, overwrite=True)
        source.forget_everything()
    elif kind in ("append", "update"):
        put(memory, "one", [0])
    elif kind == "remove_view":
        put(memory, "one", list(range(START)))
    elif kind in ("merge", "delete", "reembed", "upgrade"):
        for number in range(IMPORTED if kind in ("reembed", "upgrade") else START):
            put(memory, f"o{number}", [number])


def as_layout(layout: str, rows: pa.Table, encoder_id: str, dim: int) -> pa.Table:
    """Return rows as an older layout had them."""
    schema = table_schema(encoder_id, dim, layout=layout)
    names = {BASED_ON[SCHEMA_VERSION]: BASED_ON[layout]}
    old = rows.rename_columns([names.get(name, name) for name in rows.column_names])
    return pa.Table.from_arrays([old[name] for name in schema.names], schema=schema)


def step(kind: str, root: Path, file: Path, n: int) -> None:
    """Do the n-th step of a kind."""
    memory = open_user(root, kind)
    if kind == "insert":
        put(memory, f"o{n}", [n])
    elif kind == "append":
        memory.append_views("one", numbered([n + 1]), crops=[CROP], details=[DETAILS])
    elif kind == "update":
        memory.update("one", name=f"name-{n + 1}", unique_name=True)
    elif kind == "remove_view" and n < START - 1:
        memory.remove_view("one", memory.get("one").views[0].view_id)
    elif kind == "merge" and n < START - 1:
        memory.merge("o0", f"o{n + 1}")
    elif kind == "delete" and n < START:
        memory.delete(f"o{n}")
    elif kind == "import":
        memory.import_file(file, on_conflict="rename")
    elif kind == "forget_user":
        memory.forget_everything()
        memory.import_file(file)
    elif kind == "reembed":
        seen, dim = memory.records(), 8 if memory.dim == 16 else 16
        new = [
            dataclasses.replace(record, vectors=numbered(numbers_of(record.vectors), dim))
            for record in seen
        ]
        assert memory.replace_all(new, encoder_id=f"tiny@{dim}", dim=dim, seen=seen)
    elif kind == "upgrade":
        rows = to_rows(memory.records(), table_schema(memory.encoder_id, 16))
        old = as_layout("123"[n % 3], rows, memory.encoder_id, 16)
        rewrite(user_place(root, kind), old.schema, old.to_batches())
        memory.update("o0", context=MARKER)


def state(root: Path, kind: str) -> dict[str, list[int]]:
    """Return the numbers of every object's views; fails where anything is torn or twice there."""
    memory = open_user(root, kind)
    records = memory.records()
    snapshot = memory.snapshot()
    assert np.diff(snapshot.starts).tolist() == [obj.n_views for obj in snapshot.objects]
    assert sorted(r.object.object_id for r in records) == sorted(
        obj.object_id for obj in snapshot.objects
    )
    for record in records:
        assert len(record.views) == len(record.vectors) == record.object.n_views
        assert len({view.view_id for view in record.views}) == len(record.views)
        if kind != "upgrade":
            assert {view.crop for view in record.views} == {CROP}
            assert {pack(view.details) for view in record.views} == {pack(DETAILS)}
        assert record.object.context == MARKER
    found = {record.object.object_id: numbers_of(record.vectors) for record in records}
    assert len(found) == len(records)
    return found


def after(kind: str, n: int) -> dict[str, list[int]] | int:
    """Return what n steps leave: the objects with their numbers, or how many objects."""
    if kind == "insert":
        return {f"o{i}": [i] for i in range(n)}
    if kind == "append":
        return {"one": list(range(n + 1))}
    if kind == "remove_view":
        return {"one": list(range(min(n, START - 1), START))}
    if kind == "merge":
        moved = min(n, START - 1)
        return {"o0": list(range(moved + 1))} | {f"o{i}": [i] for i in range(moved + 1, START)}
    if kind == "delete":
        return {f"o{i}": [i] for i in range(n, START)}
    if kind == "import":
        return n * IMPORTED
    if kind == "forget_user":
        return IMPORTED if n else 0
    if kind == "update":
        return {"one": [0]}
    return {f"o{i}": [i] for i in range(IMPORTED)}


KINDS = [
    "insert",
    "append",
    "update",
    "remove_view",
    "merge",
    "delete",
    "import",
    "forget_user",
    "reembed",
    "upgrade",
]


def main(root: str, kind: str, file: str) -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    for n in itertools.count(int(sys.stdin.readline())):
        print("begin", n, flush=True)
        try:
            step(kind, Path(root), Path(file), n)
        except ObjectNotFound:
            if kind != "delete":
                raise
        print("done", n, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
