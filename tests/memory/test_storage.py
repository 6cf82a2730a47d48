"""The same memory in an S3 bucket, of a local server."""

from __future__ import annotations

import importlib.util
import json
import threading
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import lancedb
import numpy as np
import pytest
from pyarrow import fs
from typer.testing import CliRunner

from pekit_agents import profiles
from pekit_agents.cli import app
from pekit_agents.errors import (
    EncoderMismatch,
    InvalidInput,
    MemoryStoreError,
    ObjectNotFound,
    PeKitError,
)
from pekit_agents.kit import PeKit
from pekit_agents.matching import MatchSettings
from pekit_agents.memory import Memory, forget_user, storage, view_index
from pekit_agents.memory import table as tables
from pekit_agents.memory.details import pack
from pekit_agents.memory.gallery import LargeGallery
from pekit_agents.memory.records import to_rows
from pekit_agents.memory.schema import SCHEMA_VERSION, table_schema
from pekit_agents.memory.storage import as_folder, connect
from pekit_agents.retrievers.photo_library import PhotoLibrary
from pekit_agents.testing import fake_profile, solid_scene

pytestmark = pytest.mark.slow

spec = importlib.util.spec_from_file_location(
    "kill_worker", Path(__file__).with_name("kill_worker.py")
)
kill_worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kill_worker)


@pytest.fixture(scope="module")
def server():
    """The options of a server that runs in this process."""
    moto = pytest.importorskip("moto.server", reason="needs moto[server]")
    running = moto.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield {
        "aws_access_key_id": "key",
        "aws_secret_access_key": "secret",
        "aws_region": "us-east-1",
        "aws_endpoint": f"http://{host}:{port}",
        "allow_http": "true",
    }
    running.stop()


@pytest.fixture
def bucket(server):
    """An empty bucket: its URI, and a function that returns all its content."""
    boto3 = pytest.importorskip("boto3")
    client = boto3.client(
        "s3",
        endpoint_url=server["aws_endpoint"],
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    name = f"bucket-{np.random.default_rng().integers(10**9)}"
    client.create_bucket(Bucket=name)

    def content():
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=name)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return {key: client.get_object(Bucket=name, Key=key)["Body"].read() for key in keys}

    return f"s3://{name}/memories", content


@pytest.fixture
def open_remote(bucket, server):
    def make(**changes):
        arguments = {"user_id": "ann", "encoder_id": "tiny@1", "dim": 16, **changes}
        return Memory.open(bucket[0], storage_options=server, **arguments)

    return make


def test_a_memory_in_a_bucket_does_what_one_on_disk_does(open_remote, bucket, thing, unit_vectors):
    memory = open_remote()
    assert memory.objects() == ()
    assert bucket[1]() == {}  # reading creates nothing
    memory.insert(thing(), unit_vectors(2))
    memory.append_views("id-1", unit_vectors(1, seed=1))
    memory.update("id-1", name="Rex")
    other = open_remote()
    assert other.resolve("rex").n_views == 3
    np.testing.assert_array_equal(other.snapshot().vectors[:2], unit_vectors(2))
    assert open_remote(user_id="bob").objects() == ()
    for i in range(25):  # compacts
        memory.insert(thing(f"more-{i}"), unit_vectors())
    assert len(other.objects()) == 26


def test_a_forgotten_object_leaves_no_byte_in_the_bucket(open_remote, bucket, thing, unit_vectors):
    memory = open_remote()
    memory.insert(thing(), unit_vectors(2))
    memory.insert(thing("secret", context="buried-under-the-oak"), unit_vectors(2, seed=7))
    assert any(b"buried-under-the-oak" in content for content in bucket[1]().values())
    memory.delete("secret")
    for pattern in (b"buried-under-the-oak", unit_vectors(2, seed=7)[0].tobytes()):
        assert not any(pattern in content for content in bucket[1]().values())
    with pytest.raises(ObjectNotFound):
        memory.get("secret")
    assert len(memory.objects()) == 1


def test_a_forgotten_user_leaves_nothing_in_the_bucket(open_remote, bucket, thing, unit_vectors):
    memory, other = open_remote(), open_remote(user_id="bob")
    memory.insert(thing(), unit_vectors())
    other.insert(thing(), unit_vectors())
    assert memory.forget_everything()
    assert memory.objects() == ()
    assert len(other.objects()) == 1
    other.forget_everything()
    # pyarrow leaves an empty file that stands for the root folder.
    assert set(bucket[1]()) <= {"memories/"}


