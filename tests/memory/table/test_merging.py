"""Two objects become one: all views are kept, and a reader sees two or one, never half of it."""

from __future__ import annotations

import numpy as np
import pytest

from pekit_agents.errors import InvalidInput, ObjectNotFound
from pekit_agents.memory.table import merging


@pytest.fixture
def two(memory, thing, unit_vectors):
    memory.insert(thing("a", "Bella"), unit_vectors(2, seed=1))
    memory.insert(thing("b", "Bello", context="old"), unit_vectors(3, seed=2))
    memory.insert(thing("c", "Rex", minute=1), unit_vectors(1, seed=3))
    return memory


def all_views(unit_vectors):
    return np.concatenate([unit_vectors(2, seed=1), unit_vectors(3, seed=2)])


@pytest.mark.parametrize("locks", [True, False])
def test_all_views_move_and_the_first_keeps_its_texts(
    two, thing, unit_vectors, without_locks, locks
):
    if not locks:
        without_locks()
    ids = [view.view_id for object_id in "ab" for view in two.get(object_id).views]
    assert two.merge("a", "b") == thing("a", "Bella", n_views=5)
    record = two.get("a")
    np.testing.assert_array_equal(record.vectors, all_views(unit_vectors))
    assert [view.view_id for view in record.views] == ids
    assert [obj.object_id for obj in two.objects()] == ["a", "c"]


def test_it_is_one_commit(two, monkeypatch):
    versions = []
    replace = merging.replace_and_delete

    def watched(table, row, gone):
        before = table.version
        landed = replace(table, row, gone)
        versions.append(table.version - before)
        return landed

    monkeypatch.setattr(merging, "replace_and_delete", watched)
    two.merge("a", "b")
    assert versions == [1]


def test_without_locks_a_crash_between_the_two_commits_loses_nothing(
    two, unit_vectors, monkeypatch, without_locks, open_memory
):
    without_locks()
    with monkeypatch.context() as patch:

        def crash(*_):
            raise KeyboardInterrupt

        patch.setattr(merging, "delete_unchanged", crash)
        with pytest.raises(KeyboardInterrupt):
            two.merge("a", "b")
    np.testing.assert_array_equal(two.get("a").vectors, all_views(unit_vectors))
    assert two.get("b").object.n_views == 3
    open_memory().merge("a", "b")
    np.testing.assert_array_equal(two.get("a").vectors, all_views(unit_vectors))
    with pytest.raises(ObjectNotFound):
        two.get("b")


def test_without_locks_a_view_that_is_added_meanwhile_moves_along(
    two, unit_vectors, monkeypatch, without_locks, open_memory
):
    without_locks()
    delete, others = (
        merging.delete_unchanged,
        [lambda: open_memory().append_views("b", unit_vectors(1, seed=9))],
    )

    def after_somebody_else(table, gone):
        if others:
            others.pop()()
        return delete(table, gone)

    monkeypatch.setattr(merging, "delete_unchanged", after_somebody_else)
    assert two.merge("a", "b").n_views == 6
    np.testing.assert_array_equal(two.get("a").vectors[5], unit_vectors(1, seed=9)[0])


def test_what_landed_in_spite_of_an_error_is_not_done_again(two, monkeypatch):
    replace, errors = (
        merging.replace_and_delete,
        [RuntimeError("lance error: Not found: data/0")],
    )

    def landed_but_failed(table, row, gone):
        landed = replace(table, row, gone)
        if errors:
            raise errors.pop()
        return landed

    monkeypatch.setattr(merging, "replace_and_delete", landed_but_failed)
    assert two.merge("a", "b").n_views == 5
    assert two.get("a").object.n_views == 5


@pytest.mark.parametrize(
    ("into", "gone", "at_most", "error"),
    [
        ("a", "a", None, InvalidInput),
        ("a", "nobody", None, ObjectNotFound),
        ("nobody", "a", None, ObjectNotFound),
        ("a", "b", 4, InvalidInput),
    ],
)
def test_a_merge_that_cannot_be_changes_nothing(two, into, gone, at_most, error):
    before = two.snapshot()
    with pytest.raises(error):
        two.merge(into, gone, at_most=at_most)
    assert two.snapshot() is before
