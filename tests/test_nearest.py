"""The objects that a region speaks for most, from scores that are known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pekit_agents.scoring import Nearest, nearest_objects

NONE = -np.inf


class Table:
    """Identities whose scores are known: a query is the number of a row."""

    def __init__(self, *rows):
        self.rows = np.array(rows, np.float32)

    def scores(self, queries):
        return self.rows[queries[:, 0].astype(int)].copy()


def nearest(*rows, floor: float = NONE, ranks: int = 2) -> Nearest:
    queries = np.arange(len(rows), dtype=np.float32)[:, None]
    count = len(rows[0])
    return nearest_objects(queries, Table(*rows), count=count, floor=floor, ranks=ranks)


def test_the_best_objects_come_first_with_their_scores_and_the_total():
    found = nearest((1, 3, 2), (-1, -5, 0))
    assert found.objects.tolist() == [[1, 2], [2, 0]]
    assert found.scores.tolist() == [[3, 2], [0, -1]]
    e = np.exp
    expected = [np.log(e(1) + e(3) + e(2)), np.log(e(-1) + e(-5) + e(0))]
    np.testing.assert_allclose(found.total, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("floor", "objects"), [(0.9, [1, 2, 0]), (1, [1, 2, -1]), (2.5, [1, -1, -1]), (3, [-1] * 3)]
)
def test_up_to_the_floor_no_object_is_named_but_all_count_in_the_total(floor, objects):
    found = nearest((1, 3, 2), floor=floor, ranks=3)
    assert found.objects.tolist() == [objects]
    assert (found.scores[0] == NONE).tolist() == [each < 0 for each in objects]
    assert found.total[0] == pytest.approx(np.log(np.exp([1, 3, 2]).sum()))


def test_of_equally_good_objects_it_is_the_first():
    assert nearest((0, 2, 2)).objects.tolist() == [[1, 2]]


def test_more_ranks_than_objects_stay_empty():
    found = nearest((1, 3), ranks=4)
    assert found.objects.tolist() == [[1, 0, -1, -1]]
    assert found.scores.tolist() == [[3, 1, NONE, NONE]]


def test_scores_of_any_size_have_a_total():
    more = np.log1p(np.exp(-1))
    found = nearest((1000, 999), (-1000, -999))
    np.testing.assert_allclose(found.total, [1000 + more, -999 + more], rtol=1e-6)


def test_without_regions_or_objects_nothing_is_near():
    no_regions = nearest_objects(
        np.zeros((0, 3), np.float32), Table((1, 2)), count=2, floor=0, ranks=3
    )
    assert no_regions.objects.shape == no_regions.scores.shape == (0, 3)
    no_objects = nearest_objects(np.zeros((2, 1), np.float32), Table(), count=0, floor=0, ranks=1)
    assert no_objects.objects.tolist() == [[-1], [-1]]
    assert no_objects.total.tolist() == [NONE, NONE]


def test_the_best_of_two_answers_are_taken_for_each_region():
    one = Nearest(
        np.array([[0, 1], [1, 0], [-1, -1]]),
        np.array([[0.5, 0.4], [0.5, 0.2], [NONE, NONE]], np.float32),
        np.array([1, 2, NONE], np.float32),
    )
    other = Nearest(
        np.array([[2, -1], [3, 1], [0, -1]]),
        np.array([[0.5, NONE], [0.6, 0.55], [0.1, NONE]], np.float32),
        np.array([1, 0, -3], np.float32),
    )
    both = one.or_better(other, offset=10)
    assert both.objects.tolist() == [[0, 12], [13, 11], [10, -1]]
    np.testing.assert_allclose(both.scores, [[0.5, 0.5], [0.6, 0.55], [0.1, NONE]])
    expected = [1 + np.log(2), np.log(np.exp(2) + 1), -3]
    np.testing.assert_allclose(both.total, expected, rtol=1e-6)


def test_nothing_and_an_answer_is_the_answer():
    one = nearest((1, 3, 2))
    both = Nearest.nothing(1, 2).or_better(one, offset=5)
    assert both.objects.tolist() == [[6, 7]]
    assert (both.scores.tolist(), both.total) == (one.scores.tolist(), pytest.approx(one.total))


def test_an_answer_in_parts_is_the_answer_for_all():
    rows = np.random.default_rng(0).standard_normal((4, 9))
    whole = nearest(*rows.tolist(), ranks=3)
    found = Nearest.nothing(4, 3)
    for begin, end in pairwise((0, 4, 5, 9)):
        found = found.or_better(nearest(*rows[:, begin:end].tolist(), ranks=3), offset=begin)
    np.testing.assert_array_equal(found.objects, whole.objects)
    np.testing.assert_allclose(found.scores, whole.scores)
    np.testing.assert_allclose(found.total, whole.total, rtol=1e-5)


def test_the_rows_of_some_regions_are_theirs():
    some = nearest((1, 3), (4, 2), (0, 0)).rows(1, 2)
    assert (some.objects.tolist(), some.scores.tolist()) == ([[0, 1]], [[4, 2]])
    assert some.total == pytest.approx([np.log(np.exp(4) + np.exp(2))])
