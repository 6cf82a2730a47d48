"""One file out, the same memory in; nothing by halves, and nothing dangerous read."""

from __future__ import annotations

import io
import json
import stat
import zipfile

import numpy as np
import pyarrow as pa
import pytest

from pekit_agents.errors import EncoderMismatch, InvalidInput, MemoryStoreError, ObjectExists
from pekit_agents.memory import archive
from pekit_agents.memory.details import pack
from pekit_agents.memory.records import MemoryRecord, new_views, to_rows
from pekit_agents.memory.schema import table_schema
from pekit_agents.types import Crop, Details, StoredView

CROP = Crop(b"\xff\xd8\xffpicture", b"\x89PNG\r\n\x1a\nmask")


@pytest.fixture
def source(open_memory, thing, unit_vectors, some_details):
    memory = open_memory(user_id="source")
    memory.insert(
        thing("a", "Bella"),
        unit_vectors(3, seed=1),
        crops=[CROP, None, CROP],
        details=[None, some_details(), None],
    )
    memory.insert(thing("b", "Räx 👩‍👩‍👧", context="", minute=1), unit_vectors(2, seed=2))
    return memory


@pytest.fixture
def file(source, tmp_path):
    source.export(tmp_path / "memory.pekit")
    return tmp_path / "memory.pekit"


def test_what_was_exported_comes_in_as_it_was(source, file, memory, some_details):
    objects = memory.import_file(file)
    assert objects == source.objects() == memory.objects()
    np.testing.assert_array_equal(memory.snapshot().vectors, source.snapshot().vectors)
    for object_id in "ab":
        assert memory.get(object_id).views == source.get(object_id).views
    assert [view.details and pack(view.details) for view in memory.get("a").views] == [
        None,
        pack(some_details()),
        None,
    ]


def test_the_file_says_what_it_is_and_belongs_to_its_owner(file):
    with zipfile.ZipFile(file) as opened:
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
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_corrections_come_in_as_they_were(source, memory, tmp_path, unit_vectors):
    source.add_negatives("a", unit_vectors(2, seed=9))
    assert source.export(tmp_path / "x")["negatives"] == 2
    memory.import_file(tmp_path / "x")
    np.testing.assert_array_equal(memory.get("a").negatives, unit_vectors(2, seed=9))
    assert memory.objects() == source.objects()


# The format, the layout of its columns, and what "supersedes" was called in it.
OLD_FORMATS = [(1, "2", "based_on"), (2, "3", "replaces")]


@pytest.mark.parametrize(("version", "layout", "based_on"), OLD_FORMATS)
def test_an_export_of_an_older_format_comes_in(source, file, memory, version, layout, based_on):
    with zipfile.ZipFile(file) as opened:
        manifest = json.loads(opened.read("manifest.json")) | {"format_version": version}
        table = pa.ipc.open_stream(opened.read("objects.arrows")).read_all()
    schema = table_schema("tiny@1", 16, layout=layout)
    old = table.rename_columns([based_on if n == "supersedes" else n for n in table.column_names])
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, schema) as writer:
        writer.write_table(old.select(schema.names).cast(schema))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as opened:
        opened.writestr("manifest.json", json.dumps(manifest))
        opened.writestr("objects.arrows", stream.getvalue())
    assert memory.import_file(file) == source.objects()
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

    monkeypatch.setattr(archive.os, "fsync", fail)
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
def test_another_encoder_is_refused(file, open_memory, root, other):
    memory = open_memory(**other)
    with pytest.raises(EncoderMismatch, match="exported with encoder tiny@1 with dim 16"):
        memory.import_file(file)
    assert memory.objects() == ()


# Conflicts ----------------------------------------------------------------------------------


@pytest.fixture
def clashing(memory, thing, unit_vectors):
    """A memory in which the id "a" and the name of "b" are taken."""
    memory.insert(thing("a", "Cup", context="mine"), unit_vectors(1, seed=7))
    memory.insert(thing("z", "räx 👩‍👩‍👧", minute=1), unit_vectors(1, seed=8))
    return memory


def names(memory):
    return {obj.object_id: obj.name for obj in memory.objects()}


def test_a_conflict_imports_nothing(clashing, file):
    before = clashing.snapshot()
    with pytest.raises(ObjectExists, match='"Bella", "Räx'):
        clashing.import_file(file)
    assert clashing.snapshot() is before


def test_skipping_keeps_what_is_here(clashing, file, memory):
    memory.delete("z")
    assert [obj.object_id for obj in clashing.import_file(file, on_conflict="skip")] == ["b"]
    assert names(clashing) == {"a": "Cup", "b": "Räx 👩‍👩‍👧"}


