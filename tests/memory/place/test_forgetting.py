"""Forgetting, checked by searching every byte of every file."""

from __future__ import annotations

import os
import time

import lancedb
import pytest

from pekit_agents.errors import MemoryStoreError, ObjectNotFound
from pekit_agents.memory.details import pack
from pekit_agents.memory.place.local import LocalPlace
from pekit_agents.memory.table import maintenance
from pekit_agents.memory.table.table import rewrite
from pekit_agents.types import Crop

OLD = {"name": "Old-Name-3f9a", "category": "Old-Kind-77c1", "context": "Old-Story-b402"}
NEW = {"name": "New-Name-5d21", "category": "New-Kind-0be8", "context": "New-Story-e9f6"}
SECRET_ID = "secret-id-81d3"
PICTURE, MASK = (bytes((i * k) % 251 for i in range(5000)) for k in (3, 7))
CROP = Crop(b"\xff\xd8\xff" + PICTURE, b"\x89PNG\r\n\x1a\n" + MASK)


@pytest.fixture
def packed(some_details):
    """The details of a view of the object, and what of them is looked for."""
    details = some_details(seed=113, patches=300)
    return details, [pack(details)[:64], pack(details)[-64:]]


@pytest.fixture
def secrets(unit_vectors, packed):
    """Everything of the object that a file could hold."""
    vectors = [*unit_vectors(2, seed=111), *unit_vectors(3, seed=112)]
    texts = [*OLD.values(), *NEW.values(), SECRET_ID]
    crops = [PICTURE[:64], PICTURE[2000:2064], MASK[:64], MASK[-64:]]
    return (
        [text.encode() for text in texts]
        + [vector.tobytes() for vector in vectors]
        + crops
        + packed[1]
    )


@pytest.fixture
def remember_secret(thing, unit_vectors, packed):
    """Store the object, then change it, so that old versions hold it as well."""

    def remember(memory):
        memory.insert(
            thing(SECRET_ID, **OLD),
            unit_vectors(2, seed=111),
            crops=[CROP, CROP],
            details=[packed[0], None],
        )
        memory.append_views(SECRET_ID, unit_vectors(3, seed=112))
        memory.update(SECRET_ID, **NEW)

    return remember


def found_in(secrets, content):
    return [secret for secret in secrets if secret in content]


@pytest.mark.parametrize("others", [0, 1, 30])
def test_no_byte_of_a_forgotten_object_is_left(
    memory, thing, unit_vectors, remember_secret, secrets, bytes_on_disk, others
):
    for i in range(others):
        memory.insert(thing(f"other-{i}", minute=i), unit_vectors(seed=i))
    remember_secret(memory)
    assert found_in(secrets, bytes_on_disk()) == secrets
    memory.delete(SECRET_ID)
    assert found_in(secrets, bytes_on_disk()) == []
    assert [obj.object_id for obj in memory.objects()] == [f"other-{i}" for i in range(others)]
    for i in range(others):
        assert (memory.get(f"other-{i}").vectors == unit_vectors(seed=i)).all()


def test_forgetting_reaches_what_a_compaction_had_merged(
    memory, remember_secret, secrets, bytes_on_disk, thing, unit_vectors
):
    memory.insert(thing("other"), unit_vectors())
    remember_secret(memory)
    memory.compact()
    memory.delete(SECRET_ID)
    assert found_in(secrets, bytes_on_disk()) == []


def test_forgetting_reaches_what_dead_and_outrun_writers_left(
    memory, remember_secret, secrets, bytes_on_disk, root
):
    remember_secret(memory)
    data = next(root.rglob("data"))
    for name in (".tmpAbC", "0101011101110001deadbeef.lance"):
        (data / name).write_bytes(secrets[0])
    memory.delete(SECRET_ID)
    assert found_in(secrets, bytes_on_disk()) == []


