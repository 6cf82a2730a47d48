"""Views have an identity of their own, and one can be taken away."""

from __future__ import annotations

import numpy as np
import pytest

from pekit_agents.errors import InvalidInput, ObjectNotFound
from pekit_agents.types import Crop

CROP = Crop(b"\xff\xd8\xffpicture", b"\x89PNG\r\n\x1a\nmask")


def ids(memory, object_id="id-1"):
    return [view.view_id for view in memory.get(object_id).views]


def test_views_keep_their_ids_while_others_come_and_go(memory, thing, unit_vectors):
    memory.insert(thing(), unit_vectors(3))
    first, second, third = ids(memory)
    memory.append_views("id-1", unit_vectors(1, seed=1))
    assert ids(memory)[:3] == [first, second, third]
    assert memory.remove_view("id-1", second).n_views == 3
    assert ids(memory)[:2] == [first, third]
    expected = [*unit_vectors(3)[[0, 2]], *unit_vectors(1, seed=1)]
    np.testing.assert_array_equal(memory.get("id-1").vectors, expected)
    np.testing.assert_array_equal(memory.snapshot().vectors, expected)


def test_ids_are_short_and_no_two_alike(memory, thing, unit_vectors):
    same = np.repeat(unit_vectors(1), 50, axis=0)
    memory.insert(thing(), same)
    assert len(set(ids(memory))) == 50
    assert {len(view_id) for view_id in ids(memory)} == {12}


def test_a_view_knows_when_it_was_added_and_what_was_kept(memory, thing, unit_vectors):
    memory.insert(thing(), unit_vectors(2), crops=[CROP, None])
    first, second = memory.get("id-1").views
    assert (first.crop, second.crop) == (CROP, None)
    assert first.added_at.tzinfo is not None
    memory.append_views("id-1", unit_vectors(1), crops=[CROP])
    third = memory.get("id-1").views[2]
    assert third.added_at > first.added_at
    assert third.crop == CROP


def test_changing_texts_keeps_views_and_crops(memory, thing, unit_vectors):
    memory.insert(thing(), unit_vectors(2), crops=[CROP, None])
    before = memory.get("id-1").views
    memory.update("id-1", name="Rex")
    assert memory.get("id-1").views == before


def test_the_last_view_stays(memory, thing, unit_vectors):
    memory.insert(thing(), unit_vectors())
    with pytest.raises(InvalidInput, match=r"only view of .*forget the object"):
        memory.remove_view("id-1", ids(memory)[0])
    assert len(ids(memory)) == 1


def test_a_view_that_is_not_there_is_named_with_those_that_are(memory, thing, unit_vectors):
    memory.insert(thing(), unit_vectors(2))
    with pytest.raises(ObjectNotFound, match=ids(memory)[1]):
        memory.remove_view("id-1", "nobody")
    gone = ids(memory)[0]
    memory.remove_view("id-1", gone)
    memory.append_views("id-1", unit_vectors(1))
    with pytest.raises(ObjectNotFound):
        memory.remove_view("id-1", gone)
    assert len(ids(memory)) == 2


def test_more_views_than_allowed_are_refused_when_they_are_written(memory, thing, unit_vectors):
    memory.insert(thing(), unit_vectors(3))
    assert memory.append_views("id-1", unit_vectors(1), at_most=4).n_views == 4
    with pytest.raises(InvalidInput, match="would hold 6 views, expected at most 5"):
        memory.append_views("id-1", unit_vectors(2), at_most=5)
    assert len(ids(memory)) == 4


@pytest.mark.parametrize(
    ("crops", "message"),
    [
        ([CROP], "one for each of 2 vectors, got 1"),
        ([CROP, Crop(b"GIF89a", CROP.mask)], "must be a JPEG"),
        ([CROP, Crop(CROP.picture, b"no png")], "must be a JPEG and its mask a PNG"),
        ([CROP, Crop(CROP.picture + b"x" * 2**20, CROP.mask)], "at most 1 MiB"),
    ],
)
def test_crops_that_are_none_are_refused(memory, thing, unit_vectors, crops, message):
    with pytest.raises(InvalidInput, match=message):
        memory.insert(thing(), unit_vectors(2), crops=crops)
    assert memory.objects() == ()


A, B, C = "a" * 12, "b" * 12, "c" * 12


def test_views_take_ids_of_the_callers_and_none_comes_in_twice(memory, thing, unit_vectors):
    assert memory.view_ids() == {}
    memory.insert(thing(), unit_vectors(2), view_ids=[A, B])
    memory.insert(thing("id-2", "Rex"), unit_vectors(1), view_ids=[A])
    assert memory.append_views("id-1", unit_vectors(2, seed=1), view_ids=[B, C]).n_views == 3
    assert ids(memory) == [A, B, C]
    assert memory.view_ids() == {"id-1": {A, B, C}, "id-2": {A}}
    np.testing.assert_array_equal(memory.get("id-1").vectors[2], unit_vectors(2, seed=1)[1])


@pytest.mark.parametrize("view_ids", [[A], [A, A], [A, "b"], [A, "B" * 12], [A, None]])
def test_ids_that_are_none_are_refused(memory, thing, unit_vectors, view_ids):
    with pytest.raises(InvalidInput, match="view ids"):
        memory.insert(thing(), unit_vectors(2), view_ids=view_ids)
    assert memory.objects() == ()


def test_a_view_gets_another_id_and_what_it_lacks(memory, thing, unit_vectors, some_details):
    other = Crop(CROP.picture + b"2", CROP.mask)
    memory.insert(thing(), unit_vectors(3), crops=[CROP, None, None], view_ids=[A, B, C])
    before = memory.get("id-1")
    new = {A: "1" * 12, B: "2" * 12, "9" * 12: "3" * 12}
    details = [some_details(seed) for seed in range(3)]
    obj = memory.name_views("id-1", new, crops=[other] * 3, details=details)
    assert obj == before.object
    after = memory.get("id-1")
    assert ids(memory) == ["1" * 12, "2" * 12, C]
    assert [view.crop for view in after.views] == [CROP, other, None]
    np.testing.assert_array_equal(after.views[1].details.codes, details[1].codes)
    assert after.views[2].details is None
    assert [v.added_at for v in after.views] == [v.added_at for v in before.views]
    np.testing.assert_array_equal(after.vectors, before.vectors)


def test_a_view_gets_no_id_that_another_one_has(memory, thing, unit_vectors):
    memory.insert(thing(), unit_vectors(2), view_ids=[A, B])
    memory.name_views("id-1", {A: B})
    assert ids(memory) == [A, B]
    with pytest.raises(ObjectNotFound):
        memory.name_views("id-9", {A: C})