def test_replacing_puts_them_in_place_and_forgets_what_was_there(clashing, file, bytes_on_disk):
    clashing.import_file(file, on_conflict="replace")
    assert names(clashing) == {"a": "Bella", "z": "Räx 👩‍👩‍👧"}
    assert clashing.get("z").object.n_views == 2
    own = clashing._transactions.folder.rglob("*")
    content = b"".join(path.read_bytes() for path in own if path.is_file())
    assert b"Cup" not in content
    assert b"mine" not in content
    clashing.import_file(file, on_conflict="replace")
    assert names(clashing) == {"a": "Bella", "z": "Räx 👩‍👩‍👧"}


def test_replacing_two_by_one_leaves_one(memory, file, thing, unit_vectors):
    memory.insert(thing("a", "Cup"), unit_vectors())
    memory.insert(thing("z", "Bella"), unit_vectors())
    memory.import_file(file, on_conflict="replace")
    assert names(memory) == {"a": "Bella", "b": "Räx 👩‍👩‍👧"}


def test_renaming_keeps_both(clashing, file):
    clashing.import_file(file, on_conflict="rename")
    found = names(clashing)
    assert sorted(found.values()) == ["Bella", "Cup", "Räx 👩‍👩‍👧 (2)", "räx 👩‍👩‍👧"]
    assert found["a"] == "Cup"
    clashing.import_file(file, on_conflict="rename")
    assert "Bella (2)" in names(clashing).values()
    assert "Räx 👩‍👩‍👧 (3)" in names(clashing).values()


def test_what_to_do_must_be_one_of_the_four(memory, file):
    with pytest.raises(InvalidInput, match="'error', 'skip', 'replace', 'rename'"):
        memory.import_file(file, on_conflict="merge")


def test_an_import_that_landed_in_spite_of_an_error_is_not_done_again(memory, file, monkeypatch):
    from pekit_agents.memory import importing

    upsert, errors = importing.upsert, [RuntimeError("lance error: Not found: data/0")]

    def landed_but_failed(*args):
        upsert(*args)
        if errors:
            raise errors.pop()

    monkeypatch.setattr(importing, "upsert", landed_but_failed)
    assert len(memory.import_file(file)) == 2
    assert names(memory) == {"a": "Bella", "b": "Räx 👩‍👩‍👧"}


# Files from anybody -------------------------------------------------------------------------


