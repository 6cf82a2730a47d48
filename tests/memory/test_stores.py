"""The same memory in a bucket and in a database of LanceDB Cloud, both of a local server."""

from __future__ import annotations

import hashlib
import threading
import time

import numpy as np
import pytest

from pekit_agents.errors import (
    EncoderMismatch,
    ObjectChanged,
    ObjectExists,
    ObjectNotFound,
    SchemaMismatch,
)
from pekit_agents.kit.kit import PeKit
from pekit_agents.memory import Memory, forget_user
from pekit_agents.memory.details import pack
from pekit_agents.memory.place.place import user_place
from pekit_agents.memory.records import to_rows
from pekit_agents.memory.schema import SCHEMA_VERSION, table_schema
from pekit_agents.memory.table import table as tables
from pekit_agents.testing import fake_profile, solid_scene

pytestmark = pytest.mark.usefixtures("nothing_here")


def digest(user_id):
    return hashlib.sha256(user_id.encode()).hexdigest()


class InBucket:
    """A bucket, and what lies in it."""

    def __init__(self, bucket):
        self.uri, self.options, self.content = bucket.uri, bucket.options, bucket.content
        self.elsewhere = f"{bucket.uri}-of-others"

    def users(self):
        return {key.split("/")[1] for key in self.content()}

    def seen(self):
        return list(self.content())

    def table(self, user_id):
        return user_place(self.uri, user_id, self.options).connect().open_table("objects")

    def rewrite(self, user_id, rows):
        place = user_place(self.uri, user_id, self.options)
        tables.rewrite(place, rows.schema, rows.to_batches())

    def tick(self):
        time.sleep(1.1)  # S3 counts whole seconds


class InCloud:
    """A database of the stand-in for LanceDB Cloud, and what lies in it."""

    def __init__(self, server):
        self.uri, self.options, self._server = "db://things", server.options, server
        self.elsewhere = "db://others"

    def users(self):
        return {
            path.stem.removeprefix("pekit_") for path in self._server.folder.glob("things/*.lance")
        }

    def seen(self):
        return [path for path, _ in self._server.requests]

    def table(self, user_id):
        return self._server.database().open_table(f"pekit_{digest(user_id)}")

    def rewrite(self, user_id, rows):
        self._server.database().create_table(f"pekit_{digest(user_id)}", rows, mode="overwrite")

    def tick(self):
        pass


@pytest.fixture(params=[pytest.param("bucket", marks=pytest.mark.slow), "cloud"])
def store(request):
    kind = {"bucket": InBucket, "cloud": InCloud}[request.param]
    return kind(request.getfixturevalue(request.param))


@pytest.fixture
def open_there(store):
    def make(**changes):
        arguments = {"user_id": "ann", "encoder_id": "tiny@1", "dim": 16, **changes}
        return Memory.open(
            arguments.pop("uri", store.uri), storage_options=store.options, **arguments
        )

    return make


def test_it_does_what_one_on_disk_does(open_there, store, thing, unit_vectors):
    memory = open_there()
    assert memory.objects() == ()
    assert memory.stored_features(["id-1"]) == {}
    with pytest.raises(ObjectNotFound):
        memory.delete("id-1")
    assert store.users() == set()  # reading creates nothing
    memory.insert(thing(), unit_vectors(2))
    memory.append_views("id-1", unit_vectors(1, seed=1))
    memory.update("id-1", name="Rex")
    other = open_there()
    assert other.resolve("rex").n_views == 3
    np.testing.assert_array_equal(other.snapshot().vectors[:2], unit_vectors(2))
    memory.remove_view("id-1", memory.get("id-1").views[2].view_id)
    assert other.get("id-1").object.n_views == 2
    for i in range(25):  # compacts
        memory.insert(thing(f"more-{i}"), unit_vectors())
    assert len(other.objects()) == 26
    memory.insert(thing("more-1", name="Max"), unit_vectors(2))  # replaces
    memory.merge("more-1", "id-1")
    assert other.resolve("Max").n_views == 4
    assert len(other.objects()) == 25
    with pytest.raises(ObjectExists):
        other.insert(thing("new", name="max"), unit_vectors(), unique_name=True)
    found = Memory.open_as_written(store.uri, user_id="ann", storage_options=store.options)
    assert (found.encoder_id, found.dim) == ("tiny@1", 16)


