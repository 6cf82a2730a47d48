"""Memories of older layouts are read as they are and upgraded by the first write."""

from __future__ import annotations

import lancedb
import numpy as np
import pytest

from pekit_agents.errors import MemoryStoreError, SchemaMismatch
from pekit_agents.memory.details import pack
from pekit_agents.memory.place.local import LocalPlace
from pekit_agents.memory.records import MemoryRecord, new_views, to_rows
from pekit_agents.memory.schema import BASED_ON, table_schema
from pekit_agents.memory.table import table as tables
from pekit_agents.types import Crop


@pytest.fixture(params=["1", "2", "3"])
def layout(request):
    return request.param


@pytest.fixture
def old(layout, open_memory, root, thing, unit_vectors, as_layout):
    """A memory of an older layout with two objects, and a way to look at its table."""
    open_memory().insert(thing("gone"), unit_vectors())
    open_memory().delete("gone")  # makes the folder and the lock
    (folder,) = root.iterdir()
    records = [
        MemoryRecord(thing("a", "Bella"), unit_vectors(3, seed=1), new_views(3), rev=11),
        MemoryRecord(thing("b", "Rex", minute=1), unit_vectors(2, seed=2), new_views(2), rev=22),
    ]
    rows = to_rows(records, table_schema("tiny@1", 16))
    rows = as_layout(layout, rows, "tiny@1", 16)
    tables.rewrite(LocalPlace(folder), rows.schema, rows.to_batches())
    return lambda: lancedb.connect(folder).open_table("objects")


OF_VIEWS = ["view_ids", "view_times", "crops", "masks"]
COLUMNS = {
    "1": ["rev", "prev", "created_at"],
    "2": ["rev", "based_on", "created_at", *OF_VIEWS],
    "3": ["rev", "replaces", "created_at", *OF_VIEWS, "negatives", "n_negatives"],
}


def test_older_layouts_are_what_they_were(layout, old):
    texts = ["object_id", "name", "category", "context"]
    assert old().schema.names == [*texts, "views", "n_views", *COLUMNS[layout]]
    assert old().schema.metadata[b"pekit.schema"] == layout.encode()


def test_it_is_read_and_searched_without_being_changed(
    layout, old, open_memory, thing, unit_vectors
):
    memory, before = open_memory(), old().version
    assert memory.objects() == (
        thing("a", "Bella", n_views=3),
        thing("b", "Rex", minute=1, n_views=2),
    )
    np.testing.assert_array_equal(memory.snapshot().vectors[:3], unit_vectors(3, seed=1))
    views = memory.get("a").views
    assert [view.view_id for view in views] == [v.view_id for v in open_memory().get("a").views]
    assert len({view.view_id for view in views}) == 3
    assert {(v.added_at is None, v.crop, v.details) for v in views} == {(layout == "1", None, None)}
    stored = memory.stored_features(["a"])["a"]
    np.testing.assert_array_equal(stored.vectors, unit_vectors(3, seed=1))
    assert stored.details == ()
    assert (old().version, old().schema.metadata[b"pekit.schema"]) == (before, layout.encode())


def second_view(memory):
    return memory.get("a").views[1].view_id


WRITES = {
    "insert": lambda memory, thing, v: memory.insert(thing("c"), v(1)),
    "append": lambda memory, thing, v: memory.append_views("a", v(1)),
    "update": lambda memory, thing, v: memory.update("a", context="x"),
    "remove_view": lambda memory, thing, v: memory.remove_view("a", second_view(memory)),
    "merge": lambda memory, thing, v: memory.merge("a", "b"),
    "delete": lambda memory, thing, v: memory.delete("b"),
    "correct": lambda memory, thing, v: memory.add_negatives("a", v(1)),
    "compact": lambda memory, thing, v: memory.compact(),
    "purge": lambda memory, thing, v: memory.purge(),
}  # fmt: skip


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_any_write_upgrades_it_and_loses_nothing(old, open_memory, thing, unit_vectors, write):
    memory = open_memory()
    ids = [view.view_id for view in memory.get("a").views]
    write(memory, thing, unit_vectors)
    schema = old().schema
    assert schema.names == table_schema("tiny@1", 16).names
    assert schema.metadata[b"pekit.schema"] == b"4"
    mark = {b"lance-schema:unenforced-primary-key": b"true"}
    assert schema.field("object_id").metadata == mark
    record = memory.get("a")
    assert record.object.name == "Bella"
    kept = [view.view_id for view in record.views]
    assert kept[:1] == ids[:1]
    assert set(kept) >= {ids[0], ids[2]}
    np.testing.assert_array_equal(record.vectors[0], unit_vectors(3, seed=1)[0])