def test_any_truncation_is_refused(file, memory):
    content = file.read_bytes()
    for length in range(0, len(content), max(1, len(content) // 40)):
        file.write_bytes(content[:length])
        with pytest.raises(InvalidInput, match="nothing was imported"):
            memory.import_file(file)
    assert memory.objects() == ()


def test_any_flipped_byte_is_refused_or_harmless(file, memory, open_memory):
    """The checksums of the zip format see most; what they leave out holds no data."""
    content, refused = file.read_bytes(), 0
    step = max(1, len(content) // 150)
    for place in range(0, len(content), step):
        damaged = bytearray(content)
        damaged[place] ^= 0x55
        file.write_bytes(damaged)
        try:
            records = archive.read_archive(file, encoder_id="tiny@1", dim=16)
        except (InvalidInput, EncoderMismatch):
            refused += 1
        else:
            assert [record.object.name for record in records] == ["Bella", "Räx 👩‍👩‍👧"]
    assert refused > 100


def zipped(members, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as made:
        for name, content in members:
            made.writestr(name, content)
    return buffer.getvalue()


def manifest(**changes):
    values = {"format": "pekit-memory", "format_version": 3, "encoder_id": "tiny@1", "dim": 16}
    return json.dumps(values | {"objects": 1, "views": 1} | changes)


def stream(rows, compression=None):
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, rows.schema, options=options) as writer:
        writer.write_table(rows)
    return sink.getvalue()


@pytest.fixture
def rows(thing, unit_vectors):
    """Make the rows of an export of one object with one view."""

    def make(vectors=None, views=None, negatives=None, **fields):
        vectors = unit_vectors() if vectors is None else vectors
        negatives = np.zeros((0, 16), np.float32) if negatives is None else negatives
        views = views or new_views(len(vectors))
        record = MemoryRecord(thing(**fields), vectors, views, 1, negatives)
        return to_rows([record], table_schema("tiny@1", 16))

    return make


def with_details(rows, packed):
    """Return the rows of one object with one view with other bytes for its details."""
    column = pa.array([[packed]], pa.list_(pa.binary()))
    return rows.set_column(
        rows.schema.get_field_index("details"), rows.schema.field("details"), column
    )


def one(rows, **changes):
    return zipped([("manifest.json", manifest(**changes)), ("objects.arrows", stream(rows))])


def twice(rows):
    both = pa.concat_tables([rows, rows])
    return zipped(
        [("manifest.json", manifest(objects=2, views=2)), ("objects.arrows", stream(both))]
    )


def large_details(patches, width):
    return Details(
        *(np.ones(shape, np.int8) for shape in ((patches, width), (patches, 2), patches))
    )


DETAILS = large_details(5, 8)
HOSTILE = {
    "a path": lambda rows: zipped(
        [("manifest.json", manifest()), ("../../objects.arrows", stream(rows()))]
    ),
    "one more member": lambda rows: zipped(
        [("manifest.json", manifest()), ("objects.arrows", stream(rows())), ("x", "")]
    ),
    "a deflated bomb": lambda rows: zipped(
        [("manifest.json", manifest()), ("objects.arrows", b"\0" * 10**7)], zipfile.ZIP_DEFLATED
    ),
    "a giant manifest": lambda rows: zipped(
        [("manifest.json", " " * 70_000 + manifest()), ("objects.arrows", stream(rows()))]
    ),
    "a compressed stream": lambda rows: zipped(
        [("manifest.json", manifest()), ("objects.arrows", stream(rows(), "zstd"))]
    ),
    "no manifest": lambda rows: zipped([("objects.arrows", stream(rows()))]),
    "a manifest that is a list": lambda rows: zipped(
        [("manifest.json", "[]"), ("objects.arrows", stream(rows()))]
    ),
    "a later format": lambda rows: one(rows(), format_version=4),
    "another format": lambda rows: one(rows(), format="zip"),
    "other counts": lambda rows: one(rows(), objects=3),
    "other columns": lambda rows: one(rows().drop_columns(["rev"])),
    "an id with a path": lambda rows: one(rows(object_id="../x")),
    "an empty name": lambda rows: one(rows(name="")),
    "an invisible name": lambda rows: one(rows(name="Bel\u200bla")),
    "a giant context": lambda rows: one(rows(context="x" * 100_000)),
    "vectors of no length": lambda rows: one(rows(np.zeros((1, 16), np.float32))),
    "vectors that are no numbers": lambda rows: one(rows(np.full((1, 16), np.nan, np.float32))),
    "negatives of no length": lambda rows: one(
        rows(negatives=np.zeros((1, 16), np.float32)), negatives=1
    ),
    "too many negatives": lambda rows: one(rows(negatives=np.eye(16, dtype=np.float32)[[0] * 33])),
    "an odd view id": lambda rows: one(rows(views=(StoredView("../../x", None),))),
    "a crop that is no picture": lambda rows: one(
        rows(views=(StoredView("0" * 12, None, Crop(b"#!/bin/sh", b"x")),))
    ),
    "details that are cut off": lambda rows: one(with_details(rows(), pack(DETAILS)[:-1])),
    "details without patches": lambda rows: one(with_details(rows(), b"\x08\x00")),
    "details of another layout": lambda rows: one(with_details(rows(), b"#!/bin/sh")),
    "too many details": lambda rows: one(with_details(rows(), pack(large_details(4097, 1)))),
    "details that are too fine": lambda rows: one(
        with_details(rows(), pack(large_details(1, 1025)))
    ),
    "one id twice": lambda rows: twice(rows()),
    "text": lambda rows: b"hello",
    "nothing": lambda rows: b"",
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_is_no_export_is_refused_whole(tmp_path, memory, rows, make):
    (tmp_path / "x.pekit").write_bytes(make(rows))
    with pytest.raises(InvalidInput, match=r"x\.pekit"):
        memory.import_file(tmp_path / "x.pekit")
    assert memory.objects() == ()


def test_the_same_file_without_the_hostility_is_read(tmp_path, memory, rows):
    (tmp_path / "x.pekit").write_bytes(one(rows()))
    assert len(memory.import_file(tmp_path / "x.pekit")) == 1
    largest = with_details(rows(), pack(large_details(4096, 1024)))
    (tmp_path / "x.pekit").write_bytes(one(largest))
    assert len(memory.import_file(tmp_path / "x.pekit", on_conflict="replace")) == 1
    assert memory.get("id-1").views[0].details.codes.shape == (4096, 1024)


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_what_is_no_file_is_told(tmp_path, memory, path):
    with pytest.raises(InvalidInput, match="found none at"):
        memory.import_file(tmp_path / path)
