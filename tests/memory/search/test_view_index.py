"""The index by itself: what it counts as missing, when it is extended and when made anew."""

from __future__ import annotations

import numpy as np
import pytest

from pekit_agents.memory.search import view_index
from pekit_agents.memory.search.view_index import ViewIndex, holds_more, stamps, take

OBJECTS = 20  # of three views


@pytest.fixture
def memory(open_memory, thing, unit_vectors):
    """A memory that makes no index by itself."""
    memory = open_memory(index_above=10**9)
    for i in range(OBJECTS):
        memory.insert(thing(f"id-{i}", f"n{i}", minute=i), unit_vectors(3, seed=i))
    return memory


@pytest.fixture
def objects(memory):
    """Return the table of objects as it is now."""
    place = memory._transactions.place
    return lambda: place.connect().open_table("objects")


@pytest.fixture
def index(memory, objects):
    index = ViewIndex(memory._transactions.place, memory._transactions.schema)
    index.refresh(objects())
    return index


def parts(index):
    table = index.latest()
    (only,) = table.list_indices()
    return table.index_stats(only.name)


def test_the_lag_counts_views_that_come_and_about_those_that_go(
    index, memory, objects, thing, unit_vectors
):
    assert index.lag(objects()) == 0
    memory.insert(thing("new"), unit_vectors(2, seed=99))
    assert index.lag(objects()) == 2
    memory.append_views("id-3", unit_vectors(1, seed=98))
    sizes = stamps(objects())[1]
    assert index.lag(objects()) == 2 + 4 + int(sizes.mean())
    table = objects()
    table.delete("true")
    assert index.lag(table) == OBJECTS  # nothing says how many views they had


def test_a_small_change_extends_the_index_and_takes_the_old_rows_out(
    index, memory, objects, thing, unit_vectors
):
    before = index.latest().version
    memory.insert(thing("new"), unit_vectors(2, seed=99))
    memory.append_views("id-3", unit_vectors(1, seed=98))
    index.refresh(objects())
    assert index.latest().version > before
    assert index.lag(objects()) == 0
    np.testing.assert_array_equal(index.revs(), np.sort(stamps(objects())[0]))
    assert index.latest().count_rows() == 3 * OBJECTS + 1 + 2
    assert parts(index).num_unindexed_rows == 0


def test_a_large_change_begins_anew(index, memory, objects, thing, unit_vectors):
    memory.update("id-1", name="x")
    index.refresh(objects())
    before = index.latest().version
    memory.insert(thing("new"), unit_vectors(2 * OBJECTS, seed=99))
    assert index.latest().version == before  # the memory did not drop it as it does when tidying
    index.refresh(objects())
    assert index.latest().version < before
    assert index.lag(objects()) == 0


def test_parts_do_not_pile_up(index, memory, objects, monkeypatch):
    monkeypatch.setattr(view_index, "_MOST_PARTS", 3)
    most = []
    for i in range(6):
        memory.update(f"id-{i}", name=f"other {i}")
        index.refresh(objects())
        most.append(parts(index).num_indices)
    assert max(most) == 3
    assert index.lag(objects()) == 0


def test_an_index_that_was_not_trained_yet_is_trained(index, memory, objects):
    table = index.latest()
    table.drop_index(table.list_indices()[0].name)
    memory.update("id-1", name="x")
    index.refresh(objects())
    assert parts(index).num_unindexed_rows == 0


def test_who_searches_while_the_index_is_extended_can_go_on(index, memory, objects):
    table = memory._transactions.place.connect().open_table("views")
    memory.update("id-1", name="x")
    index.refresh(objects())
    table.checkout(table.version)
    assert len(table.search().limit(None).to_arrow()) == 3 * OBJECTS


def test_more_partitions_are_visited_where_there_are_more(index, monkeypatch):
    index.revs()
    assert index._probes == 16
    for name, value in {"VIEWS_PER_PARTITION": 1, "VISITED_SHARE": 3}.items():
        monkeypatch.setattr(view_index, f"_{name}", value)
    index.reset()
    index.revs()
    assert index._probes == 3 * OBJECTS // 3


def test_a_table_of_its_own_is_dropped_once_and_never_missed(index, objects, unit_vectors, caplog):
    queries = unit_vectors(3, seed=5)[:1]
    index.revs()
    assert len(index.search(queries, 5, above=0.9).revs) == 1
    index.drop()
    index.drop()
    assert not index.is_there()
    assert index.latest() is None
    assert list(index.revs()) == []
    assert caplog.text == ""  # nothing that is open still was looked for
    index.refresh(objects())
    index.revs()
    assert len(index.search(queries, 5, above=0.9).revs) == 1


@pytest.mark.parametrize(
    ("views", "most", "more"), [(59, 64, True), (60, 64, False), (60, 3, False), (59, 3, True)]
)
def test_more_views_than_a_number(objects, monkeypatch, views, most, more):
    monkeypatch.setattr(view_index, "MAX_VIEWS", most)
    assert holds_more(objects(), views) is more


def test_a_number_that_cannot_be_reached_is_not_counted_to(objects, monkeypatch):
    monkeypatch.setattr(view_index, "stamps", None)
    assert not holds_more(None, 0)
    assert not holds_more(objects(), OBJECTS * view_index.MAX_VIEWS)


def test_rows_are_taken_some_at_a_time(objects, monkeypatch):
    monkeypatch.setattr(view_index, "_BATCH_OBJECTS", 6)
    revs, _, ids = stamps(objects())
    batches = list(take(objects(), ids[::-1][:15], ["rev"]))
    taken = [rev for batch in batches for rev in batch.column("rev").to_pylist()]
    assert sorted(taken) == sorted(revs[::-1][:15])
    assert max(batch.num_rows for batch in batches) <= 6


def test_an_index_that_could_not_be_read_once_is_opened_again(index):
    class Gone:
        def checkout_latest(self):
            raise OSError("the disk was away")

    index.latest()
    index._table = Gone()
    assert index.latest() is None
    assert index.latest().count_rows() == 3 * OBJECTS


def test_an_error_of_the_code_itself_is_not_taken_for_a_damaged_index(index, monkeypatch):
    monkeypatch.setattr(index, "_opened", lambda: {}["a key that is missing"])
    index.reset()
    with pytest.raises(KeyError):
        index.latest()