def test_what_is_added_to_it_has_details_and_what_was_there_has_none(
    old, open_memory, unit_vectors, some_details
):
    open_memory().append_views("a", unit_vectors(1), details=[some_details()])
    *before, added = open_memory().get("a").views
    assert [view.details for view in before] == [None] * 3
    assert pack(added.details) == pack(some_details())


def test_ids_of_views_are_read_where_a_layout_has_them(layout, old, open_memory):
    found = open_memory().view_ids()
    if layout == "1":
        assert found == {}
    else:
        assert {object_id: len(ids) for object_id, ids in found.items()} == {"a": 3, "b": 2}


@pytest.mark.parametrize("layout", ["3"])
def test_crops_and_negatives_of_the_third_layout_are_kept(
    old, open_memory, root, thing, unit_vectors, as_layout
):
    crop = Crop(b"\xff\xd8\xffpicture", b"\x89PNG\r\n\x1a\nmask")
    views, negatives = new_views(2, [crop, None]), unit_vectors(2, seed=4)
    record = MemoryRecord(thing("a"), unit_vectors(2, seed=1), views, 1, negatives)
    rows = as_layout("3", to_rows([record], table_schema("tiny@1", 16)), "tiny@1", 16)
    tables.rewrite(LocalPlace(next(root.iterdir())), rows.schema, rows.to_batches())
    open_memory().update("a", context="x")
    found = open_memory().get("a")
    assert old().schema.metadata[b"pekit.schema"] == b"4"
    assert found.views == views
    np.testing.assert_array_equal(found.negatives, negatives)


@pytest.mark.parametrize("layout", ["1"])
def test_one_vector_stored_twice_has_two_ids(
    old, open_memory, root, thing, unit_vectors, as_layout
):
    same = np.repeat(unit_vectors(1), 2, axis=0)
    rows = to_rows(
        [MemoryRecord(thing("a"), same, new_views(2), rev=1)], table_schema("tiny@1", 16)
    )
    rows = as_layout("1", rows, "tiny@1", 16)
    tables.rewrite(LocalPlace(next(root.iterdir())), rows.schema, rows.to_batches())
    first, second = open_memory().get("a").views
    assert first.view_id != second.view_id


def test_an_upgrade_that_fails_leaves_the_old_memory(layout, old, open_memory, monkeypatch, thing):
    def crash(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tables, "to_rows", crash)
        with pytest.raises(MemoryStoreError, match="No space left"):
            open_memory().update("a", context="x")
    assert old().schema.metadata[b"pekit.schema"] == layout.encode()
    assert open_memory().get("b").object == thing("b", "Rex", minute=1, n_views=2)
    assert open_memory().update("a", context="x").context == "x"


def test_code_of_an_older_layout_can_write_nothing_into_the_newest(
    layout, old, open_memory, as_layout
):
    """What such a process still runs is an upsert and a compare-and-set with its own columns."""
    open_memory().update("a", context="x")
    table, lost = old(), BASED_ON[layout]
    row = as_layout(layout, table.to_arrow().slice(0, 1), "tiny@1", 16)
    with pytest.raises(Exception, match=lost):
        table.merge_insert("object_id").when_matched_update_all().execute(row)
    merge = table.merge_insert("object_id")
    merge = merge.when_matched_update_all(where=f"target.rev = source.{lost}")
    with pytest.raises(Exception, match=lost):
        merge.execute(row)


def test_a_layout_of_the_future_is_refused_by_every_door(old, root, open_memory):
    memory = open_memory()
    rows = old().to_arrow()
    later = rows.schema.with_metadata({**rows.schema.metadata, b"pekit.schema": b"5"})
    tables.rewrite(
        LocalPlace(next(root.iterdir())),
        later,
        rows.replace_schema_metadata(later.metadata).to_batches(),
    )
    for call in (
        open_memory,
        memory.objects,
        lambda: memory.update("a", name="x"),
        lambda: type(memory).open_as_written(root, user_id="ann"),
    ):
        with pytest.raises(SchemaMismatch, match=r"layout 5 .*expected layout 4"):
            call()
    assert old().schema.metadata[b"pekit.schema"] == b"5"
