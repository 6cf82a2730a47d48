from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pekit_agents.errors import AmbiguousName, InvalidInput, ObjectNotFound
from pekit_agents.memory import Memory, MemoryRecord, Snapshot


def test_a_user_without_objects_has_an_empty_snapshot(memory):
    snapshot = memory.snapshot()
    assert snapshot.objects == ()
    assert snapshot.vectors.shape == (0, 16)
    assert snapshot.vectors.dtype == np.float32
    assert snapshot.starts.tolist() == [0]
    assert snapshot.version == 0


def test_an_inserted_object_comes_back_as_it_was(memory, thing, unit_vectors):
    vectors = unit_vectors(3)
    stored = memory.insert(thing(n_views=99), vectors)
    record = memory.get("id-1")
    assert isinstance(record, MemoryRecord)
    assert record.object == stored == thing(n_views=3)
    np.testing.assert_array_equal(record.vectors, vectors)
    assert record.vectors.dtype == np.float32
    assert not record.vectors.flags.writeable


def test_objects_survive_the_process_that_stored_them(open_memory, thing, unit_vectors):
    open_memory().insert(thing(), unit_vectors())
    assert open_memory().objects() == (thing(n_views=1),)


def test_a_time_of_another_zone_comes_back_as_the_same_moment_in_utc(memory, thing, unit_vectors):
    created = datetime(2026, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    memory.insert(dataclasses.replace(thing(), created_at=created), unit_vectors())
    found = memory.get("id-1").object.created_at
    assert found == created
    assert found.utcoffset() == timedelta(0)


def test_inserting_an_id_again_replaces_the_object(memory, thing, unit_vectors):
    memory.insert(thing(), unit_vectors(3))
    memory.insert(thing(name="Rex", context=""), unit_vectors(1, seed=7))
    (found,) = memory.objects()
    assert found == thing(name="Rex", context="", n_views=1)
    np.testing.assert_array_equal(memory.get("id-1").vectors, unit_vectors(1, seed=7))


def test_appended_views_follow_the_older_ones(memory, thing, unit_vectors):
    memory.insert(thing(), unit_vectors(2))
    changed = memory.append_views("id-1", unit_vectors(3, seed=1))
    record = memory.get("id-1")
    assert changed == record.object == thing(n_views=5)
    expected = np.concatenate([unit_vectors(2), unit_vectors(3, seed=1)])
    np.testing.assert_array_equal(record.vectors, expected)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"name": "Rex"},
        {"category": "cat"},
        {"context": ""},
        {"name": "Rex", "category": "cat", "context": "o'clock"},
    ],
)
def test_an_update_changes_what_is_given_and_nothing_else(memory, thing, unit_vectors, change):
    memory.insert(thing(), unit_vectors(2))
    changed = memory.update("id-1", **change)
    assert changed == memory.get("id-1").object == thing(n_views=2, **change)
    np.testing.assert_array_equal(memory.get("id-1").vectors, unit_vectors(2))


def test_every_change_replaces_the_stamp(memory, thing, unit_vectors):
    revs = []
    for change in (
        lambda: memory.insert(thing(), unit_vectors()),
        lambda: memory.append_views("id-1", unit_vectors()),
        lambda: memory.update("id-1", name="Rex"),
        lambda: memory.insert(thing(), unit_vectors()),
    ):
        change()
        revs.append(memory.get("id-1").rev)
    assert len(set(revs)) == 4


def test_objects_are_ordered_by_time_and_then_by_id(memory, thing, unit_vectors):
    for object_id, minute in (("c", 1), ("b", 2), ("a", 2), ("d", 0)):
        memory.insert(thing(object_id, minute=minute), unit_vectors())
    assert [obj.object_id for obj in memory.objects()] == ["d", "c", "a", "b"]


def test_the_views_of_an_object_stand_between_its_starts(memory, thing, unit_vectors):
    for minute, (object_id, n) in enumerate((("b", 2), ("a", 1), ("c", 4))):
        memory.insert(thing(object_id, minute=minute), unit_vectors(n, seed=minute))
    snapshot = memory.snapshot()
    assert [obj.object_id for obj in snapshot.objects] == ["b", "a", "c"]
    assert snapshot.starts.tolist() == [0, 2, 3, 7]
    assert snapshot.starts.dtype == np.int64
    for i, n in enumerate((2, 1, 4)):
        views = snapshot.vectors[snapshot.starts[i] : snapshot.starts[i + 1]]
        np.testing.assert_array_equal(views, unit_vectors(n, seed=i))