def test_no_byte_of_a_removed_view_is_left(memory, thing, unit_vectors, bytes_on_disk, packed):
    stays, goes, stays_too = unit_vectors(3, seed=5)
    memory.insert(thing(), [stays, goes], crops=[None, CROP], details=[None, packed[0]])
    memory.append_views("id-1", [stays_too])
    for i in range(30):
        memory.insert(thing(f"other-{i}", minute=i), unit_vectors(seed=i))
    view = memory.get("id-1").views[1]
    secrets = [goes.tobytes(), PICTURE[:64], MASK[-64:], view.view_id.encode(), *packed[1]]
    assert found_in(secrets, bytes_on_disk()) == secrets
    memory.remove_view("id-1", view.view_id)
    assert found_in(secrets, bytes_on_disk()) == []
    assert stays.tobytes() in bytes_on_disk()
    assert stays_too.tobytes() in bytes_on_disk()


def test_of_a_merged_object_nothing_is_left_but_its_views(
    memory, thing, remember_secret, secrets, packed, bytes_on_disk, unit_vectors
):
    memory.insert(thing("stays"), unit_vectors())
    remember_secret(memory)
    memory.merge("stays", SECRET_ID)
    left = found_in(secrets, bytes_on_disk())
    moved = [*unit_vectors(2, seed=111), *unit_vectors(3, seed=112)]
    crops = [PICTURE[:64], PICTURE[2000:2064], MASK[:64], MASK[-64:]]
    assert left == [vector.tobytes() for vector in moved] + crops + packed[1]
    memory.delete("stays")
    assert found_in(secrets, bytes_on_disk()) == []


def test_of_a_forgotten_user_nothing_is_left(
    open_memory, remember_secret, secrets, bytes_on_disk, thing, unit_vectors
):
    open_memory(user_id="bob").insert(thing(), unit_vectors())
    remember_secret(open_memory())
    open_memory().forget_everything()
    assert found_in(secrets, bytes_on_disk()) == []


def test_replaced_texts_are_gone_after_a_purge(memory, remember_secret, bytes_on_disk):
    remember_secret(memory)
    old = [text.encode() for text in OLD.values()]
    assert found_in(old, bytes_on_disk()) == old  # older versions hold them
    memory.purge()
    assert found_in(old, bytes_on_disk()) == []
    assert memory.get(SECRET_ID).object.name == NEW["name"]


def test_forgetting_one_object_also_removes_the_replaced_texts_of_others(
    memory, remember_secret, bytes_on_disk, thing, unit_vectors
):
    remember_secret(memory)
    memory.insert(thing("other"), unit_vectors())
    memory.delete("other")
    assert found_in([text.encode() for text in OLD.values()], bytes_on_disk()) == []


def test_what_an_import_replaced_is_gone(
    open_memory, remember_secret, secrets, bytes_on_disk, thing, unit_vectors, tmp_path
):
    memory, source = open_memory(), open_memory(user_id="bob")
    remember_secret(memory)
    source.insert(thing("other", NEW["name"].upper(), category="x", context=""), unit_vectors())
    source.export(tmp_path / "x")
    memory.import_file(tmp_path / "x", on_conflict="replace")
    assert found_in(secrets, bytes_on_disk()) == [SECRET_ID.encode()]  # is found in its place
    assert memory.get(SECRET_ID).object.category == "x"


def test_forgetting_reaches_what_an_upgrade_left(
    memory, remember_secret, secrets, bytes_on_disk, root
):
    """An upgrade is an overwriting commit: the old rows are in the versions before it."""
    remember_secret(memory)
    table = lancedb.connect(next(root.iterdir())).open_table("objects")
    rewrite(LocalPlace(next(root.iterdir())), table.schema, table.to_arrow().to_batches())
    memory.delete(SECRET_ID)
    assert found_in(secrets, bytes_on_disk()) == []


def test_a_failed_export_leaves_no_byte(memory, remember_secret, secrets, tmp_path, monkeypatch):
    remember_secret(memory)
    folder = tmp_path / "out"
    folder.mkdir()
    seen = []

    def fail(descriptor):
        seen.extend(path.read_bytes() for path in folder.iterdir())
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(MemoryStoreError):
        memory.export(folder / "x")
    assert found_in([NEW["name"].encode()], seen[0]) != []
    assert list(folder.iterdir()) == []


