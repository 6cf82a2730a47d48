"""The same memory in a database of LanceDB Cloud, for which a local server stands in."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import threading
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pekit_agents.cli import app
from pekit_agents.errors import (
    EncoderMismatch,
    InvalidInput,
    MemoryStoreError,
    ObjectChanged,
    ObjectExists,
    ObjectNotFound,
    SchemaMismatch,
)
from pekit_agents.kit import PeKit
from pekit_agents.memory import Memory, forget_user
from pekit_agents.memory.cloud import cloud_folder
from pekit_agents.memory.details import pack
from pekit_agents.memory.schema import SCHEMA_VERSION, table_schema
from pekit_agents.retrievers.photo_library import PhotoLibrary
from pekit_agents.testing import fake_profile, solid_scene

spec = importlib.util.spec_from_file_location(
    "cloud_server", Path(__file__).with_name("cloud_server.py")
)
cloud_server = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cloud_server)
spec = importlib.util.spec_from_file_location(
    "kill_worker", Path(__file__).with_name("kill_worker.py")
)
kill_worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kill_worker)

KEY = cloud_server.KEY
URI = "db://things"


@pytest.fixture
def server(tmp_path, monkeypatch):
    for name in ("API_KEY", "REGION", "HOST_OVERRIDE"):
        monkeypatch.delenv(f"LANCEDB_{name}", raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    running = cloud_server.CloudServer(tmp_path / "cloud")
    yield running
    running.stop()
    assert list((tmp_path / "here").iterdir()) == []  # no folder is called "db:"


@pytest.fixture
def open_cloud(server):
    def make(**changes):
        arguments = {"user_id": "ann", "encoder_id": "tiny@1", "dim": 16, **changes}
        return Memory.open(URI, storage_options=server.options, **arguments)

    return make


@pytest.fixture
def tables(server):
    """Return the names of all tables that the server holds."""
    return lambda: {path.stem for path in server.folder.glob("*/*.lance")}


def name_of(user_id):
    return f"pekit_{hashlib.sha256(user_id.encode()).hexdigest()}"


def test_a_memory_in_the_cloud_does_what_one_on_disk_does(
    open_cloud, server, tables, thing, unit_vectors
):
    memory = open_cloud()
    assert memory.objects() == ()
    assert memory.portraits(["id-1"]) == {}
    with pytest.raises(ObjectNotFound):
        memory.delete("id-1")
    assert tables() == set()  # reading creates nothing
    memory.insert(thing(), unit_vectors(2))
    memory.append_views("id-1", unit_vectors(1, seed=1))
    memory.update("id-1", name="Rex")
    other = open_cloud()
    assert other.resolve("rex").n_views == 3
    np.testing.assert_array_equal(other.snapshot().vectors[:2], unit_vectors(2))
    memory.remove_view("id-1", memory.get("id-1").views[2].view_id)
    assert other.get("id-1").object.n_views == 2
    for i in range(25):
        memory.insert(thing(f"more-{i}"), unit_vectors())
    assert len(other.objects()) == 26
    memory.insert(thing("more-1", name="Max"), unit_vectors(2))  # replaces
    memory.merge("more-1", "id-1")
    assert other.resolve("Max").n_views == 4
    assert len(other.objects()) == 25
    with pytest.raises(ObjectExists):
        other.insert(thing("new", name="max"), unit_vectors(), unique_name=True)
    found = Memory.open_as_written(URI, user_id="ann", storage_options=server.options)
    assert (found.encoder_id, found.dim) == ("tiny@1", 16)


def test_details_are_kept_and_read_in_the_cloud_too(
    open_cloud, server, thing, unit_vectors, some_details
):
    memory = open_cloud()
    for i in range(15):
        details = [some_details(i), None]
        memory.insert(thing(f"id-{i}"), unit_vectors(2, seed=i), details=details)
    server.requests.clear()
    found = memory.portraits([f"id-{i}" for i in range(2, 15)] + ["nobody"])
    assert set(found) == {f"id-{i}" for i in range(2, 15)}
    np.testing.assert_array_equal(found["id-7"].vectors, unit_vectors(2, seed=7))
    assert [pack(each) for each in found["id-7"].details] == [pack(some_details(7))]
    (query,) = [json.loads(body) for path, body in server.requests if "/query/" in path]
    assert query["columns"] == ["object_id", "views", "details"]
    assert "id-7" in query["filter"]


def test_a_search_fetches_neither_crops_nor_details(
    open_cloud, server, thing, unit_vectors, some_details
):
    open_cloud().insert(thing(), unit_vectors(), details=[some_details()])
    server.requests.clear()
    assert open_cloud().gallery().count == 1
    (query,) = [
        asked
        for asked in (json.loads(body) for path, body in server.requests if "/query/" in path)
        if "views" in asked["columns"]
    ]
    assert not {"crops", "masks", "details"} & set(query["columns"])


def test_a_kit_remembers_finds_corrects_and_forgets_there(server):
    kit = PeKit.open(URI, fake_profile(), "ann", storage_options=server.options)
    cup = kit.remember("Cup", solid_scene({"red": (20, 20, 90, 90)}), category="mug")
    kit.remember("Bike", solid_scene({"blue": (20, 20, 90, 90)}), category="bike")
    scene = solid_scene({"red": (20, 20, 90, 90)})
    elsewhere = PeKit.open(URI, kit.profile, "ann", storage_options=server.options)
    (match,) = elsewhere.find(scene).matches
    assert match.object.name == "Cup"
    elsewhere.reject(match)
    assert [obj.n_negatives for obj in kit.objects() if obj.name == "Cup"] == [1]
    kit.forget("Cup")
    assert [obj.name for obj in elsewhere.objects()] == ["Bike"]
    table = server.database().open_table(name_of("ann"))
    assert table.count_rows(f"object_id = '{cup.object_id}'") == 0


def test_of_writers_at_once_none_is_lost(open_cloud, thing, unit_vectors):
    writers = [open_cloud() for _ in range(4)]
    barrier, errors = threading.Barrier(len(writers)), []

    def write(number, memory):
        barrier.wait()
        try:
            memory.insert(thing(f"id-{number}"), unit_vectors())
            barrier.wait()
            for i in range(3):
                memory.append_views("id-0", unit_vectors(seed=10 * number + i))
        except Exception as exc:  # noqa: BLE001 - shown below
            errors.append(exc)
            barrier.abort()

    threads = [threading.Thread(target=write, args=pair) for pair in enumerate(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert {obj.object_id: obj.n_views for obj in open_cloud().objects()} == {
        "id-0": 13,
        "id-1": 1,
        "id-2": 1,
        "id-3": 1,
    }


def test_a_change_of_what_somebody_else_changed_is_refused(open_cloud, thing, unit_vectors):
    memory, other = open_cloud(), open_cloud()
    seen = memory.insert(thing(), unit_vectors())
    other.update("id-1", context="likes the hills")
    with pytest.raises(ObjectChanged):
        memory.update("id-1", context="likes the lakes", expected=seen)
    assert memory.get("id-1").object.context == "likes the hills"


def test_users_are_walled_off_whatever_they_are_called(
    open_cloud, server, tables, thing, unit_vectors
):
    users = [
        "ann",
        "../ann",
        "ann/../bob",
        "x' OR '1'='1",
        "snow ☃",
        "$",
        "db://things",
        "a" * 1024,
    ]
    memories = {user: open_cloud(user_id=user) for user in users}
    for number, memory in enumerate(memories.values()):
        memory.insert(thing(name=f"Thing {number}"), unit_vectors(seed=number))
    for number, memory in enumerate(memories.values()):
        assert [obj.name for obj in memory.objects()] == [f"Thing {number}"]
    assert tables() == {name_of(user) for user in users}
    assert not any("ann" in path or "snow" in path for path, _ in server.requests)
    elsewhere = Memory.open(
        "db://other", user_id="ann", encoder_id="tiny@1", dim=16, storage_options=server.options
    )
    assert elsewhere.objects() == ()


def test_an_import_replaces_two_objects_by_one_and_no_other(
    open_cloud, thing, unit_vectors, tmp_path
):
    memory = open_cloud()
    memory.insert(thing("id-2", name="Trap"), unit_vectors())
    memory.export(tmp_path / "all.pekit")
    memory.insert(thing("id-2", name="Other"), unit_vectors())
    memory.insert(thing("id-1", name="Trap"), unit_vectors())
    memory.insert(thing("id-3", name="Bystander"), unit_vectors())
    memory.import_file(tmp_path / "all.pekit", on_conflict="replace")
    found = {obj.object_id: obj.name for obj in memory.objects()}
    assert found == {"id-2": "Trap", "id-3": "Bystander"}


def test_a_forgotten_user_has_no_table_and_the_others_keep_theirs(
    open_cloud, server, tables, thing, unit_vectors
):
    memory, other = open_cloud(), open_cloud(user_id="bob")
    for each in (memory, other):
        each.insert(thing(), unit_vectors())
    assert forget_user(URI, "ann", server.options)
    assert memory.objects() == ()
    assert tables() == {name_of("bob")}
    assert not forget_user(URI, "ann", server.options)
    assert not memory.forget_everything()
    assert other.forget_everything()
    assert tables() == set()


def test_a_memory_begun_anew_is_not_taken_for_the_forgotten_one(
    open_cloud, server, thing, unit_vectors
):
    memory = open_cloud()
    memory.insert(thing(name="Secret"), unit_vectors())
    assert [obj.name for obj in memory.objects()] == ["Secret"]  # and keeps it in RAM
    version = memory.version()
    forget_user(URI, "ann", server.options)
    open_cloud().insert(thing(name="Bella"), unit_vectors())
    assert memory.version() == version
    assert [obj.name for obj in memory.objects()] == ["Bella"]


def test_a_memory_moves_in_and_out_as_an_export(
    open_cloud, open_memory, thing, unit_vectors, tmp_path
):
    on_disk, file = open_memory(), tmp_path / "all.pekit"
    on_disk.insert(thing(), unit_vectors(2))
    on_disk.export(file)
    memory = open_cloud()
    memory.import_file(file)
    with pytest.raises(ObjectExists):
        memory.import_file(file)
    memory.import_file(file, on_conflict="rename")
    assert sorted(obj.name for obj in memory.objects()) == ["Bella", "Bella (2)"]
    manifest = memory.export(tmp_path / "back.pekit")
    assert (manifest["objects"], manifest["views"]) == (2, 4)
    np.testing.assert_array_equal(memory.get("id-1").vectors, unit_vectors(2))


def test_a_wrong_key_is_told_without_showing_it(server, thing, unit_vectors):
    options = {**server.options, "api_key": "sk_a-wrong-one"}
    with pytest.raises(MemoryStoreError, match=r"401.*Check the API key") as caught:
        Memory.open(URI, user_id="ann", encoder_id="tiny@1", dim=16, storage_options=options)
    assert "sk_a-wrong-one" not in str(caught.value)


def test_a_server_that_is_away_is_told(open_cloud, server, thing, unit_vectors):
    memory = open_cloud()
    memory.insert(thing(), unit_vectors())
    server.stop()
    with pytest.raises(MemoryStoreError, match=r"could not be read.*can be reached"):
        memory.objects()
    with pytest.raises(MemoryStoreError, match=r"could not be written.*can be reached"):
        memory.insert(thing("id-2"), unit_vectors())


def test_a_table_of_another_encoder_or_layout_is_refused(open_cloud, server, thing, unit_vectors):
    open_cloud().insert(thing(), unit_vectors())
    with pytest.raises(EncoderMismatch, match="expected tiny@2"):
        open_cloud(encoder_id="tiny@2")
    later = table_schema("tiny@1", 16).with_metadata({"pekit.schema": "99"})
    server.database().create_table(name_of("bob"), schema=later)
    with pytest.raises(SchemaMismatch, match="99"):
        open_cloud(user_id="bob")


@pytest.mark.parametrize("layout", ["1", "2", "3"])
def test_an_older_layout_becomes_the_current_one_at_the_first_write(
    open_cloud, server, thing, unit_vectors, layout
):
    open_cloud().insert(thing(), unit_vectors(2))
    database, name = server.database(), name_of("ann")
    rows = database.open_table(name).to_arrow()
    rows = kill_worker.as_layout(layout, rows, "tiny@1", 16)
    database.create_table(name, rows, mode="overwrite")
    memory = open_cloud()
    memory.append_views("id-1", unit_vectors(1, seed=1))
    assert [obj.n_views for obj in open_cloud().objects()] == [3]
    metadata = database.open_table(name).schema.metadata
    assert metadata[b"pekit.schema"].decode() == SCHEMA_VERSION


def test_more_views_than_fit_into_ram_are_refused_for_searching_alone(
    open_cloud, tables, thing, unit_vectors
):
    memory = open_cloud(index_above=70)
    memory.insert(thing(), unit_vectors(40))
    assert memory.gallery().count == 1
    memory.insert(thing("id-2"), unit_vectors(40))
    with pytest.raises(MemoryStoreError, match=r"at most 70 views.*PEKIT_INDEX_ABOVE"):
        memory.gallery()
    assert len(memory.objects()) == 2
    memory.delete("id-1")
    assert memory.gallery().count == 1
    assert tables() == {name_of("ann")}  # and no table of an index


def test_what_needs_files_is_refused(open_cloud, server, thing, unit_vectors):
    memory = open_cloud()
    memory.insert(thing(), unit_vectors())
    kit = PeKit.open(URI, fake_profile(), "bob", storage_options=server.options)
    refused = {
        "bytes": memory.purge,
        "Optimizing": memory.compact,
        "anew": lambda: PeKit.reembed(URI, kit.profile, "ann", storage_options=server.options),
        "embedding": lambda: memory.replace_all([], encoder_id="other@1", dim=8, seen=[]),
        "review": lambda: memory.review.put("a1", {}),
        "photo library": lambda: PhotoLibrary.open(
            URI, profile=kit.profile, storage_options=server.options
        ),
    }
    for purpose, task in refused.items():
        with pytest.raises(InvalidInput, match=rf"(?i){purpose}.* needs files.*export"):
            task()
    assert kit.review.list() == []
    assert len(memory.objects()) == 1


@pytest.mark.parametrize(
    ("uri", "options", "says"),
    [
        (URI, None, "LANCEDB_API_KEY"),
        (URI, {"region": "eu-1"}, "LANCEDB_API_KEY"),
        (URI, {"api_key": ""}, "LANCEDB_API_KEY"),
        (URI, {"api_key": KEY, "aws_region": "x"}, "found aws_region$"),
        (URI, {"api_kee": "sk_secret"}, "found api_kee$"),
        ("db://", {"api_key": KEY}, "the name of a database"),
        ("db://things/more", {"api_key": KEY}, "the name of a database"),
    ],
)
def test_a_database_that_cannot_be_asked_for_is_refused(uri, options, says, server):
    with pytest.raises(InvalidInput, match=says) as caught:
        PeKit.open(uri, fake_profile(), "ann", storage_options=options)
    assert "sk_" not in str(caught.value)
    assert server.requests == []


def test_the_command_line_takes_the_key_from_the_environment(
    open_cloud, server, thing, unit_vectors, monkeypatch
):
    open_cloud(user_id="default").insert(thing(), unit_vectors())
    monkeypatch.setenv("LANCEDB_API_KEY", KEY)
    monkeypatch.setenv("LANCEDB_REGION", "eu-1")
    monkeypatch.setenv("LANCEDB_HOST_OVERRIDE", server.options["host_override"])
    assert cloud_folder(URI, {"region": "us-1"})._options["region"] == "us-1"
    run = CliRunner().invoke
    for command in (["optimize"], ["optimize", "--all"]):
        assert isinstance(run(app, [*command, "--memory", URI]).exception, InvalidInput)
    done = run(app, ["forget", "--all", "--yes", "--json", "--memory", URI])
    assert json.loads(done.stdout) == {"forgotten": True}
    assert open_cloud(user_id="default").objects() == ()
