"""A whole memory is put in place of the old one, for another encoder, in one commit."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pekit_agents.errors import EncoderMismatch
from pekit_agents.memory import Memory


def as_written(root):
    return Memory.open_as_written(root, user_id="ann")


def wider(records):
    return [dataclasses.replace(r, vectors=np.eye(len(r.vectors), 32)) for r in records]


@pytest.fixture
def old(memory, thing, unit_vectors):
    memory.insert(thing("a"), unit_vectors(3, seed=1))
    memory.insert(thing("b", minute=1), unit_vectors(2, seed=2))
    return memory


def test_a_memory_can_be_opened_whatever_its_encoder_is(old, root):
    found = as_written(root)
    assert (found.encoder_id, found.dim) == ("tiny@1", 16)
    assert found.objects() == old.objects()
    assert Memory.open_as_written(root, user_id="nobody") is None


def test_texts_and_views_stay_and_vectors_are_new(old, root, open_memory):
    seen = as_written(root).records()
    new = {"encoder_id": "tiny@2", "dim": 32}
    assert as_written(root).replace_all(wider(seen), **new, seen=seen)
    memory = open_memory(**new)
    assert [obj.object_id for obj in memory.objects()] == ["a", "b"]
    np.testing.assert_array_equal(memory.get("a").vectors, np.eye(3, 32))
    assert memory.get("a").views == seen[0].views


def test_who_has_it_open_with_the_old_encoder_is_told_and_writes_nothing(
    old, root, open_memory, thing, unit_vectors
):
    old.snapshot()
    seen = old.records()
    # Of the same width, so that nothing but the check can tell.
    same = [dataclasses.replace(r, vectors=np.eye(len(r.vectors), 16)) for r in seen]
    assert as_written(root).replace_all(same, encoder_id="tiny@2", dim=16, seen=seen)
    calls = (
        old.snapshot,
        old.records,
        lambda: old.get("a"),
        lambda: old.insert(thing("c"), unit_vectors()),
        lambda: old.append_views("a", unit_vectors()),
        lambda: old.export(root / "x"),
    )
    for call in calls:
        with pytest.raises(EncoderMismatch, match="written with encoder tiny@2"):
            call()
    assert len(open_memory(encoder_id="tiny@2").objects()) == 2


def test_a_memory_that_changed_meanwhile_is_not_replaced(old, root, unit_vectors):
    seen = old.records()
    old.append_views("a", unit_vectors())
    assert not old.replace_all(wider(seen), encoder_id="tiny@2", dim=32, seen=seen)
    assert as_written(root).encoder_id == "tiny@1"
    assert old.get("a").object.n_views == 4


def test_old_vectors_leave_the_disk(old, root, open_memory, bytes_on_disk, unit_vectors):
    seen = old.records()
    old.replace_all(wider(seen), encoder_id="tiny@2", dim=32, seen=seen)
    open_memory(encoder_id="tiny@2", dim=32).purge()
    assert not any(vector.tobytes() in bytes_on_disk() for vector in unit_vectors(3, seed=1))
