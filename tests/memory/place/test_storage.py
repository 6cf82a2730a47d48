"""Folders are used alike on a disk and in a bucket."""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path

import pytest
from pyarrow import fs

from pekit_agents.errors import InvalidInput
from pekit_agents.memory import forget_user
from pekit_agents.memory.place import s3
from pekit_agents.memory.place.place import place_at
from pekit_agents.memory.schema import table_schema


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"endpoint_override": "env:9", "scheme": "http"}),
        ({"aws_endpoint": "own:1"}, {"endpoint_override": "own:1", "scheme": "http"}),
        ({"ENDPOINT_URL": "own:1"}, {"endpoint_override": "own:1", "scheme": "http"}),
        ({"allow_http": "false"}, {"endpoint_override": "env:9", "scheme": "https"}),
        ({"AWS_ALLOW_HTTP": "True"}, {"endpoint_override": "env:9", "scheme": "http"}),
        (
            {
                "aws_access_key_id": "a",
                "aws_secret_access_key": "b",
                "aws_session_token": "c",
                "aws_region": "d",
                "endpoint": "e:1",
                "allow_http": "0",
                "something_else": "f",
            },
            {
                "access_key": "a",
                "secret_key": "b",
                "session_token": "c",
                "region": "d",
                "endpoint_override": "e:1",
                "scheme": "https",
            },
        ),
    ],
)
def test_options_have_the_names_of_lancedb_and_count_more_than_the_environment(
    monkeypatch, options, expected
):
    monkeypatch.setenv("AWS_ENDPOINT", "env:9")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "1")
    given = {"aws_region": "eu-central-1", **options}
    files = place_at("s3://bucket/memories/", given).path._files
    assert files.equals(fs.S3FileSystem(**{"region": "eu-central-1", **expected}))


@pytest.mark.parametrize("where", ["disk", "bucket"])
def test_a_folder_is_used_alike_wherever_it_is(where, bucket, tmp_path):
    disk, there = place_at(tmp_path), place_at(f"{bucket.uri}/", bucket.options)
    root = (disk if where == "disk" else there).path
    assert not root.exists() or where == "disk"
    folder = root / "ann"
    with pytest.raises(FileNotFoundError):
        (folder / "inner").mkdir(exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "one.manifest").write_bytes(b"first")
    (folder / "two.txt").touch()
    (folder / "inner").mkdir(exist_ok=True)
    (folder / "inner" / "deep.manifest").write_bytes(b"deep")
    assert sorted(path.name for path in folder.iterdir()) == ["inner", "one.manifest", "two.txt"]
    assert [path.name for path in folder.glob("*.manifest")] == ["one.manifest"]
    assert (folder / "one.manifest").read_bytes() == b"first"
    assert (folder / "two.txt").read_bytes() == b""
    assert folder.exists()
    assert (folder / "two.txt").exists()
    assert (folder.name, str(folder.parent)) == ("ann", str(root))

    written = (folder / "two.txt").stat()
    assert abs(written.st_mtime - time.time()) < 60
    assert written.st_mtime_ns == pytest.approx(written.st_mtime * 1e9)
    (folder / "two.txt").unlink()
    (folder / "two.txt").unlink(missing_ok=True)
    for call in ("stat", "read_bytes", "unlink"):
        with pytest.raises(FileNotFoundError):
            getattr(folder / "two.txt", call)()
    assert not (folder / "two.txt").exists()


class Watched:
    """The files of a bucket; something happens before a file is written and after a removal."""

    def __init__(self, files, writing=None, removed=None):
        self.files, self.writing, self.removed = files, writing, removed

    def __getattr__(self, name):
        return getattr(self.files, name)

    def open_output_stream(self, key):
        if self.writing is not None:
            self.writing(key)
        return self.files.open_output_stream(key)

    def delete_dir(self, key):
        self.files.delete_dir(key)
        if self.removed is not None:
            self.removed(key)


@pytest.fixture
def watched(bucket, monkeypatch):
    def make(**happens):
        connect_files = s3._file_system
        monkeypatch.setattr(
            s3, "_file_system", lambda options: Watched(connect_files(options), **happens)
        )
        return place_at(bucket.uri, bucket.options)

    return make


def test_what_is_written_while_a_folder_is_removed_is_removed_too(watched, bucket):
    late = iter(["a", "b"])

    def removed(key):
        for name in islice(late, 1):
            (folder / name).touch()

    place = watched(removed=removed).child("ann")
    folder = place.path
    (folder / "inner" / "file").touch()
    assert place.forget()
    assert next(late, None) is None
    assert bucket.content() == {}


def test_a_new_table_is_there_when_all_of_it_is(watched):
    written, schema = [], table_schema("tiny@1", 16)
    place = watched(writing=written.append).child("ann")
    place.create_table(schema)
    suffixes = [key.rpartition(".")[2] for key in written if "objects.lance/" in key]
    assert len(suffixes) > 1
    assert [s == "manifest" for s in suffixes] == [False] * (len(suffixes) - 1) + [True]
    assert place.connect().open_table("objects").schema == schema
    assert (place.path / "lock").exists()


def test_places_are_written_in_one_way(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ann")
    assert place_at("memory").path == tmp_path / "memory"
    assert place_at("~/memory").path == Path("/home/ann/memory")
    assert str(place_at("s3://bucket/memories/")) == "s3://bucket/memories"


@pytest.mark.parametrize(("root", "options"), [("gs://x/y", None), ("/tmp/x", {"aws_region": "x"})])
def test_places_that_are_not_supported_are_refused(root, options):
    with pytest.raises(InvalidInput, match="s3://"):
        place_at(root, options)


def test_forgetting_a_user_who_was_never_there_says_so(tmp_path):
    assert not forget_user(tmp_path, "ann")