def test_a_memory_that_was_forgotten_and_begun_anew_is_another_one(
    open_remote, thing, unit_vectors
):
    memory, other = open_remote(), open_remote()
    memory.insert(thing("old"), unit_vectors())
    assert [obj.object_id for obj in memory.objects()] == ["old"]
    other.forget_everything()
    time.sleep(1.1)  # S3 counts whole seconds
    other.insert(thing("new"), unit_vectors())  # of the same version
    assert [obj.object_id for obj in memory.objects()] == ["new"]


def test_forgetting_a_user_who_cannot_be_opened_empties_the_bucket_of_them(
    open_remote, bucket, server, thing, unit_vectors
):
    open_remote().insert(thing(), unit_vectors())
    assert forget_user(bucket[0], "ann", server)
    assert not forget_user(bucket[0], "ann", server)
    assert set(bucket[1]()) <= {"memories/"}
    open_remote(dim=8).insert(thing("new"), unit_vectors(dim=8))  # begins anew
    assert [obj.object_id for obj in open_remote(dim=8).objects()] == ["new"]


def test_details_in_a_bucket_are_read_and_leave_it(
    open_remote, bucket, thing, unit_vectors, some_details
):
    memory = open_remote()
    memory.insert(thing("a"), unit_vectors(2), details=[None, some_details(1)])
    memory.insert(thing("b"), unit_vectors(1, seed=2), details=[some_details(2)])
    found = open_remote().portraits(["b", "a", "nobody"])
    np.testing.assert_array_equal(found["a"].vectors, unit_vectors(2))
    assert {key: [pack(one) for one in each.details] for key, each in found.items()} == {
        "a": [pack(some_details(1))],
        "b": [pack(some_details(2))],
    }
    memory.remove_view("a", memory.get("a").views[1].view_id)
    memory.delete("b")
    assert memory.portraits(["a", "b"])["a"].details == ()
    for number in (1, 2):
        secret = pack(some_details(number))
        assert not any(secret in content for content in bucket[1]().values())


def test_a_memory_of_the_first_layout_is_upgraded_in_a_bucket(
    open_remote, bucket, thing, unit_vectors
):
    memory = open_remote()
    memory.insert(thing("a", "Bella"), unit_vectors(3, seed=1))
    memory.insert(thing("b", "Rex", minute=1), unit_vectors(2, seed=2))
    folder = memory._transactions.folder
    rows = to_rows(memory.records(), table_schema("tiny@1", 16))
    rows = kill_worker.as_layout("1", rows, "tiny@1", 16)
    tables.rewrite(folder, rows.schema, rows.to_batches())
    memory = open_remote()
    assert [obj.n_views for obj in memory.objects()] == [3, 2]
    memory.append_views("a", unit_vectors(1, seed=3))  # upgrades
    table = connect(folder).open_table("objects")
    assert table.schema.metadata[b"pekit.schema"] == SCHEMA_VERSION.encode()
    assert [obj.n_views for obj in open_remote().objects()] == [4, 2]
    np.testing.assert_array_equal(memory.snapshot().vectors[:3], unit_vectors(3, seed=1))
    memory.delete("b")
    view = unit_vectors(2, seed=2)[0].tobytes()
    assert not any(view in content for content in bucket[1]().values())