def test_details_are_kept_and_read(open_there, thing, unit_vectors, some_details):
    memory = open_there()
    for i in range(4):
        details = [some_details(i), None]
        memory.insert(thing(f"id-{i}"), unit_vectors(2, seed=i), details=details)
    found = open_there().stored_features(["id-1", "id-3", "nobody"])
    assert {key: [pack(one) for one in each.details] for key, each in found.items()} == {
        "id-1": [pack(some_details(1))],
        "id-3": [pack(some_details(3))],
    }
    np.testing.assert_array_equal(found["id-3"].vectors, unit_vectors(2, seed=3))
    memory.remove_view("id-1", memory.get("id-1").views[0].view_id)
    assert memory.stored_features(["id-1"])["id-1"].details == ()


def test_a_kit_remembers_finds_corrects_and_forgets_there(store):
    kit = PeKit.open(store.uri, fake_profile(), "ann", storage_options=store.options)
    cup = kit.remember("Cup", solid_scene({"red": (20, 20, 90, 90)}), category="mug")
    kit.remember("Bike", solid_scene({"blue": (20, 20, 90, 90)}), category="bike")
    scene = solid_scene({"red": (20, 20, 90, 90)})
    elsewhere = PeKit.open(store.uri, kit.profile, "ann", storage_options=store.options)
    (match,) = elsewhere.find(scene).matches
    assert match.object.name == "Cup"
    elsewhere.reject(match)
    assert [obj.n_negatives for obj in kit.objects() if obj.name == "Cup"] == [1]
    kit.forget("Cup")
    assert [obj.name for obj in elsewhere.objects()] == ["Bike"]
    assert store.table("ann").count_rows(f"object_id = '{cup.object_id}'") == 0


