"""What an object is not, in its row: added, capped, merged, cleared, and gone when forgotten."""

from __future__ import annotations

import numpy as np
import pytest

from pekit_agents.errors import InvalidInput, ObjectNotFound
from pekit_agents.memory.changes import MAX_NEGATIVES
from pekit_agents.scoring import COSINE
from pekit_agents.types import Crop

CROP = Crop(b"\xff\xd8\xffpicture", b"\x89PNG\r\n\x1a\nmask")


@pytest.fixture
def taught(memory, thing, unit_vectors):
    memory.insert(thing("a", "Rex"), unit_vectors(3, seed=1))
    memory.add_negatives("a", unit_vectors(2, seed=2))
    return memory


def test_negatives_are_kept_beside_the_views(taught, unit_vectors, open_memory):
    record = open_memory().get("a")
    np.testing.assert_array_equal(record.negatives, unit_vectors(2, seed=2))
    np.testing.assert_array_equal(record.vectors, unit_vectors(3, seed=1))
    assert (record.object.n_views, record.object.n_negatives) == (3, 2)
    assert open_memory().objects() == (record.object,)


def test_a_region_that_is_more_like_a_negative_is_not_the_object(taught, thing, unit_vectors):
    taught.insert(thing("b", "Bella"), unit_vectors(1, seed=5))
    regions = np.concatenate([unit_vectors(1, seed=2), unit_vectors(3, seed=1)])
    objects, near = taught.gallery().nearest(regions, COSINE, floor=-1.0, ranks=1)
    assert [objects[i].object_id for i in near.objects[:, 0]] == ["b", "a", "a", "a"]


def test_what_is_known_adds_nothing_and_writes_nothing(taught, unit_vectors):
    before = taught.get("a").rev
    assert taught.add_negatives("a", unit_vectors(2, seed=2)).n_negatives == 2
    assert taught.add_view("a", unit_vectors(3, seed=1)[1]).n_views == 3
    assert taught.get("a").rev == before
    assert taught.add_negatives("a", np.repeat(unit_vectors(1, seed=7), 3, axis=0)).n_negatives == 3


def test_of_too_many_the_oldest_go(memory, thing, unit_vectors):
    memory.insert(thing(), unit_vectors())
    many = unit_vectors(MAX_NEGATIVES + 5, seed=3)
    memory.add_negatives("id-1", many[:4])
    assert memory.add_negatives("id-1", many[4:]).n_negatives == MAX_NEGATIVES
    np.testing.assert_array_equal(memory.get("id-1").negatives, many[5:])


def test_a_look_becomes_a_view_and_is_no_negative_any_more(taught, unit_vectors):
    look = unit_vectors(2, seed=2)[0]
    obj = taught.add_view("a", look, crop=CROP)
    assert (obj.n_views, obj.n_negatives) == (4, 1)
    assert taught.get("a").views[3].crop == CROP
    with pytest.raises(InvalidInput, match="at most 4"):
        taught.add_view("a", unit_vectors(1, seed=9)[0], at_most=4)


def test_photos_that_are_added_are_no_negatives_either(taught, unit_vectors):
    obj = taught.append_views("a", unit_vectors(2, seed=2))
    assert (obj.n_views, obj.n_negatives) == (5, 0)


def test_other_changes_leave_negatives_alone(taught, unit_vectors):
    taught.update("a", name="Max")
    taught.remove_view("a", taught.get("a").views[0].view_id)
    taught.compact()
    np.testing.assert_array_equal(taught.get("a").negatives, unit_vectors(2, seed=2))
    assert taught.get("a").object.n_negatives == 2


def test_merging_keeps_what_neither_is(memory, thing):
    """Of the negatives go those that were looks of the other one."""
    ours, theirs, strange, other = np.eye(16, dtype=np.float32)[:4]
    memory.insert(thing("a", "Rex"), [ours])
    memory.insert(thing("b", "Max"), [theirs])
    memory.add_negatives("a", [0.6 * theirs + 0.8 * other, strange])
    memory.add_negatives("b", [0.8 * ours + 0.6 * other, 0.6 * strange + 0.8 * other])
    merged = memory.merge("a", "b")
    assert (merged.n_views, merged.n_negatives) == (2, 2)
    kept = memory.get("a").negatives
    np.testing.assert_allclose(kept, [strange, 0.6 * strange + 0.8 * other], atol=1e-6)


def test_cleared_and_forgotten_negatives_leave_the_disk(taught, unit_vectors, thing, bytes_on_disk):
    secret = unit_vectors(2, seed=2)[1].tobytes()
    assert secret in bytes_on_disk()
    assert taught.clear_negatives("a").n_negatives == 0
    assert secret not in bytes_on_disk()
    taught.add_negatives("a", unit_vectors(2, seed=2))
    taught.insert(thing("b", "Bella"), unit_vectors())
    taught.delete("a")
    assert secret not in bytes_on_disk()


def test_an_object_that_is_remembered_anew_has_none(taught, thing, unit_vectors):
    assert taught.insert(thing("a", "Rex", n_negatives=7), unit_vectors()).n_negatives == 0
    assert taught.get("a").object.n_negatives == 0


@pytest.mark.parametrize("call", ["add_negatives", "add_view", "clear_negatives"])
def test_an_object_that_is_not_there_learns_nothing(taught, unit_vectors, call):
    vectors = {"add_negatives": (unit_vectors(),), "add_view": (unit_vectors()[0],)}.get(call, ())
    with pytest.raises(ObjectNotFound):
        getattr(taught, call)("nobody", *vectors)


def test_negatives_have_to_be_unit_vectors_of_the_encoder(taught, unit_vectors):
    for bad in (unit_vectors(1, dim=8), 2 * unit_vectors(), np.full((1, 16), np.nan)):
        with pytest.raises(InvalidInput):
            taught.add_negatives("a", bad)


def test_writers_at_once_lose_no_correction(taught, open_memory, unit_vectors):
    other = open_memory()
    taught.objects(), other.objects()
    taught.add_negatives("a", unit_vectors(1, seed=31))
    other.add_negatives("a", unit_vectors(1, seed=32))
    assert taught.get("a").object.n_negatives == 4


def test_the_memory_in_ram_counts_them(taught, unit_vectors):
    before = taught.snapshot().nbytes
    taught.add_negatives("a", unit_vectors(4, seed=8))
    assert taught.snapshot().nbytes == before + 4 * 16 * 4
