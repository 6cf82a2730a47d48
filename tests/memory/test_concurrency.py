"""Threads and processes that write at once: nothing is lost, torn or stored twice.

With "unlocked" the writers hold no lock, as on a disk without file locks; then LanceDB's
primary key and the compare-and-set have to hold alone.
"""

from __future__ import annotations

import subprocess
import threading

import lancedb
import numpy as np
import pytest

from pekit_agents.errors import PeKitError
from pekit_agents.memory import editing
from pekit_agents.memory.schema import table_schema

LOCKING = pytest.mark.parametrize("mode", ["locked", "unlocked"])


def start_together(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()


def join(processes: list[subprocess.Popen[str]]) -> None:
    assert [process.wait(timeout=120) for process in processes] == [0] * len(processes)


def numbers(vectors: np.ndarray) -> list[int]:
    return np.rint(np.arctan2(vectors[:, 1], vectors[:, 0]) * 1000).astype(int).tolist()


def view(number: int) -> np.ndarray:
    vector = np.zeros((1, 16), np.float32)
    vector[0, :2] = np.cos(number / 1000), np.sin(number / 1000)
    return vector


@LOCKING
def test_views_that_threads_and_processes_append_at_once_are_all_kept(
    open_memory, worker, thing, without_locks, mode
):
    if mode == "unlocked":
        without_locks()
    memory = open_memory()
    memory.insert(thing("one"), view(0))
    processes = [worker(mode, "append", "one", first, 6) for first in (100, 200, 300)]

    def append(first):
        for number in range(first, first + 6):
            memory_of[first].append_views("one", view(number))

    # One thread shares the handle that the test reads with, the other has its own.
    memory_of = {400: memory, 500: open_memory()}
    threads = [threading.Thread(target=append, args=(first,)) for first in (400, 500)]
    start_together(processes)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    join(processes)

    record = memory.get("one")
    expected = [0, *(first + i for first in (100, 200, 300, 400, 500) for i in range(6))]
    assert sorted(numbers(record.vectors)) == expected
    assert record.object.n_views == len(expected) == 31
    assert len(memory.objects()) == 1


@LOCKING
def test_processes_that_create_the_memory_and_upsert_the_same_keys_store_each_once(
    open_memory, worker, mode
):
    processes = [worker(mode, "upsert", 12) for _ in range(3)]
    start_together(processes)
    join(processes)
    found = [(obj.object_id, obj.n_views) for obj in open_memory().objects()]
    assert sorted(found) == sorted((f"key-{number}", 1) for number in range(12))


def test_a_name_that_processes_want_at_once_is_got_by_one(open_memory, worker):
    processes = [worker("locked", "take_names", f"p{i}", 10) for i in range(3)]
    start_together(processes)
    got = sorted(int(line) for process in processes for line in process.communicate()[0].split())
    assert got == list(range(10))
    assert sorted(obj.name for obj in open_memory().objects()) == [f"name {n}" for n in range(10)]


@pytest.mark.parametrize("round_", range(12))
def test_of_writers_that_create_the_memory_at_once_none_is_lost(
    open_memory, thing, without_locks, round_
):
    without_locks()
    writers = [open_memory() for _ in range(4)]
    barrier = threading.Barrier(len(writers))
    errors: list[Exception] = []

    def insert(number, memory):
        barrier.wait()
        try:
            memory.insert(thing(f"id-{number}"), view(number))
        except PeKitError as exc:
            errors.append(exc)

    threads = [threading.Thread(target=insert, args=args) for args in enumerate(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(open_memory().objects()) == len(writers)


def test_threads_share_a_handle_while_objects_come_and_go(memory, thing, unit_vectors):
    memory.insert(thing("stays"), unit_vectors(3))
    errors: list[Exception] = []
    done = threading.Event()

    def read():
        try:
            while not done.is_set():
                snapshot = memory.snapshot()
                counts = np.diff(snapshot.starts).tolist()
                assert counts == [obj.n_views for obj in snapshot.objects]
                assert memory.get("stays").object.n_views == 3
        except (AssertionError, PeKitError) as exc:
            errors.append(exc)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for i in range(6):
        memory.insert(thing(f"comes-{i}", minute=1), unit_vectors(2))
        memory.append_views(f"comes-{i}", unit_vectors(1))
        memory.delete(f"comes-{i}")
    done.set()
    for reader in readers:
        reader.join()
    assert errors == []
    assert [obj.object_id for obj in memory.objects()] == ["stays"]


def test_an_append_whose_commit_landed_in_spite_of_an_error_is_not_repeated(
    memory, thing, monkeypatch
):
    memory.insert(thing("one"), view(0))
    replace = editing.replace_unchanged
    errors = [RuntimeError("lance error: Not found: data/0101.lance")]

    def landed_but_failed(table, row):
        replaced = replace(table, row)
        if errors:
            raise errors.pop()
        return replaced

    monkeypatch.setattr(editing, "replace_unchanged", landed_but_failed)
    assert memory.append_views("one", view(1)).n_views == 2
    assert numbers(memory.get("one").vectors) == [0, 1]


def test_a_change_made_since_the_row_was_read_is_kept(
    open_memory, thing, monkeypatch, without_locks
):
    here, elsewhere = open_memory(), open_memory()
    here.insert(thing("one"), view(0))
    without_locks()
    replace, others = editing.replace_unchanged, [lambda: elsewhere.append_views("one", view(7))]

    def after_somebody_else(table, row):
        if others:
            others.pop()()
        return replace(table, row)

    monkeypatch.setattr(editing, "replace_unchanged", after_somebody_else)
    here.append_views("one", view(1))
    assert numbers(here.get("one").vectors) == [0, 7, 1]


def test_the_merge_key_is_marked_and_has_no_index(memory, thing, root):
    # Either mistake makes concurrent upserts store one object twice, silently.
    memory.insert(thing(), view(0))
    table = lancedb.connect(next(root.iterdir())).open_table("objects")
    marks = table.schema.field("object_id").metadata
    assert marks == {b"lance-schema:unenforced-primary-key": b"true"}
    assert list(table.list_indices()) == []
    assert table.schema.names == table_schema("tiny@1", 16).names
