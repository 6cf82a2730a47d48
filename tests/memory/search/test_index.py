"""Users above the limit for snapshots: the index finds what a snapshot would, whatever happens."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import lancedb
import numpy as np
import pytest

from benchmarks.memory.rules import made_up_discriminant
from pekit_agents.errors import ObjectNotFound
from pekit_agents.memory.schema import table_schema
from pekit_agents.memory.search import gallery, index_refresh, view_index
from pekit_agents.memory.search.gallery import LargeGallery
from pekit_agents.memory.search.snapshot import Snapshot
from pekit_agents.scoring import COSINE

ABOVE = 30
NONE = np.zeros((0, 16), np.float32)
DISCRIMINANT = replace(made_up_discriminant(16), conditions=NONE, spreads=NONE)
OBJECTS = 16  # of three views


@pytest.fixture(autouse=True)
def few_are_enough(monkeypatch):
    monkeypatch.setattr(view_index, "MAX_VIEWS", ABOVE + 1)
    monkeypatch.setattr(gallery, "_INDEX_GOOD_S", 0.0)


@pytest.fixture
def large(open_memory, thing, unit_vectors):
    """A memory above its limit, with an index that holds everything."""
    memory = open_memory(index_above=ABOVE)
    for i in range(OBJECTS):
        memory.insert(thing(f"id-{i}", f"n{i}", minute=i), unit_vectors(3, seed=i))
    memory.compact()
    return memory


@pytest.fixture
def same_as_a_snapshot(open_memory, unit_vectors):
    """Compare what is found for 40 regions with what the whole snapshot gives."""

    def check(memory):
        queries = unit_vectors(40, seed=99)
        queries[:OBJECTS] += 2 * np.stack([unit_vectors(3, seed=i)[0] for i in range(OBJECTS)])
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        plain = open_memory(index_above=10**9).gallery()
        assert isinstance(plain, Snapshot)
        assert isinstance(memory.gallery(), LargeGallery)
        for scorer, floor in ((DISCRIMINANT, 0.0), (COSINE, 0.3), (COSINE, 0.6), (COSINE, -1.0)):
            answers = []
            for where in (memory.gallery(), plain):
                objects, near = where.nearest(queries, scorer, floor=floor, ranks=2)
                answers.append([objects[i] if i >= 0 else None for i in near.objects[:, 0]])
                answers.append(near.scores[:, 0])
            assert answers[0] == answers[2]
            assert any(answers[0])
            np.testing.assert_allclose(answers[1], answers[3], rtol=1e-4, atol=1e-6)
        return {obj.object_id for obj in answers[0]}

    return check


def index_of(root):
    (folder,) = root.iterdir()
    return lancedb.connect(folder).open_table("views")


def test_the_index_is_built_by_itself_when_a_user_outgrows_the_limit(
    open_memory, thing, unit_vectors, root, same_as_a_snapshot
):
    for i in range(25):
        open_memory(index_above=ABOVE).insert(thing(f"id-{i}"), unit_vectors(3, seed=i))
    table = index_of(root)
    assert table.count_rows() > ABOVE
    (index,) = table.list_indices()
    assert (index.index_type, index.columns) == ("IvfFlat", ["vector"])
    memory = open_memory(index_above=ABOVE)
    same_as_a_snapshot(memory)
    assert memory.gallery()._catalog.fresh_views > 0  # those since the index was built


def test_below_the_limit_there_is_no_index(open_memory, thing, unit_vectors, root):
    memory = open_memory(index_above=ABOVE)
    memory.insert(thing(), unit_vectors(ABOVE))
    memory.compact()
    assert isinstance(memory.gallery(), Snapshot)
    assert not list(root.rglob("views.lance"))


def test_everything_is_found_by_the_index(large, same_as_a_snapshot):
    assert len(same_as_a_snapshot(large)) > OBJECTS // 2
    catalog = large.gallery()._catalog
    assert len(catalog.indexed) == OBJECTS
    assert len(catalog.fresh) == 0


def test_changes_since_the_index_was_built_are_found(
    large, open_memory, thing, unit_vectors, same_as_a_snapshot
):
    large.gallery()
    elsewhere = open_memory(index_above=ABOVE)
    elsewhere.insert(thing("new", minute=99), unit_vectors(2, seed=99))
    elsewhere.append_views("id-3", unit_vectors(1, seed=98))
    elsewhere.update("id-4", name="Rex")
    assert "new" in same_as_a_snapshot(large)
    large.compact()
    assert "new" in same_as_a_snapshot(large)
    assert len(large.gallery()._catalog.fresh) == 0


def test_negatives_count_in_and_beside_the_index(large, unit_vectors, same_as_a_snapshot):
    before = same_as_a_snapshot(large)
    for i in range(OBJECTS):  # the third region is one that object 2 is told not to be
        large.add_negatives(f"id-{i}", unit_vectors(40, seed=99)[20 + i : 21 + i])
    region = unit_vectors(3, seed=2)[:1]
    look = 0.95 * region + 0.2 * unit_vectors(1, seed=77)
    look /= np.linalg.norm(look)
    large.add_negatives("id-2", look)
    for _ in range(2):
        same_as_a_snapshot(large)
        objects, near = large.gallery().nearest(look, COSINE, floor=-1.0, ranks=1)
        assert objects[near.objects[0, 0]].object_id != "id-2"
        large.compact()
    assert len(large.gallery()._catalog.fresh) == 0
    assert before


def test_categories_are_those_of_the_newest_version(large, thing, unit_vectors):
    assert large.gallery().categories == ("dog",)
    large.insert(thing("cup", category="cup"), unit_vectors())
    assert sorted(large.gallery().categories) == ["cup", "dog"]


def test_the_views_of_some_objects_are_read_without_the_others(large, unit_vectors):
    second, first = large.vectors_of(["id-2", "id-0"])
    np.testing.assert_array_equal(second, unit_vectors(3, seed=2))
    np.testing.assert_array_equal(first, unit_vectors(3, seed=0))
    with pytest.raises(ObjectNotFound, match="nobody"):
        large.vectors_of(["nobody"])


def test_objects_are_listed_in_their_order(large, open_memory):
    assert large.objects() == open_memory(index_above=10**9).objects()


def test_a_forgotten_object_is_not_found_and_leaves_no_byte_in_the_index(
    large, unit_vectors, bytes_on_disk, same_as_a_snapshot
):
    view = unit_vectors(3, seed=5)[1]
    assert view.tobytes() in bytes_on_disk()
    large.delete("id-5")
    assert view.tobytes() not in bytes_on_disk()
    assert "id-5" not in same_as_a_snapshot(large)
    assert len(large.gallery()._catalog.indexed) == OBJECTS - 1  # there is an index again


def test_forgetting_removes_what_a_killed_builder_left(large, root, unit_vectors, bytes_on_disk):
    view = unit_vectors(3, seed=5)[1]
    (folder,) = root.iterdir()
    for place in ("data", "_indices/0101"):
        (folder / "views.lance" / place).mkdir(parents=True, exist_ok=True)
        (folder / "views.lance" / place / "left.lance").write_bytes(view.tobytes())
    large.delete("id-5")
    assert view.tobytes() not in bytes_on_disk()


def test_forgetting_everything_leaves_nothing_of_the_index(large, root):
    large.forget_everything()
    assert list(root.iterdir()) == []
    assert large.gallery().categories == ()


def test_without_locks_an_index_of_what_was_forgotten_meanwhile_goes(
    large, open_memory, monkeypatch, without_locks, root, unit_vectors, bytes_on_disk
):
    without_locks()
    refresh, stale = view_index.ViewIndex.refresh, index_of(root).to_arrow()

    def slow(self, objects):
        monkeypatch.setattr(view_index.ViewIndex, "refresh", refresh)
        open_memory(index_above=ABOVE).delete("id-5")
        (folder,) = root.iterdir()
        lancedb.connect(folder).create_table("views", stale, mode="overwrite")

    monkeypatch.setattr(view_index.ViewIndex, "refresh", slow)
    large.update("id-1", name="x")
    large.compact()
    assert unit_vectors(3, seed=5)[1].tobytes() not in bytes_on_disk()


def test_while_one_builds_others_neither_build_nor_wait(large, open_memory, unit_vectors, thing):
    place = large._transactions.place
    large.update("id-1", name="x")
    with place.index_lock():
        other = open_memory(index_above=ABOVE)
        for i in range(25):
            other.insert(thing(f"more-{i}"), unit_vectors(1, seed=i))
    assert len(large.gallery()._catalog.indexed if large.gallery()._catalog else []) <= OBJECTS


@pytest.mark.parametrize("what", ["_indices", "data", "_versions"])
def test_a_damaged_index_costs_speed_and_nothing_else(
    large, open_memory, root, caplog, same_as_a_snapshot, what
):
    for path in (next(root.rglob("views.lance")) / what).rglob("*"):
        if path.is_file():
            path.write_bytes(b"garbage" * 50)
    with caplog.at_level(logging.DEBUG):
        memory = open_memory(index_above=ABOVE)
        same_as_a_snapshot(memory)
    assert "index" in caplog.text
    memory.delete("id-5")  # makes it anew
    same_as_a_snapshot(memory)
    assert len(memory.gallery()._catalog.indexed) == OBJECTS - 1


def test_an_index_of_another_encoder_is_not_used(large):
    place, schema = large._transactions.place, large._transactions.schema
    assert view_index.ViewIndex(place, schema).latest() is not None
    assert view_index.ViewIndex(place, table_schema("tiny@2", 16)).latest() is None


def test_an_index_that_was_never_built_costs_speed_and_nothing_else(
    large, open_memory, monkeypatch, root, same_as_a_snapshot
):
    index_refresh.IndexRefresh(
        large._transactions.place, large._transactions.schema, index_above=0
    ).drop()
    assert not list(root.rglob("views.lance"))
    memory = open_memory(index_above=ABOVE)
    monkeypatch.setattr(view_index, "_BATCH_OBJECTS", 5)
    monkeypatch.setattr(memory.gallery(), "_cached_views", 0)  # too many to be kept in RAM
    same_as_a_snapshot(memory)


def test_the_index_goes_when_a_user_has_shrunk_to_half_the_limit(large, root):
    for i in range(OBJECTS - ABOVE // 2 // 3):
        large.delete(f"id-{i}")
    large.compact()
    assert not list(root.rglob("views.lance"))


def at(cosine, axis):
    """Return a unit vector with that cosine to the first axis."""
    view = np.zeros(16, np.float32)
    view[0], view[axis] = cosine, np.sqrt(1 - cosine**2)
    return view


def test_views_that_hide_a_better_object_are_looked_past(
    open_memory, thing, unit_vectors, monkeypatch
):
    # The eight nearest views are of an object that the region was said not to be.
    monkeypatch.setattr(gallery, "_FIRST_COUNT", 4)
    memory = open_memory(index_above=ABOVE)
    query = np.eye(1, 16, dtype=np.float32)
    memory.insert(thing("loud"), np.stack([at(0.9, 1)] * 8))
    memory.add_negatives("loud", query)
    memory.insert(thing("right"), np.stack([at(0.8, 3)] * 2))
    for i in range(10):
        memory.insert(thing(f"id-{i}"), -np.abs(unit_vectors(3, seed=i)))
    memory.compact()
    objects, near = memory.gallery().nearest(query, COSINE, floor=0.3, ranks=1)
    assert objects[near.objects[0, 0]].object_id == "right"
    assert near.scores[0, 0] == pytest.approx(0.8, abs=1e-6)


def test_by_a_discriminant_several_views_of_an_object_count(open_memory, thing, unit_vectors):
    """The object with the nearest view is not the best one; the index proposes both."""
    memory = open_memory(index_above=ABOVE)
    query = np.eye(1, 16, dtype=np.float32)
    memory.insert(thing("once"), at(0.82, 1)[None])
    memory.insert(thing("often"), np.stack([at(0.8, axis) for axis in range(2, 8)]))
    for i in range(10):
        memory.insert(thing(f"id-{i}"), -np.abs(unit_vectors(3, seed=i)))
    memory.compact()
    assert isinstance(memory.gallery(), LargeGallery)
    best = {}
    for scorer in (COSINE, DISCRIMINANT):
        objects, near = memory.gallery().nearest(query, scorer, floor=0, ranks=2)
        best[scorer] = [objects[i].object_id for i in near.objects[0]]
    assert best == {COSINE: ["once", "often"], DISCRIMINANT: ["often", "once"]}


def test_the_index_returns_no_view_that_is_not_wanted(large, unit_vectors):
    gallery = large.gallery()
    assert gallery.count == OBJECTS  # opens the index
    query = unit_vectors(3, seed=5)[:1]
    hits = gallery._index.search(query, 48, above=0.2)
    expected = np.concatenate([unit_vectors(3, seed=i) for i in range(OBJECTS)]) @ query[0]
    np.testing.assert_allclose(sorted(hits.cosines), sorted(expected[expected > 0.2]), atol=1e-5)


def test_an_index_is_searched_from_within_an_event_loop(large, same_as_a_snapshot):
    async def search():
        return same_as_a_snapshot(large)

    assert len(asyncio.run(search())) > OBJECTS // 2


@pytest.mark.parametrize(("scorer", "floor"), [(COSINE, 0.3), (DISCRIMINANT, 0.0)])
def test_the_index_is_asked_while_the_objects_are_looked_at(
    large, unit_vectors, monkeypatch, scorer, floor
):
    searched = large.gallery()
    query = unit_vectors(3, seed=1)[:1]
    first = searched.nearest(query, scorer, floor=floor, ranks=2)

    def too_late(*_, **__):
        raise AssertionError("asked after the objects were looked at")

    monkeypatch.setattr(view_index.ViewIndex, "search", too_late)
    again = searched.nearest(query, scorer, floor=floor, ranks=2)
    assert again[0] == first[0] != []
    np.testing.assert_array_equal(again[1].scores, first[1].scores)
