"""The RAM that the snapshots of many users take together."""

from __future__ import annotations

import gc
import threading

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.memory import limits
from pekit_agents.memory.search import ram
from pekit_agents.memory.search.ram import RamCache
from pekit_agents.memory.search.reader import Reader


@pytest.fixture
def users(open_memory, thing, unit_vectors):
    """Make memories of some users, each of the same size."""

    def make(count):
        memories = [open_memory(user_id=f"user-{i}") for i in range(count)]
        for memory in memories:
            memory.insert(thing(), unit_vectors(10))
        return memories

    return make


def test_the_bound_holds_over_many_users_and_the_least_recently_used_go(users):
    memories = users(6)
    size = memories[0].snapshot().nbytes
    shared = RamCache(3 * size)
    readers = [
        Reader(memory._transactions, index_above=10**9, ram_cache=shared) for memory in memories
    ]
    for reader in readers[:3]:
        reader.snapshot()
    first = readers[0].snapshot()  # used again, so that the second one is the next to go
    for reader in readers[3:5]:
        reader.snapshot()
        assert shared.nbytes == 3 * size
    assert readers[0].snapshot() is first
    assert shared.get(readers[1]._key) is None


class Sized:
    """Something to keep, of a size."""

    def __init__(self, nbytes):
        self.nbytes = nbytes


class Owner:
    """Who keeps something."""


@pytest.fixture
def kept():
    """A bound of 30 bytes with three copies of 10 in it, and the keys of these and one more."""
    shared, owners = RamCache(30), [Owner() for _ in range(4)]
    keys = [shared.key_for(owner) for owner in owners]
    for key in keys[:3]:
        shared.put(key, Sized(10))
    yield shared, keys
    del owners


def test_what_was_used_stays_longer_than_what_was_put_later(kept):
    shared, keys = kept
    shared.get(keys[0])
    shared.put(keys[3], Sized(10))
    gc.collect()
    assert [shared.get(key) is not None for key in keys] == [True, False, True, True]


def test_what_is_too_large_to_be_kept_displaces_nothing(kept):
    shared, keys = kept
    shared.put(keys[3], Sized(31))
    gc.collect()
    assert [shared.get(key) is not None for key in keys] == [True, True, True, False]


def test_what_was_dropped_is_not_given_out_although_somebody_still_uses_it(kept):
    shared, keys = kept
    used = shared.get(keys[0])
    shared.drop(keys[0])
    assert shared.get(keys[0]) is None
    assert (used.nbytes, shared.nbytes) == (10, 20)


class Collecting(Sized):
    """A copy that has garbage collected when it is asked for its size."""

    @property
    def nbytes(self):
        gc.collect()
        return self._nbytes

    @nbytes.setter
    def nbytes(self, value):
        self._nbytes = value


def test_an_owner_may_go_while_something_else_is_put():
    shared, gone, owner = RamCache(100), Owner(), Owner()
    key = shared.key_for(owner)
    shared.put(shared.key_for(gone), Sized(10))
    shared.put(key, Collecting(10))
    gone.itself = gone
    del gone
    thread = threading.Thread(target=shared.put, args=(key, Sized(20)), daemon=True)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    assert shared.nbytes == 20


def test_a_snapshot_above_the_bound_is_usable_and_not_kept(users):
    (memory,) = users(1)
    shared = RamCache(10)
    reader = Reader(memory._transactions, index_above=10**9, ram_cache=shared)
    snapshot = reader.snapshot()
    assert len(snapshot.vectors) == 10
    assert shared.nbytes == 0
    assert reader.snapshot() is snapshot  # as long as somebody works with it
    key = reader._key
    del snapshot
    gc.collect()
    assert shared.get(key) is None


def test_what_is_kept_goes_with_its_owner_and_is_counted_once(users, thing, unit_vectors):
    (memory,) = users(1)
    shared = RamCache(10**6)
    reader = Reader(memory._transactions, index_above=10**9, ram_cache=shared)
    before = reader.snapshot().nbytes
    memory.insert(thing("id-2"), unit_vectors(10))
    assert reader.snapshot().nbytes == shared.nbytes > before
    del reader
    gc.collect()
    assert shared.nbytes == 0


def test_threads_keep_the_count_right(users):
    memories = users(4)
    size = memories[0].snapshot().nbytes
    shared = RamCache(2 * size)
    readers = [
        Reader(memory._transactions, index_above=10**9, ram_cache=shared) for memory in memories
    ]
    threads = [
        threading.Thread(target=lambda reader=reader: [reader.snapshot() for _ in range(30)])
        for reader in readers * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shared.nbytes == sum(s.nbytes for s in shared._kept.values()) == 2 * size


def test_the_size_of_a_snapshot_is_about_what_it_takes(memory, thing, unit_vectors):
    memory.insert(thing(context="x" * 5000), unit_vectors(10))
    assert 10 * 16 * 4 + 5000 < memory.snapshot().nbytes < 10 * 16 * 4 + 7000


def test_the_limits_come_from_the_environment(monkeypatch):
    monkeypatch.setenv(limits.RAM_MB, "32")
    shares = [22 * 2**20, 8 * 2**20, 2 * 2**20]  # one bound for all
    assert ram.shared_ram_cache.__wrapped__().limit_bytes == shares[0]
    assert [limits.index_cache_bytes(), limits.metadata_cache_bytes()] == shares[1:]
    assert limits.limit(limits.INDEX_ABOVE) == 100_000
    monkeypatch.setenv(limits.INDEX_ABOVE, "many")
    with pytest.raises(InvalidInput, match=r"PEKIT_INDEX_ABOVE .* 'many'"):
        limits.limit(limits.INDEX_ABOVE)