def test_the_views_of_some_objects_come_in_the_order_that_was_asked_for(
    memory, thing, unit_vectors
):
    for i, count in enumerate((2, 1, 3)):
        memory.insert(thing(f"id-{i}", minute=i), unit_vectors(count, seed=i))
    second, first = memory.vectors_of(["id-2", "id-0"])
    np.testing.assert_array_equal(second, unit_vectors(3, seed=2))
    np.testing.assert_array_equal(first, unit_vectors(2, seed=0))
    assert memory.vectors_of([]) == []
    memory.delete("id-2")
    with pytest.raises(ObjectNotFound, match="id-2"):
        memory.vectors_of(["id-2"])


def test_a_snapshot_cannot_be_changed(memory, thing, unit_vectors):
    memory.insert(thing(), unit_vectors(2))
    snapshot = memory.snapshot()
    assert snapshot.vectors.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        snapshot.vectors[0, 0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        snapshot.version = 3  # type: ignore[misc]


def test_a_snapshot_is_kept_until_somebody_writes(open_memory, thing, unit_vectors):
    here, elsewhere = open_memory(), open_memory()
    here.insert(thing("a"), unit_vectors())
    first = here.snapshot()
    assert isinstance(first, Snapshot)
    assert here.snapshot() is first
    elsewhere.insert(thing("b"), unit_vectors())
    second = here.snapshot()
    assert second.version > first.version
    assert [obj.object_id for obj in second.objects] == ["a", "b"]
    assert [obj.object_id for obj in first.objects] == ["a"]


def test_a_forgotten_object_leaves_the_snapshot(memory, thing, unit_vectors):
    memory.insert(thing("a"), unit_vectors())
    memory.insert(thing("b"), unit_vectors(2, seed=1))
    memory.delete("a")
    assert [obj.object_id for obj in memory.objects()] == ["b"]
    np.testing.assert_array_equal(memory.snapshot().vectors, unit_vectors(2, seed=1))


CALLS_BY_ID = {
    "get": lambda memory, ref: memory.get(ref),
    "append_views": lambda memory, ref: memory.append_views(ref, np.eye(1, 16)),
    "update": lambda memory, ref: memory.update(ref, name="Rex"),
    "delete": lambda memory, ref: memory.delete(ref),
}


@pytest.mark.parametrize("call", CALLS_BY_ID.values(), ids=CALLS_BY_ID)
def test_an_unknown_id_is_not_found_before_and_after_the_first_write(
    memory, root, thing, unit_vectors, call
):
    with pytest.raises(ObjectNotFound, match='"nobody"'):
        call(memory, "nobody")
    assert not root.exists()
    memory.insert(thing(), unit_vectors())
    with pytest.raises(ObjectNotFound, match='"nobody"'):
        call(memory, "nobody")
    assert len(memory.objects()) == 1


@pytest.mark.parametrize("object_id", ["", "a b", "x' OR true --", "ä", "a" * 65, "a\n", None, 7])
@pytest.mark.parametrize("call", CALLS_BY_ID.values(), ids=CALLS_BY_ID)
def test_an_impossible_id_is_refused(memory, call, object_id):
    with pytest.raises(InvalidInput, match="object_id must be 1 to 64"):
        call(memory, object_id)


@pytest.mark.parametrize("object_id", ["", "a b", "a/../b", "a" * 65])
def test_an_object_with_an_impossible_id_is_refused(memory, root, thing, unit_vectors, object_id):
    with pytest.raises(InvalidInput, match="object_id must be 1 to 64"):
        memory.insert(thing(object_id), unit_vectors())
    assert not root.exists()


def nan_in(vectors):
    return np.where(np.arange(16) == 3, np.nan, vectors)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda v: v[0], r"\(N >= 1, 16\), got \(16,\)"),
        (lambda v: v[:0], r"got \(0, 16\)"),
        (lambda v: v[:, :15], r"got \(2, 15\)"),
        (lambda v: v[None], r"got \(1, 2, 16\)"),
        (nan_in, "finite"),
        (lambda v: v * np.inf, "finite"),
        (lambda v: v * 1.002, "unit length, got a length of 1.002"),
        (lambda v: v * 0, "unit length, got a length of 0"),
        (lambda v: [["x"] * 16], "array of float32"),
        (lambda v: None, "vectors must be"),
    ],
)
def test_vectors_that_cannot_be_compared_are_refused(memory, thing, unit_vectors, spoil, message):
    memory.insert(thing(), unit_vectors(2))
    with pytest.raises(InvalidInput, match=message):
        memory.insert(thing("id-2"), spoil(unit_vectors(2)))
    with pytest.raises(InvalidInput, match=message):
        memory.append_views("id-1", spoil(unit_vectors(2)))
    assert memory.objects() == (thing(n_views=2),)


