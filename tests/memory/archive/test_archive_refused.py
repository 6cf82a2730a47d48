"""Exports may come from anybody: what is none, or damaged, is refused whole."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pyarrow as pa
import pytest

from pekit_agents.errors import EncoderMismatch, InvalidInput
from pekit_agents.memory.archive import file as archive
from pekit_agents.memory.details import pack
from pekit_agents.memory.records import MemoryRecord, new_views, to_rows
from pekit_agents.memory.schema import table_schema
from pekit_agents.types import Crop, Details, StoredView


def test_any_truncation_is_refused(exported, memory):
    content = exported.read_bytes()
    for length in range(0, len(content), max(1, len(content) // 40)):
        exported.write_bytes(content[:length])
        with pytest.raises(InvalidInput, match="nothing was imported"):
            memory.import_file(exported)
    assert memory.objects() == ()


def test_any_flipped_byte_is_refused_or_harmless(exported, memory):
    """The checksums of the zip format see most; what they leave out holds no data."""
    content, refused = exported.read_bytes(), 0
    step = max(1, len(content) // 150)
    for place in range(0, len(content), step):
        damaged = bytearray(content)
        damaged[place] ^= 0x55
        exported.write_bytes(damaged)
        try:
            records = archive.read_archive(exported, encoder_id="tiny@1", dim=16)
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