def test_a_memory_in_a_bucket_is_embedded_anew_where_it_is(bucket, server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = {"user_id": "ann", "storage_options": server}
    photo = solid_scene({"red": (20, 20, 90, 90)})
    old = PeKit.open(bucket[0], fake_profile(), keep_crops=True, **options)
    old.remember("Cup", photo, category="mug")
    kit = PeKit.reembed(bucket[0], fake_profile("colour@2"), **options)
    assert [match.object.name for match in kit.find(photo).matches] == ["Cup"]
    with pytest.raises(EncoderMismatch):
        old.find(photo)
    assert list(tmp_path.iterdir()) == []  # no folder is called "s3:"


def test_a_photo_library_lies_in_the_bucket_too(bucket, server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = {"storage_options": server}
    photo = solid_scene({"red": (20, 20, 90, 90)})
    library = PhotoLibrary.open(bucket[0], "ann", fake_profile(), **options)
    library.kit.remember("Cup", photo, category="mug")
    library.index([("one", photo), ("two", solid_scene({"blue": (20, 20, 90, 90)}))])
    again = PhotoLibrary.open(bucket[0], "ann", fake_profile(), **options)
    assert [found.photo_id for found in again.search(["Cup"])] == ["one"]
    newer = fake_profile("colour@2")
    forget_user(bucket[0], "ann", server)
    assert PhotoLibrary.open(bucket[0], "ann", newer, **options).photo_ids() == []
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def doubtful(bucket, server):
    """A kit in the bucket for which pink is not quite red, and what it finds in a pink photo."""
    profile = replace(fake_profile(), matching=MatchSettings(threshold=0.95))
    kit = PeKit.open(bucket[0], profile, "ann", storage_options=server)
    kit.remember("Cup", solid_scene({"red": (20, 20, 90, 90)}), category="mug")
    kit.remember("Bike", solid_scene({"blue": (20, 20, 90, 90)}), category="bike")
    photo = solid_scene({})
    photo.paste((255, 68, 68), (20, 20, 90, 90))
    return kit, lambda: kit.find(photo)


def test_the_review_queue_lies_in_the_bucket_too(doubtful, bucket, server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kit, finding = doubtful
    (item,) = kit.review.keep(finding(), label="IMG_1.jpg")
    kit.review.keep(finding(), label="IMG_2.jpg")
    elsewhere, bob = (
        PeKit.open(bucket[0], kit.profile, user, storage_options=server) for user in ("ann", "bob")
    )
    assert [item.label for item in elsewhere.review.list()] == ["IMG_1.jpg", "IMG_2.jpg"]
    assert elsewhere.review.list()[0].to_dict() == item.to_dict()
    assert elsewhere.review.list()[0].picture == item.picture is not None
    assert bob.review.list() == []
    elsewhere.review.dismiss(item.review_id)
    assert [item.label for item in kit.review.list()] == ["IMG_2.jpg"]
    kit.review.clear()
    assert elsewhere.review.list() == []
    # pyarrow leaves an empty file that stands for the folder.
    assert [key for key in bucket[1]() if "/review/" in key and not key.endswith("/")] == []
    assert list(tmp_path.iterdir()) == []  # no folder is called "s3:"


def test_what_is_decided_in_the_queue_of_a_bucket_is_learnt(doubtful):
    kit, finding = doubtful
    (item,) = kit.review.keep(finding())
    assert [obj.n_negatives for obj in kit.review.reject(item.review_id)] == [1]
    assert kit.review.keep(finding()) == kit.review.list() == []
    kit.clear_corrections("Cup")
    (item,) = kit.review.keep(finding())
    assert kit.review.confirm(item.review_id).n_views == 2
    assert kit.review.list() == []
    assert [match.object.name for match in finding().matches] == ["Cup"]
    with pytest.raises(ObjectNotFound, match="decided on already"):
        kit.review.confirm(item.review_id)


def test_items_in_a_bucket_go_with_what_they_are_about(doubtful, bucket):
    kit, finding = doubtful
    (item,) = kit.review.keep(finding(), label="the-kitchen")
    kit.forget("Bike")
    assert [left.review_id for left in kit.review.list()] == [item.review_id]
    assert any(b"the-kitchen" in content for content in bucket[1]().values())
    kit.forget("Cup")
    assert not any(b"the-kitchen" in content for content in bucket[1]().values())


def test_in_a_bucket_too_a_memory_that_was_forgotten_is_not_begun_again(doubtful, bucket):
    kit, finding = doubtful
    found = finding()
    kit.forget_everything()
    with pytest.raises(MemoryStoreError):
        kit.review.keep(found)
    assert set(bucket[1]()) <= {"memories/"}


@pytest.mark.parametrize("endpoint", ["AWS_ENDPOINT", "AWS_ENDPOINT_URL"])
def test_at_a_terminal_the_environment_says_where_the_bucket_is(
    doubtful, bucket, server, tmp_path, monkeypatch, endpoint
):
    kit, finding = doubtful
    (item,) = kit.review.keep(finding())
    monkeypatch.setitem(profiles.PROFILES, "pinkish", lambda: kit.profile)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        endpoint: server["aws_endpoint"],
        "AWS_ALLOW_HTTP": "true",
        "PEKIT_MEMORY": bucket[0],
        "PEKIT_USER": "ann",
        "PEKIT_PROFILE": "pinkish",
    }.items():
        monkeypatch.setenv(name, value)

    def pekit(*arguments):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        return done.stdout

    finding().image.save(tmp_path / "pink.png")
    pekit("find", str(tmp_path / "pink.png"), "--review")
    listed = json.loads(pekit("review", "list", "--json"))
    assert [one["label"] for one in listed] == ["", "pink.png"]
    pekit("review", "reject", item.review_id)
    assert kit.get("Cup").n_negatives == 1
    pekit("review", "dismiss", "--all")
    assert kit.review.list() == []
    pekit("forget", "--all", "--yes")
    assert set(bucket[1]()) <= {"memories/"}


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
    files = as_folder("s3://bucket/memories/", given)._files
    assert files.equals(fs.S3FileSystem(**{"region": "eu-central-1", **expected}))


@pytest.mark.parametrize("round_", range(3))
def test_of_writers_that_begin_a_memory_at_once_none_is_lost(
    open_remote, thing, unit_vectors, round_
):
    writers = [open_remote() for _ in range(4)]
    barrier, errors = threading.Barrier(len(writers)), []

    def write(number, memory):
        barrier.wait()
        try:
            for i in range(3):
                memory.insert(thing(f"id-{number}-{i}"), unit_vectors())
            memory.append_views("id-0-0" if number == 0 else f"id-{number}-0", unit_vectors())
        except PeKitError as exc:
            errors.append(exc)

    threads = [threading.Thread(target=write, args=pair) for pair in enumerate(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    objects = open_remote().objects()
    assert len(objects) == len({obj.object_id for obj in objects}) == 12
    assert sorted(obj.n_views for obj in objects) == [1] * 8 + [2] * 4


def test_many_views_in_a_bucket_are_indexed_too(
    open_remote, thing, unit_vectors, monkeypatch, bucket
):
    monkeypatch.setattr(view_index, "MAX_VIEWS", 31)
    memory = open_remote(index_above=30)
    for i in range(12):
        memory.insert(thing(f"id-{i}"), unit_vectors(3, seed=i))
    memory.compact()
    gallery = memory.gallery()
    assert isinstance(gallery, LargeGallery)
    objects, near = gallery.nearest(unit_vectors(3, seed=4)[:1], max_weight=1, floor=0.9)
    assert objects[near.objects[0, 0]].object_id == "id-4"
    assert len(gallery._catalog.indexed) == 12
    memory.delete("id-4")
    view = unit_vectors(3, seed=4)[0].tobytes()
    assert not any(view in content for content in bucket[1]().values())


@pytest.mark.parametrize("where", ["disk", "bucket"])
def test_a_folder_is_used_alike_wherever_it_is(where, bucket, server, tmp_path):
    root = as_folder(tmp_path) if where == "disk" else as_folder(f"{bucket[0]}/", server)
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
    assert str(folder.with_name("bob")) == f"{root}/bob"

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
def watched(bucket, server, monkeypatch):
    def make(**happens):
        connect_files = storage._file_system
        monkeypatch.setattr(
            storage, "_file_system", lambda options: Watched(connect_files(options), **happens)
        )
        return as_folder(bucket[0], server)

    return make


def test_what_is_written_while_a_folder_is_removed_is_removed_too(watched, bucket):
    late = iter(["a", "b"])

    def removed(key):
        for name in islice(late, 1):
            (folder / name).touch()

    folder = watched(removed=removed) / "ann"
    (folder / "inner" / "file").touch()
    assert folder.remove_tree()
    assert next(late, None) is None
    assert set(bucket[1]()) <= {"memories/"}


def test_a_new_table_is_there_when_all_of_it_is(watched, tmp_path):
    written = []
    folder = watched(writing=written.append) / "ann"
    table = lancedb.connect(tmp_path).create_table("objects", schema=table_schema("tiny@1", 16))
    (folder / "objects.lance").upload_new_table(tmp_path / "objects.lance")
    suffixes = [key.rpartition(".")[2] for key in written if "objects.lance/" in key]
    assert len(suffixes) > 1
    assert [s == "manifest" for s in suffixes] == [False] * (len(suffixes) - 1) + [True]
    assert connect(folder).open_table("objects").schema == table.schema
    assert (folder / "lock").exists()


def test_places_are_written_in_one_way(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ann")
    assert as_folder("memory") == tmp_path / "memory"
    assert as_folder("~/memory") == Path("/home/ann/memory")
    assert str(as_folder("s3://bucket/memories/")) == "s3://bucket/memories"


@pytest.mark.parametrize(("root", "options"), [("gs://x/y", None), ("/tmp/x", {"aws_region": "x"})])
def test_places_that_are_not_supported_are_refused(root, options):
    with pytest.raises(InvalidInput, match="s3://"):
        as_folder(root, options)


def test_forgetting_a_user_who_was_never_there_says_so(tmp_path):
    assert not forget_user(tmp_path, "ann")
