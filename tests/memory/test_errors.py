"""What a memory that cannot go on says."""

from __future__ import annotations

import os
import shutil

import lancedb
import pytest

from pekit_agents.errors import (
    EncoderMismatch,
    InvalidInput,
    MemoryStoreError,
    PeKitError,
    SchemaMismatch,
    WriteConflict,
)
from pekit_agents.memory.place import retry
from pekit_agents.memory.place.local import LocalPlace
from pekit_agents.memory.place.retry import CompareAndSetError, with_retries
from pekit_agents.memory.schema import table_schema


@pytest.fixture
def user_folder(memory, root, thing, unit_vectors):
    """The folder of a user with one object."""
    memory.insert(thing(), unit_vectors())
    (folder,) = root.iterdir()
    return folder


@pytest.mark.usefixtures("user_folder")
@pytest.mark.parametrize(
    "arguments", [{"encoder_id": "tiny@2"}, {"dim": 8}, {"encoder_id": "x", "dim": 8}]
)
def test_another_encoder_is_refused_with_both_names(open_memory, arguments):
    with pytest.raises(EncoderMismatch) as caught:
        open_memory(**arguments)
    expected = {"encoder_id": "tiny@1", "dim": 16} | arguments
    message = str(caught.value)
    assert "written with encoder tiny@1 with dim 16" in message
    assert f"expected {expected['encoder_id']} with dim {expected['dim']}" in message
    assert "use another folder" in message


def test_another_encoder_is_refused_although_the_memory_was_new_when_opened(
    open_memory, thing, unit_vectors
):
    first, second = open_memory(), open_memory(encoder_id="tiny@2")
    first.insert(thing(), unit_vectors())
    with pytest.raises(EncoderMismatch):
        second.insert(thing(), unit_vectors())
    with pytest.raises(EncoderMismatch):
        second.snapshot()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda s: s.with_metadata({**s.metadata, b"pekit.schema": b"5"}),
            "layout 5 .*expected layout 4",
        ),
        (lambda s: s.with_metadata(None), "layout None .*expected layout 4"),
        (lambda s: s.remove(s.get_field_index("rev")), "layout 4 .*expected layout 4 .*'rev'"),
    ],
)
def test_another_layout_is_refused(user_folder, open_memory, change, message):
    shutil.rmtree(user_folder)
    schema = change(table_schema("tiny@1", 16))
    lancedb.connect(user_folder).create_table("objects", schema=schema)
    with pytest.raises(SchemaMismatch, match=message):
        open_memory()


def overwrite(*patterns, content=b"garbage" * 99):
    def damage(folder):
        for path in (path for pattern in patterns for path in folder.rglob(pattern)):
            path.write_bytes(content)

    return damage


def remove(pattern):
    def damage(folder):
        for path in folder.rglob(pattern):
            path.unlink()

    return damage


def panic_lancedb(folder):
    # A type that no decoder knows makes LanceDB panic where it should raise.
    for manifest in folder.rglob("*.manifest"):
        manifest.write_bytes(manifest.read_bytes().replace(b"timestamp:us", b"timesXamp:us"))


