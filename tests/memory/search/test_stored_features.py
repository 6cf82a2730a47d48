"""How some objects look, read from the disk, with their details."""

from __future__ import annotations

import numpy as np
import pytest

from pekit_agents.errors import EncoderMismatch, InvalidInput, MemoryStoreError
from pekit_agents.memory import StoredFeatures
from pekit_agents.memory.details import pack
from pekit_agents.memory.search import view_index
from pekit_agents.memory.search.gallery import LargeGallery


@pytest.fixture
def filled(memory, thing, unit_vectors, some_details):
    """A memory with fifteen objects: of each number's views every second one has details."""
    for i in range(15):
        details = [some_details(i) if n % 2 else None for n in range(1 + i % 3)]
        memory.insert(thing(f"id-{i}"), unit_vectors(1 + i % 3, seed=i), details=details)
    return memory


def test_those_that_are_asked_for_are_told_and_no_others(filled, unit_vectors, some_details):
    found = filled.stored_features(["id-5", "id-3", "id-4"])
    assert {object_id: type(each) for object_id, each in found.items()} == {
        "id-3": StoredFeatures,
        "id-4": StoredFeatures,
        "id-5": StoredFeatures,
    }
    for i in (3, 4, 5):
        stored = found[f"id-{i}"]
        np.testing.assert_array_equal(stored.vectors, unit_vectors(1 + i % 3, seed=i))
        assert not stored.vectors.flags.writeable
        details = [pack(each) for each in stored.details]
        assert details == ([] if i == 3 else [pack(some_details(i))])
    assert len(filled.stored_features([f"id-{i}" for i in range(15)])) == 15


def test_those_that_are_not_there_are_left_out(filled, open_memory):
    assert filled.stored_features([]) == {}
    assert filled.stored_features(["nobody"]) == {}
    filled.delete("id-1")
    assert list(filled.stored_features(["id-1", "id-2", "nobody"])) == ["id-2"]
    assert open_memory(user_id="bob").stored_features(["id-1"]) == {}


def test_they_are_those_of_the_newest_version(filled, open_memory, unit_vectors, some_details):
    elsewhere = open_memory()
    assert elsewhere.stored_features(["id-0"])["id-0"].details == ()
    filled.append_views("id-0", unit_vectors(1, seed=77), details=[some_details(77)])
    (details,) = elsewhere.stored_features(["id-0"])["id-0"].details
    assert pack(details) == pack(some_details(77))


def test_what_is_no_id_is_refused(filled):
    with pytest.raises(InvalidInput, match="object_id must be"):
        filled.stored_features(["id-1", "x' OR '1'='1"])


def test_of_a_memory_that_was_embedded_anew_they_are_not_told(filled):
    seen = filled.records()
    assert filled.replace_all(seen, encoder_id="tiny@2", dim=16, seen=seen)
    with pytest.raises(EncoderMismatch):
        filled.stored_features(["id-1"])


def test_above_the_limit_they_are_read_where_they_are(
    filled, open_memory, monkeypatch, unit_vectors, some_details
):
    monkeypatch.setattr(view_index, "MAX_VIEWS", 21)
    large = open_memory(index_above=20)
    large.compact()
    assert isinstance(large.gallery(), LargeGallery)
    stored = large.stored_features(["id-7"])["id-7"]
    np.testing.assert_array_equal(stored.vectors, unit_vectors(2, seed=7))
    assert [pack(each) for each in stored.details] == [pack(some_details(7))]


def test_damaged_details_are_damage_of_the_memory(filled, monkeypatch):
    from pekit_agents.memory import records

    with monkeypatch.context() as patch:
        patch.setattr(records, "pack", lambda _: b"damaged")
        filled.update("id-1", context="x")
    for read in (lambda: filled.stored_features(["id-1"]), lambda: filled.get("id-1")):
        with pytest.raises(MemoryStoreError, match=r"whole patches.* restore them"):
            read()
    assert filled.stored_features(["id-2"])