def test_vectors_within_the_tolerance_are_stored_as_they_are(memory, thing, unit_vectors):
    almost = (unit_vectors(2) * 1.0005).astype(np.float64)
    memory.insert(thing(), almost)
    np.testing.assert_array_equal(memory.get("id-1").vectors, almost.astype(np.float32))


@pytest.mark.parametrize("change", [{"name": "\ud800"}, {"context": "a\udfffb"}, {"category": 3}])
def test_texts_that_utf8_cannot_hold_are_refused(memory, thing, unit_vectors, change):
    (field,) = change
    with pytest.raises(InvalidInput, match=f"{field} must be valid Unicode"):
        memory.insert(thing(**change), unit_vectors())
    memory.insert(thing(), unit_vectors())
    with pytest.raises(InvalidInput, match=f"{field} must be valid Unicode"):
        memory.update("id-1", **change)


def test_a_time_without_a_zone_is_refused(memory, thing, unit_vectors):
    naive = dataclasses.replace(thing(), created_at=datetime(2026, 1, 1))
    with pytest.raises(InvalidInput, match="time zone"):
        memory.insert(naive, unit_vectors())


@pytest.mark.parametrize(
    "arguments",
    [
        {"encoder_id": ""},
        {"encoder_id": None},
        {"dim": 0},
        {"dim": "16"},
        {"user_id": ""},
        {"user_id": "u" * 1025},
        {"user_id": None},
    ],
)
def test_a_memory_cannot_be_opened_with_nonsense(open_memory, arguments):
    (field,) = arguments
    with pytest.raises(InvalidInput, match=f"{field} must be"):
        open_memory(**arguments)


def test_resolving_prefers_an_id_to_a_name(memory, thing, unit_vectors):
    memory.insert(thing("a", "b"), unit_vectors())
    memory.insert(thing("b", "Rex"), unit_vectors())
    assert memory.resolve("b").name == "Rex"
    assert memory.resolve(" rEx ").object_id == "b"


def test_resolving_an_unknown_or_shared_name_says_what_there_is(memory, thing, unit_vectors):
    memory.insert(thing("a", "Bella"), unit_vectors())
    memory.insert(thing("b", "BELLA"), unit_vectors())
    with pytest.raises(ObjectNotFound, match='"Bela"'):
        memory.resolve("Bela")
    with pytest.raises(AmbiguousName, match="a, b"):
        memory.resolve("bella")


@pytest.fixture(scope="module")
def shared_memory(tmp_path_factory):
    root = tmp_path_factory.mktemp("texts")
    return Memory.open(root, user_id="ann", encoder_id="tiny@1", dim=16)


any_text = st.text(max_size=60) | st.sampled_from(
    [
        "",
        "'",
        '"; DROP TABLE objects; --',
        "target.rev = 1",
        "a\x00b",
        "👩‍👩‍👧",
        "é",
        "e\u0301",
        "\\'",
    ]
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=any_text, category=any_text, context=any_text)
def test_any_text_comes_back_as_it_was(shared_memory, thing, unit_vectors, name, category, context):
    obj = thing(name=name, category=category, context=context, n_views=1)
    shared_memory.insert(obj, unit_vectors())
    assert shared_memory.objects() == (obj,)
    assert shared_memory.update("id-1", name=context, context=name).name == context
    found = shared_memory.get("id-1").object
    assert (found.name, found.category, found.context) == (context, category, name)