def test_a_forgotten_object_can_be_remembered_anew(memory, remember_secret, thing, unit_vectors):
    remember_secret(memory)
    memory.delete(SECRET_ID)
    with pytest.raises(ObjectNotFound):
        memory.delete(SECRET_ID)
    memory.insert(thing(SECRET_ID), unit_vectors())
    assert memory.get(SECRET_ID).object == thing(SECRET_ID, n_views=1)


def test_other_handles_go_on_after_their_version_is_gone(open_memory, thing, unit_vectors):
    here, elsewhere = open_memory(), open_memory()
    for object_id in ("a", "b", "c"):
        here.insert(thing(object_id), unit_vectors())
    elsewhere.snapshot()
    elsewhere.update("b", context="x")
    here.delete("a")
    assert [obj.object_id for obj in elsewhere.objects()] == ["b", "c"]
    assert elsewhere.append_views("b", unit_vectors(seed=1)).n_views == 2
    elsewhere.delete("c")
    assert here.get("b").object.n_views == 2
    assert [obj.object_id for obj in here.objects()] == ["b"]


def forget_again(memory, *_):
    with pytest.raises(ObjectNotFound):
        memory.delete(SECRET_ID)


NEXT_CALLS = {
    "a write": lambda memory, thing, vectors: memory.insert(thing("new"), vectors),
    "the same call": forget_again,
    "a compaction": lambda memory, *_: memory.compact(),
}


@pytest.mark.parametrize("next_call", NEXT_CALLS.values(), ids=NEXT_CALLS)
def test_an_interrupted_forgetting_is_finished_by(
    open_memory,
    monkeypatch,
    remember_secret,
    secrets,
    bytes_on_disk,
    thing,
    unit_vectors,
    next_call,
):
    remember_secret(open_memory())

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(maintenance, "purge", interrupted)
        with pytest.raises(KeyboardInterrupt):
            open_memory().delete(SECRET_ID)
    assert open_memory().objects() == ()
    assert found_in(secrets, bytes_on_disk()) != []
    next_call(open_memory(), thing, unit_vectors())
    assert found_in(secrets, bytes_on_disk()) == []


def test_forgetting_says_when_old_versions_cannot_be_removed(
    memory, monkeypatch, remember_secret, secrets, bytes_on_disk, thing, unit_vectors
):
    remember_secret(memory)
    with monkeypatch.context() as patch:
        patch.setattr(maintenance, "_AT_ONCE", maintenance.GRACE)  # as if clocks disagreed
        patch.setattr(maintenance.time, "sleep", lambda _: None)
        with pytest.raises(MemoryStoreError, match="still on disk"):
            memory.delete(SECRET_ID)
        memory.insert(thing("new"), unit_vectors())  # is not held up by it
    assert found_in(secrets, bytes_on_disk()) != []
    memory.update("new", name="Rex")
    assert found_in(secrets, bytes_on_disk()) == []


def test_without_locks_only_strays_that_nobody_can_be_writing_are_removed(
    memory, monkeypatch, without_locks, remember_secret, root, secrets, bytes_on_disk, age
):
    without_locks()
    remember_secret(memory)
    data = next(root.rglob("data"))
    (data / ".tmpOld").write_bytes(b"x")
    age(data / ".tmpOld", hours=1.1)
    (data / "0101young.lance").write_bytes(b"x")
    waits, sleep = [], time.sleep
    monkeypatch.setattr(maintenance.time, "sleep", lambda s: (waits.append(s), sleep(s)))
    memory.delete(SECRET_ID)
    assert sum(waits) < maintenance.GRACE.total_seconds()  # it waits for no other writer
    assert found_in(secrets, bytes_on_disk()) == []
    assert [path.name for path in data.iterdir()] == ["0101young.lance"]
