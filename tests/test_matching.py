"""Similarities to sightings, with numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.matching import MatchSettings, match, object_scores
from pekit_agents.types import Box

# Object 0 has the views x and y, object 1 the view z.
VIEWS = np.eye(3, dtype=np.float32)
STARTS = np.array([0, 2, 3])
LEFT, RIGHT = Box(0, 0, 10, 10), Box(20, 0, 30, 10)


def scores(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32)


def test_no_region_and_no_object_score_as_empty_tables():
    assert object_scores(VIEWS[:0], VIEWS, STARTS, max_weight=1).shape == (0, 2)
    assert object_scores(VIEWS, VIEWS[:0], np.array([0]), max_weight=1).shape == (3, 0)


@pytest.mark.parametrize(
    ("max_weight", "expected"),
    [(1.0, (0.8, 0.0)), (0.5, (0.75, 0.0)), (0.0, (0.7, 0.0))],
)
def test_an_object_scores_by_its_best_view_and_the_mean_of_its_views(max_weight, expected):
    query = np.array([[0.8, 0.6, 0.0]], np.float32)
    found = object_scores(query, VIEWS, STARTS, max_weight=max_weight)
    np.testing.assert_allclose(found, [expected], atol=1e-6)


def test_views_are_kept_apart_by_object():
    query = np.array([[0.0, 0.6, 0.8]], np.float32)
    found = object_scores(query, VIEWS, STARTS, max_weight=1)
    np.testing.assert_allclose(found, [[0.6, 0.8]], atol=1e-6)


def test_nothing_alike_enough_is_an_empty_list():
    assert match([], np.zeros((0, 2), np.float32), MatchSettings()) == []
    assert match([LEFT], np.zeros((1, 0), np.float32), MatchSettings()) == []
    assert match([LEFT], scores((0.74, 0.1)), MatchSettings(threshold=0.75)) == []


def test_the_threshold_itself_is_not_enough():
    assert match([LEFT], scores((0.5,)), MatchSettings(threshold=0.5)) == []
    assert len(match([LEFT], scores((0.51,)), MatchSettings(threshold=0.5))) == 1


def test_a_region_goes_to_the_object_it_resembles_most():
    (found,) = match([LEFT], scores((0.8, 0.9)), MatchSettings())
    assert (found.proposal, found.object, found.score) == (0, 1, pytest.approx(0.9))


def test_several_objects_come_surest_first():
    found = match([LEFT, RIGHT], scores((0.8, 0.1), (0.1, 0.9)), MatchSettings())
    assert [(s.proposal, s.object) for s in found] == [(1, 1), (0, 0)]


def test_two_look_alikes_keep_a_box_each():
    found = match([LEFT, RIGHT], scores((0.9,), (0.8,)), MatchSettings())
    assert [s.proposal for s in found] == [0, 1]


def test_one_place_is_never_two_objects():
    shifted = Box(1, 0, 11, 10)  # IoU 9/11 with LEFT
    found = match([LEFT, shifted], scores((0.8, 0.1), (0.1, 0.9)), MatchSettings())
    assert [(s.proposal, s.object) for s in found] == [(1, 1)]


@pytest.mark.parametrize(("overlap", "kept"), [(0.4, 2), (0.3, 1)])
def test_boxes_are_one_place_above_the_overlap_only(overlap, kept):
    half = Box(5, 0, 15, 10)  # IoU 1/3 with LEFT
    settings = MatchSettings(overlap=overlap)
    assert len(match([LEFT, half], scores((0.9,), (0.8,)), settings)) == kept


def test_a_part_of_a_sighting_is_no_second_sighting_of_that_object():
    part = Box(0, 0, 3, 3)  # IoU 0.09, wholly inside
    assert len(match([LEFT, part], scores((0.9, 0), (0.8, 0)), MatchSettings())) == 1


def test_another_object_inside_a_sighting_is_kept():
    part = Box(0, 0, 3, 3)
    assert len(match([LEFT, part], scores((0.9, 0), (0, 0.8)), MatchSettings())) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("threshold", 1.1), ("threshold", math.nan), ("max_weight", -0.1), ("overlap", 2.0)],
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(InvalidInput, match=rf"expected {name} in"):
        MatchSettings(**{name: value})


def test_more_regions_raise_the_threshold():
    # Two regions: 0.5 + 0.1 * ln 2 = 0.5693
    settings = MatchSettings(threshold=0.5, region_margin=0.1)
    found = match([LEFT, RIGHT], scores((0.57,), (0.56,)), settings)
    assert [s.proposal for s in found] == [0]
    assert len(match([RIGHT], scores((0.56,)), settings)) == 1
