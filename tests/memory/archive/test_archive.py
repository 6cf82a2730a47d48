"""One file out, the same memory in, and nothing by halves."""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile

import numpy as np
import pyarrow as pa
import pytest

from pekit_agents.errors import EncoderMismatch, InvalidInput, MemoryStoreError
from pekit_agents.memory.archive import file as archive
from pekit_agents.memory.details import pack
from pekit_agents.memory.schema import table_schema


def test_what_was_exported_comes_in_as_it_was(source, exported, memory, some_details):
    objects = memory.import_file(exported)
    assert objects == source.objects() == memory.objects()
    np.testing.assert_array_equal(memory.snapshot().vectors, source.snapshot().vectors)
    for object_id in "ab":
        assert memory.get(object_id).views == source.get(object_id).views
    assert [view.details and pack(view.details) for view in memory.get("a").views] == [
        None,
        pack(some_details()),
        None,
    ]


def test_the_file_says_what_it_is_and_belongs_to_its_owner(exported):
    with zipfile.ZipFile(exported) as opened:
        assert sorted(opened.namelist()) == ["manifest.json", "objects.arrows"]
        manifest = json.loads(opened.read("manifest.json"))
        table = pa.ipc.open_stream(opened.read("objects.arrows")).read_all()
    assert manifest | {"created_at": ""} == {
        "format": "pekit-memory",
        "format_version": 3,
        "encoder_id": "tiny@1",
        "dim": 16,
        "created_at": "",
        "objects": 2,
        "views": 5,
        "crops": 2,
        "details": 1,
        "negatives": 0,
    }
    assert table["name"].to_pylist() == ["Bella", "Räx 👩‍👩‍👧"]
    assert stat.S_IMODE(exported.stat().st_mode) == 0o600


def test_corrections_come_in_as_they_were(source, memory, tmp_path, unit_vectors):
    source.add_negatives("a", unit_vectors(2, seed=9))
    assert source.export(tmp_path / "x")["negatives"] == 2
    memory.import_file(tmp_path / "x")
    np.testing.assert_array_equal(memory.get("a").negatives, unit_vectors(2, seed=9))
    assert memory.objects() == source.objects()


# The format, the layout of its columns, and what "supersedes" was called in it.
OLD_FORMATS = [(1, "2", "based_on"), (2, "3", "replaces")]


@pytest.mark.parametrize(("version", "layout", "based_on"), OLD_FORMATS)
def test_an_export_of_an_older_format_comes_in(source, exported, memory, version, layout, based_on):
    with zipfile.ZipFile(exported) as opened:
        manifest = json.loads(opened.read("manifest.json")) | {"format_version": version}
        table = pa.ipc.open_stream(opened.read("objects.arrows")).read_all()
    schema = table_schema("tiny@1", 16, layout=layout)
    old = table.rename_columns([based_on if n == "supersedes" else n for n in table.column_names])
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, schema) as writer:
        writer.write_table(old.select(schema.names).cast(schema))
    with zipfile.ZipFile(exported, "w", zipfile.ZIP_STORED) as opened:
        opened.writestr("manifest.json", json.dumps(manifest))
        opened.writestr("objects.arrows", stream.getvalue())
    assert memory.import_file(exported) == source.objects()
    assert memory.get("a").views == source.get("a").views
    assert [view.details for view in memory.get("a").views] == [None] * 3


def test_an_empty_memory_can_be_exported_and_imported(open_memory, tmp_path, memory, root):
    assert open_memory(user_id="nobody").export(tmp_path / "x")["objects"] == 0
    assert memory.import_file(tmp_path / "x") == ()
    assert not root.exists()


def test_a_file_that_is_there_is_not_overwritten_unasked(source, tmp_path):
    path = tmp_path / "mine"
    path.write_text("mine")
    with pytest.raises(InvalidInput, match="is there already"):
        source.export(path)
    assert path.read_text() == "mine"
    source.export(path, overwrite=True)
    assert zipfile.is_zipfile(path)
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["mine"]


def test_a_folder_that_is_not_there_is_told(source, tmp_path):
    with pytest.raises(InvalidInput, match="expected a folder"):
        source.export(tmp_path / "no" / "file")


@pytest.mark.parametrize(
    ("error", "becomes"),
    [(OSError(28, "No space left on device"), MemoryStoreError), (KeyboardInterrupt(), None)],
    ids=["full disk", "interrupted"],
)
def test_an_export_that_fails_leaves_no_file_at_all(source, tmp_path, monkeypatch, error, becomes):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    (tmp_path / "old").write_text("mine")
    for path, overwrite in ((tmp_path / "new", False), (tmp_path / "old", True)):
        with pytest.raises(becomes or KeyboardInterrupt):
            source.export(path, overwrite=overwrite)
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["old"]
    assert (tmp_path / "old").read_text() == "mine"


def test_a_disk_that_fills_up_while_it_is_written_is_told_as_such(
    source, tmp_path, thing, unit_vectors
):
    resource = pytest.importorskip("resource")  # not on Windows
    source.insert(thing("large", "Large"), unit_vectors(2000))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(MemoryStoreError, match=r"export .*x\.pekit could not be written: File"):
            source.export(tmp_path / "x.pekit")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []
    assert source.export(tmp_path / "x.pekit")["objects"] == 3


def test_an_error_of_the_file_is_not_blamed_on_the_memory(source, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "_write", full)
    with pytest.raises(MemoryStoreError, match=r"export .*x\.pekit could not be written: No space"):
        source.export(tmp_path / "x.pekit")


def test_an_export_is_of_one_moment_although_it_has_to_start_over(
    source, tmp_path, monkeypatch, thing, unit_vectors
):
    """As when the files of its version are removed under it."""
    write, failed = archive.pa.ipc.new_stream, []

    def once_not_found(*args):
        if not failed:
            failed.append(1)
            source.insert(thing("c", "Cup", minute=2), unit_vectors())
            raise RuntimeError("lance error: Not found: data/0101.lance")
        return write(*args)

    monkeypatch.setattr(archive.pa.ipc, "new_stream", once_not_found)
    assert source.export(tmp_path / "x")["objects"] == 3
    assert failed


@pytest.mark.parametrize("other", [{"encoder_id": "tiny@2"}, {"dim": 8}])
def test_another_encoder_is_refused(exported, open_memory, root, other):
    memory = open_memory(**other)
    with pytest.raises(EncoderMismatch, match="exported with encoder tiny@1 with dim 16"):
        memory.import_file(exported)
    assert memory.objects() == ()
