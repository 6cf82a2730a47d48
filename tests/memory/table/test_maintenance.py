from __future__ import annotations

from datetime import timedelta

import pytest

from pekit_agents.errors import MemoryStoreError
from pekit_agents.memory.place.local import LocalPlace
from pekit_agents.memory.table import maintenance
from pekit_agents.memory.table.optimizing import optimize


@pytest.fixture
def data(memory, thing, unit_vectors, root):
    """The folder of the data files, with one object in it."""
    memory.insert(thing(), unit_vectors())
    return next(root.rglob("data"))


def versions(root):
    return len(list(root.rglob("*.manifest")))


def test_compacting_sweeps_strays_older_than_an_hour_and_nothing_else(memory, data, age):
    kept = {path.name for path in data.iterdir()}
    for name in (".tmpOld", "0101old.lance", ".tmpYoung", "0101young.lance"):
        (data / name).write_bytes(b"payload")
    for path in data.iterdir():
        if "oung" not in path.name:
            age(path, hours=1.1)
    memory.compact()
    assert {path.name for path in data.iterdir()} == kept | {".tmpYoung", "0101young.lance"}
    assert len(memory.objects()) == 1


def test_compacting_keeps_versions_that_a_reader_may_still_use(memory, data, root, monkeypatch):
    for _ in range(3):
        memory.update("id-1", context="x")
    memory.compact()
    assert versions(root) >= 4
    monkeypatch.setattr(maintenance, "GRACE", timedelta(milliseconds=1))
    memory.compact()
    memory.compact()
    assert versions(root) <= 2
    assert memory.get("id-1").object.context == "x"


def test_twenty_commits_of_short_lived_handles_compact_by_themselves(
    open_memory, thing, unit_vectors, root, monkeypatch
):
    monkeypatch.setattr(maintenance, "GRACE", timedelta(milliseconds=1))
    for i in range(45):
        open_memory().insert(thing(f"id-{i}", minute=i), unit_vectors())
    assert versions(root) < 25
    assert len(open_memory().objects()) == 45


def test_a_write_succeeds_although_the_compaction_after_it_fails(
    memory, thing, unit_vectors, monkeypatch, caplog
):
    def failing(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(maintenance, "compact", failing)
    monkeypatch.setattr(maintenance, "_FEWEST_COMMITS", 1)
    memory.insert(thing(), unit_vectors())
    assert len(memory.objects()) == 1
    assert "No space left on device" in caplog.text
    with pytest.raises(MemoryStoreError, match="No space left on device"):
        memory.compact()


def test_manifests_that_mention_files_in_another_way_cost_no_data(
    memory, data, root, monkeypatch, age
):
    (data / ".tmpOld").write_bytes(b"payload")
    for path in data.iterdir():
        age(path, hours=1.1)
    monkeypatch.setattr(maintenance, "_manifests", lambda files: [])
    memory.compact()
    assert [path.suffix for path in data.iterdir()] == [".lance"]
    assert len(memory.snapshot().objects) == 1


def test_compacting_sweeps_what_a_writer_left_who_died_creating_the_table(memory, data, age):
    folder = data.parent.parent
    for name in ("new-old", "new-young"):
        (folder / name / "objects.lance").mkdir(parents=True)
    age(folder / "new-old", hours=1.1)
    memory.compact()
    assert [path.name for path in folder.glob("new-*")] == ["new-young"]


def test_optimizing_leaves_one_file_of_many_short_writes(open_memory, thing, unit_vectors, root):
    memory = open_memory()
    for i in range(15):
        memory.insert(thing(f"id-{i}", minute=i), unit_vectors(seed=i))
    (folder,) = root.iterdir()
    places, steps = [LocalPlace(folder), LocalPlace(root / "none")], []
    assert optimize(places, progress=lambda *step: steps.append(step)) == 1
    assert steps == [(1, 4), (2, 4), (3, 4)]
    assert len(list(folder.rglob("data/*.lance"))) == 1
    assert versions(root) <= 2
    assert len(open_memory().objects()) == 15
