"""What a bucket keeps of what was forgotten, and many views in it; see also test_stores.py."""

from __future__ import annotations

import pytest

from pekit_agents.errors import ObjectNotFound
from pekit_agents.memory import Memory
from pekit_agents.memory.details import pack
from pekit_agents.memory.records import to_rows
from pekit_agents.memory.schema import table_schema
from pekit_agents.memory.search import view_index
from pekit_agents.memory.search.gallery import LargeGallery
from pekit_agents.memory.table import table as tables
from pekit_agents.scoring import COSINE

pytestmark = pytest.mark.slow


@pytest.fixture
def open_remote(bucket):
    def make(**changes):
        arguments = {"user_id": "ann", "encoder_id": "tiny@1", "dim": 16, **changes}
        return Memory.open(bucket.uri, storage_options=bucket.options, **arguments)

    return make


@pytest.fixture
def holds(bucket):
    """Whether any file in the bucket has these bytes in it."""
    return lambda pattern: any(pattern in content for content in bucket.content().values())


def test_a_forgotten_object_leaves_no_byte_in_the_bucket(open_remote, holds, thing, unit_vectors):
    memory = open_remote()
    memory.insert(thing(), unit_vectors(2))
    memory.insert(thing("secret", context="buried-under-the-oak"), unit_vectors(2, seed=7))
    secrets = [b"buried-under-the-oak", unit_vectors(2, seed=7)[0].tobytes()]
    assert all(holds(secret) for secret in secrets)
    memory.delete("secret")
    assert not any(holds(secret) for secret in secrets)
    with pytest.raises(ObjectNotFound):
        memory.get("secret")
    assert len(memory.objects()) == 1


def test_details_leave_the_bucket_with_their_view(
    open_remote, holds, thing, unit_vectors, some_details
):
    memory = open_remote()
    memory.insert(thing("a"), unit_vectors(2), details=[None, some_details(1)])
    memory.insert(thing("b"), unit_vectors(1, seed=2), details=[some_details(2)])
    secrets = [pack(some_details(number)) for number in (1, 2)]
    assert all(holds(secret) for secret in secrets)
    memory.remove_view("a", memory.get("a").views[1].view_id)
    memory.delete("b")
    assert not any(holds(secret) for secret in secrets)


def test_what_an_upgraded_memory_forgets_leaves_the_bucket(
    open_remote, holds, thing, unit_vectors, as_layout
):
    memory, view = open_remote(), unit_vectors(2, seed=2)[0].tobytes()
    memory.insert(thing("a", "Bella"), unit_vectors(3, seed=1))
    memory.insert(thing("b", "Rex", minute=1), unit_vectors(2, seed=2))
    rows = to_rows(memory.records(), table_schema("tiny@1", 16))
    rows = as_layout("1", rows, "tiny@1", 16)
    tables.rewrite(memory._transactions.place, rows.schema, rows.to_batches())
    memory = open_remote()
    memory.append_views("a", unit_vectors(1, seed=3))  # upgrades
    assert holds(view)
    memory.delete("b")
    assert not holds(view)


def test_many_views_in_a_bucket_are_indexed_too(
    open_remote, thing, unit_vectors, monkeypatch, holds
):
    monkeypatch.setattr(view_index, "MAX_VIEWS", 31)
    memory = open_remote(index_above=30)
    for i in range(12):
        memory.insert(thing(f"id-{i}"), unit_vectors(3, seed=i))
    memory.compact()
    gallery = memory.gallery()
    assert isinstance(gallery, LargeGallery)
    objects, near = gallery.nearest(unit_vectors(3, seed=4)[:1], COSINE, floor=0.9, ranks=1)
    assert objects[near.objects[0, 0]].object_id == "id-4"
    assert len(gallery._catalog.indexed) == 12
    view = unit_vectors(3, seed=4)[0].tobytes()
    assert holds(view)
    memory.delete("id-4")
    assert not holds(view)