@pytest.mark.parametrize("round_", range(3))
def test_of_writers_that_begin_a_memory_at_once_none_is_lost(
    open_there, thing, unit_vectors, round_
):
    writers = [open_there() for _ in range(4)]
    barrier, errors = threading.Barrier(len(writers)), []

    def write(number, memory):
        barrier.wait()
        try:
            for i in range(3):
                memory.insert(thing(f"id-{number}-{i}"), unit_vectors())
            barrier.wait()
            memory.append_views(f"id-{number}-1", unit_vectors())
            memory.append_views("id-0-0", unit_vectors(seed=number))
        except Exception as exc:  # noqa: BLE001 - shown below
            errors.append(exc)
            barrier.abort()

    threads = [threading.Thread(target=write, args=pair) for pair in enumerate(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    expected = {f"id-{n}-{i}": 2 if i == 1 else 1 for n in range(4) for i in range(3)}
    found = {obj.object_id: obj.n_views for obj in open_there().objects()}
    assert found == expected | {"id-0-0": 5}


def test_a_change_of_what_somebody_else_changed_is_refused(open_there, thing, unit_vectors):
    memory, other = open_there(), open_there()
    seen = memory.insert(thing(), unit_vectors())
    other.update("id-1", context="likes the hills")
    with pytest.raises(ObjectChanged):
        memory.update("id-1", context="likes the lakes", expected=seen)
    assert memory.get("id-1").object.context == "likes the hills"


USERS = ["ann", "../ann", "ann/../bob", "x' OR '1'='1", "snow ☃", "$", "db://things", "a" * 1024]


def test_users_are_walled_off_whatever_they_are_called(open_there, store, thing, unit_vectors):
    memories = {user: open_there(user_id=user) for user in USERS}
    for number, memory in enumerate(memories.values()):
        memory.insert(thing(name=f"Thing {number}"), unit_vectors(seed=number))
    for number, memory in enumerate(memories.values()):
        assert [obj.name for obj in memory.objects()] == [f"Thing {number}"]
    assert store.users() == {digest(user) for user in USERS}
    assert store.seen()
    assert not any("ann" in name or "snow" in name for name in store.seen())
    assert open_there(uri=store.elsewhere).objects() == ()


def test_an_import_replaces_two_objects_by_one_and_no_other(
    open_there, thing, unit_vectors, tmp_path
):
    memory = open_there()
    memory.insert(thing("id-2", name="Trap"), unit_vectors())
    memory.export(tmp_path / "all.pekit")
    memory.insert(thing("id-2", name="Other"), unit_vectors())
    memory.insert(thing("id-1", name="Trap"), unit_vectors())
    memory.insert(thing("id-3", name="Bystander"), unit_vectors())
    memory.import_file(tmp_path / "all.pekit", on_conflict="replace")
    found = {obj.object_id: obj.name for obj in memory.objects()}
    assert found == {"id-2": "Trap", "id-3": "Bystander"}


def test_it_moves_in_and_out_as_an_export(open_there, open_memory, thing, unit_vectors, tmp_path):
    on_disk, file = open_memory(), tmp_path / "all.pekit"
    on_disk.insert(thing(), unit_vectors(2))
    on_disk.export(file)
    memory = open_there()
    memory.import_file(file)
    with pytest.raises(ObjectExists):
        memory.import_file(file)
    memory.import_file(file, on_conflict="rename")
    assert sorted(obj.name for obj in memory.objects()) == ["Bella", "Bella (2)"]
    manifest = memory.export(tmp_path / "back.pekit")
    assert (manifest["objects"], manifest["views"]) == (2, 4)
    np.testing.assert_array_equal(memory.get("id-1").vectors, unit_vectors(2))


def test_a_forgotten_user_leaves_nothing_and_the_others_keep_theirs(
    open_there, store, thing, unit_vectors
):
    memory, other = open_there(), open_there(user_id="bob")
    for each in (memory, other):
        each.insert(thing(), unit_vectors())
    assert forget_user(store.uri, "ann", store.options)
    assert memory.objects() == ()
    assert store.users() == {digest("bob")}
    assert not forget_user(store.uri, "ann", store.options)
    assert not memory.forget_everything()
    assert [obj.object_id for obj in other.objects()] == ["id-1"]
    assert other.forget_everything()
    assert store.users() == set()
    open_there(dim=8).insert(thing("new"), unit_vectors(dim=8))  # begins anew
    assert [obj.object_id for obj in open_there(dim=8).objects()] == ["new"]


def test_a_memory_begun_anew_is_not_taken_for_the_forgotten_one(
    open_there, store, thing, unit_vectors
):
    memory = open_there()
    memory.insert(thing(name="Secret"), unit_vectors())
    assert [obj.name for obj in memory.objects()] == ["Secret"]  # and keeps it in RAM
    version = memory.version()
    forget_user(store.uri, "ann", store.options)
    store.tick()
    open_there().insert(thing(name="Bella"), unit_vectors())
    assert memory.version() != version
    assert [obj.name for obj in memory.objects()] == ["Bella"]


def test_another_encoder_or_layout_is_refused(open_there, store, thing, unit_vectors):
    memory = open_there()
    memory.insert(thing(), unit_vectors())
    with pytest.raises(EncoderMismatch, match="expected tiny@2"):
        open_there(encoder_id="tiny@2")
    rows = to_rows(memory.records(), table_schema("tiny@1", 16))
    store.rewrite("ann", rows.replace_schema_metadata({"pekit.schema": "99"}))
    with pytest.raises(SchemaMismatch, match="99"):
        open_there()


@pytest.mark.parametrize("layout", ["1", "2", "3"])
def test_an_older_layout_becomes_the_current_one_at_the_first_write(
    open_there, store, thing, unit_vectors, as_layout, layout
):
    memory = open_there()
    memory.insert(thing("a", "Bella"), unit_vectors(3, seed=1))
    memory.insert(thing("b", "Rex", minute=1), unit_vectors(2, seed=2))
    rows = to_rows(memory.records(), table_schema("tiny@1", 16))
    store.rewrite("ann", as_layout(layout, rows, "tiny@1", 16))
    memory = open_there()
    assert [obj.n_views for obj in memory.objects()] == [3, 2]
    assert store.table("ann").schema.metadata[b"pekit.schema"].decode() == layout
    memory.append_views("a", unit_vectors(1, seed=3))
    assert store.table("ann").schema.metadata[b"pekit.schema"].decode() == SCHEMA_VERSION
    assert [obj.n_views for obj in open_there().objects()] == [4, 2]
    np.testing.assert_array_equal(memory.snapshot().vectors[:3], unit_vectors(3, seed=1))