DAMAGES = {
    "garbage manifests": overwrite("*.manifest"),
    "empty manifests": overwrite("*.manifest", content=b""),
    "no manifests": remove("*.manifest"),
    "unknown type": panic_lancedb,
    "garbage data": overwrite("data/*"),
    "missing data": remove("data/*"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_memory_says_so(user_folder, open_memory, monkeypatch, damage):
    monkeypatch.setattr(retry, "_ATTEMPTS", 3)
    damage(user_folder)
    with pytest.raises(MemoryStoreError) as caught:
        open_memory().snapshot()
    assert str(user_folder) in str(caught.value)
    assert "damaged" in str(caught.value)
    assert ".rs:" not in str(caught.value)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_nothing_is_written_over_a_damaged_memory(
    user_folder, open_memory, monkeypatch, thing, unit_vectors, damage
):
    monkeypatch.setattr(retry, "_ATTEMPTS", 3)
    memory = open_memory()
    damage(user_folder)
    before = sorted(path for path in user_folder.rglob("*") if path.name != "lock")
    with pytest.raises(MemoryStoreError):
        memory.append_views("id-1", unit_vectors())
    assert set(before) <= set(user_folder.rglob("*"))


def test_a_writer_that_died_while_creating_the_table_leaves_an_empty_memory(
    user_folder, open_memory, thing, unit_vectors
):
    shutil.rmtree(user_folder)
    for name in ("_versions", "_transactions"):
        (user_folder / "objects.lance" / name).mkdir(parents=True)
    memory = open_memory()
    assert memory.objects() == ()
    memory.insert(thing(), unit_vectors())
    assert len(memory.objects()) == 1


def test_a_file_in_place_of_the_root_is_refused(root, open_memory):
    root.write_text("x")
    with pytest.raises(InvalidInput, match="expected a folder for the memory, found a file"):
        open_memory()


def test_a_write_that_the_disk_refuses_names_the_folder_and_the_reason(
    user_folder, memory, thing, unit_vectors
):
    (user_folder / "lock").unlink()
    (user_folder / "lock").mkdir()
    with pytest.raises(MemoryStoreError, match=r"could not be written: .*Is a directory") as caught:
        memory.insert(thing(), unit_vectors())
    assert str(user_folder) in str(caught.value)
    assert isinstance(caught.value.__cause__, OSError)
    assert len(memory.objects()) == 1


def test_a_read_only_memory_can_be_read_and_not_written(
    user_folder, open_memory, thing, unit_vectors
):
    folders = [user_folder, *(path for path in user_folder.rglob("*") if path.is_dir())]
    (user_folder / "lock").unlink()
    for folder in folders:
        folder.chmod(0o500)
    try:
        if os.access(user_folder, os.W_OK):
            pytest.skip("this user may write anywhere")
        memory = open_memory()
        assert len(memory.objects()) == 1
        with pytest.raises(MemoryStoreError, match=r"could not be written: .*Permission denied"):
            memory.insert(thing("id-2"), unit_vectors())
        for write in (
            lambda: memory.delete("id-1"),
            lambda: memory.update("id-1", name="Rex"),
            memory.purge,
            memory.forget_everything,
        ):
            with pytest.raises(MemoryStoreError, match="Permission denied"):
                write()
        assert memory.export(user_folder.parents[1] / "x.pekit")["objects"] == 1
        assert len(open_memory().objects()) == 1
    finally:
        for folder in folders:
            folder.chmod(0o700)


def test_a_full_disk_is_an_error_and_no_damage(worker, user_folder, memory, thing, unit_vectors):
    process = worker("locked", "fill_disk", 50_000)
    output, _ = process.communicate("go\n")
    assert "MemoryStoreError" in output
    assert f"{user_folder} could not be written" in output
    assert "File too large" in output
    assert memory.objects() == (thing(n_views=1),)
    memory.insert(thing("id-2"), unit_vectors())
    assert len(memory.objects()) == 2


def replace_everything(memory):
    seen = memory.records()
    memory.replace_all(seen, encoder_id="tiny@2", dim=16, seen=seen)


LARGE_WRITES = {
    "append": lambda memory, views: memory.append_views("large", views),
    "update": lambda memory, views: memory.update("large", name="Rex"),
    "remove_view": lambda memory, views: memory.remove_view(
        "large", memory.get("large").views[0].view_id
    ),
    "merge": lambda memory, views: memory.merge("large", "small"),
    "import": lambda memory, views: memory.import_file(
        memory._transactions.place.path.parents[1] / "x.pekit", on_conflict="rename"
    ),
    "replace_all": lambda memory, views: replace_everything(memory),
}


@pytest.mark.parametrize("write", LARGE_WRITES.values(), ids=LARGE_WRITES)
def test_a_disk_that_is_full_in_any_write_costs_nothing(
    memory, open_memory, root, thing, unit_vectors, write
):
    resource = pytest.importorskip("resource")  # not on Windows
    memory.insert(thing("large"), unit_vectors(2000))
    memory.insert(thing("small", "Rex"), unit_vectors())
    memory.export(root.parent / "x.pekit")
    before = memory.objects()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(MemoryStoreError, match="File too large"):
            write(memory, unit_vectors())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert open_memory().objects() == before
    assert len(open_memory().get("large").views) == 2000
    write(open_memory(), unit_vectors())


def failing(times, error):
    """Return an operation that raises ``error`` that often and then returns how often it ran."""
    runs = []

    def operation():
        runs.append(None)
        if len(runs) <= times:
            raise error
        return len(runs)

    return operation


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(retry, "_ATTEMPTS", 4)
    monkeypatch.setattr(retry, "_LONGEST_PAUSE_S", 0.0)
    resets, place = [], LocalPlace(tmp_path)

    def run(operation):
        return with_retries(operation, doing="read", place=place, reset=lambda: resets.append(1))

    run.resets = resets
    return run


PASSING = [
    CompareAndSetError("id-1"),
    RuntimeError("lance error: Not found: x/data/0101.lance, /a/b.rs:1:2"),
    RuntimeError("Retryable commit conflict for version 7"),
    RuntimeError("Too many concurrent writers"),
    FileNotFoundError(2, "No such file or directory"),
]


@pytest.mark.parametrize("error", PASSING, ids=str)
def test_what_other_writers_cause_is_tried_again(run, error):
    assert run(failing(3, error)) == 4
    assert len(run.resets) == 3


OUTCOMES = [WriteConflict, MemoryStoreError, WriteConflict, WriteConflict, MemoryStoreError]


@pytest.mark.parametrize(("error", "becomes"), list(zip(PASSING, OUTCOMES, strict=True)), ids=str)
def test_trying_again_ends(run, error, becomes):
    with pytest.raises(MemoryStoreError) as caught:
        run(failing(4, error))
    assert type(caught.value) is becomes
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("lance error: No space left on device (os error 28)"),
        ValueError("odd"),
        OSError(30, "x"),
    ],
    ids=str,
)
def test_what_does_not_pass_is_not_tried_again(run, error):
    with pytest.raises(MemoryStoreError) as caught:
        run(failing(1, error))
    assert caught.value.__cause__ is error
    assert run.resets == []


def test_the_name_of_the_folder_does_not_decide_what_is_tried_again(run, tmp_path):
    (folder := tmp_path / "not found conflict").mkdir()
    with pytest.raises(MemoryStoreError) as caught:
        with_retries(
            failing(1, OSError(28, "No space left", str(folder))),
            doing="written",
            place=LocalPlace(folder),
            reset=lambda: None,
        )
    assert type(caught.value) is MemoryStoreError


@pytest.mark.parametrize("error", [PeKitError("not found"), KeyError("not found"), TypeError("x")])
def test_own_errors_and_bugs_pass_through(run, error):
    with pytest.raises(type(error)) as caught:
        run(failing(1, error))
    assert caught.value is error
