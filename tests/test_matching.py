"""Similarities to sightings, with numbers worked out by hand."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from pekit_agents.calibration import Calibration
from pekit_agents.errors import InvalidInput
from pekit_agents.matching import MatchSettings, Nearest, Negatives, match, nearest_objects
from pekit_agents.twins import TwinSettings
from pekit_agents.types import Box

# Object 0 has the views x and y, object 1 the view z.
VIEWS = np.eye(3, dtype=np.float32)
STARTS = np.array([0, 2, 3])
LEFT, RIGHT = Box(0, 0, 10, 10), Box(20, 0, 30, 10)


def scores(*rows: tuple[float, ...]) -> Nearest:
    """Make the answer of a search from a row of object scores for each region."""
    table = np.array(rows, np.float32)
    table = np.pad(table, [(0, 0), (0, 1)], constant_values=-np.inf)  # an object that is not
    order = np.argsort(-table, axis=1, kind="stable")[:, :2]
    found = np.take_along_axis(table, order, axis=1)
    return Nearest(np.where(np.isinf(found), -1, order), found)


def matched(boxes, nearest, settings=None, *, objects=2):
    return match(boxes, nearest, settings or MatchSettings(), objects=objects)


def nearest(query: tuple[float, ...], *, max_weight: float = 1, floor: float = -1) -> Nearest:
    queries = np.array([query], np.float32)
    return nearest_objects(queries, VIEWS, STARTS, max_weight=max_weight, floor=floor)


def test_without_regions_or_objects_nothing_is_near():
    one = {"max_weight": 1, "floor": 0}
    assert nearest_objects(VIEWS[:0], VIEWS, STARTS, **one).objects.shape == (0, 2)
    empty = nearest_objects(VIEWS, VIEWS[:0], np.array([0]), **one)
    assert empty.objects[:, 0].tolist() == [-1, -1, -1]
    assert empty.scores[:, 0].tolist() == [-np.inf] * 3


@pytest.mark.parametrize(("max_weight", "score"), [(1.0, 0.8), (0.5, 0.75), (0.0, 0.7)])
def test_an_object_scores_by_its_best_view_and_the_mean_of_its_views(max_weight, score):
    found = nearest((0.8, 0.6, 0.0), max_weight=max_weight)
    assert found.objects[:, 0].tolist() == [0]
    np.testing.assert_allclose(found.scores[:, 0], [score], atol=1e-6)


def test_views_are_kept_apart_by_object():
    found = nearest((0.0, 0.6, 0.8))
    assert found.objects[:, 0].tolist() == [1]
    np.testing.assert_allclose(found.scores[:, 0], [0.8], atol=1e-6)


def test_the_mean_can_make_another_object_the_nearest():
    # Object 0 has the best view (0.75) but a mean of 0.375, object 1 has 0.66 for both.
    assert nearest((0.75, 0.0, 0.66), max_weight=1).objects[:, 0].tolist() == [0]
    assert nearest((0.75, 0.0, 0.66), max_weight=0.5).objects[:, 0].tolist() == [1]


@pytest.mark.parametrize(("floor", "objects"), [(0.59, [0]), (0.6, [-1]), (0.9, [-1])])
def test_up_to_the_floor_nothing_is_near(floor, objects):
    # The best view alone is above 0.6, the score of the object is exactly 0.6.
    assert nearest((0.8, 0.4, 0.0), max_weight=0, floor=floor).objects[:, 0].tolist() == objects


def test_of_equally_near_objects_it_is_the_first():
    assert nearest((0.0, 0.6, 0.6)).objects[:, 0].tolist() == [0]


@pytest.mark.parametrize("seed", range(20))
def test_regions_get_what_an_exhaustive_comparison_gives_them(seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 6, rng.integers(1, 20))
    starts = np.concatenate([[0], np.cumsum(sizes)])
    drawn = rng.standard_normal((starts[-1] + 5, 8)).astype(np.float32)
    vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    views, queries = vectors[5:], vectors[:5]
    found = nearest_objects(queries, views, starts, max_weight=0.5, floor=0.3)
    for query, objects, got in zip(queries, found.objects, found.scores, strict=True):
        cosines = [views[a:b] @ query for a, b in pairwise(starts)]
        expected = np.array([0.5 * c.max() + 0.5 * c.mean() for c in cosines])
        order = [i for i in np.argsort(-expected)[:2] if expected[i] > 0.3]
        assert objects.tolist() == order + [-1] * (2 - len(order))
        assert got[: len(order)] == pytest.approx(expected[order], abs=1e-6)


@pytest.mark.parametrize(
    ("negative", "objects"),
    [((0.9, 0.0, 0.4), [0, 1]), ((0.8, 0.3, 0.5), [1, -1])],
    ids=["less alike than its score", "more alike"],
)
def test_a_region_more_alike_to_a_negative_than_its_score_is_not_the_object(negative, objects):
    # The score for object 0 is (0.8 + 0.7) / 2 = 0.75, that for object 1 is 0.
    unit = np.array([negative], np.float32) / np.linalg.norm(negative)
    query = np.array([[0.8, 0.6, 0.0]], np.float32)  # cosines .731 and .828
    negatives = Negatives(unit.astype(np.float32), np.array([0, 1, 1]))
    found = nearest_objects(query, VIEWS, STARTS, max_weight=0.5, floor=-1, negatives=negatives)
    assert found.objects.tolist() == [objects]


@pytest.mark.parametrize("seed", range(10))
def test_negatives_rule_out_what_an_exhaustive_comparison_rules_out(seed):
    rng = np.random.default_rng(seed)

    def grouped(least):
        sizes = rng.integers(least, 4, 9)
        drawn = rng.standard_normal((sizes.sum(), 6)).astype(np.float32)
        unit = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        return unit, np.concatenate([[0], np.cumsum(sizes)])

    (views, starts), (told, begins) = grouped(1), grouped(0)
    queries = grouped(1)[0]
    negatives = Negatives(told, begins)
    found = nearest_objects(queries, views, starts, max_weight=0.5, floor=0.2, negatives=negatives)
    for query, got in zip(queries, found.objects, strict=True):
        cosines = [views[a:b] @ query for a, b in pairwise(starts)]
        expected = np.array([0.5 * c.max() + 0.5 * c.mean() for c in cosines])
        worst = [(told[a:b] @ query).max(initial=-1) for a, b in pairwise(begins)]
        expected[worst > expected] = -np.inf
        order = [i for i in np.argsort(-expected)[:2] if expected[i] > 0.2]
        assert got.tolist() == order + [-1] * (2 - len(order))


def test_the_best_two_of_two_answers_are_taken_for_each_region():
    none = -np.inf
    one = Nearest(
        np.array([[0, 1], [1, 0], [-1, -1]]),
        np.array([[0.5, 0.4], [0.5, 0.2], [none, none]], np.float32),
    )
    other = Nearest(
        np.array([[2, -1], [3, 1], [0, -1]]),
        np.array([[0.5, none], [0.6, 0.55], [0.1, none]], np.float32),
    )
    both = one.or_better(other, offset=10)
    assert both.objects.tolist() == [[0, 12], [13, 11], [10, -1]]
    np.testing.assert_allclose(both.scores, [[0.5, 0.5], [0.6, 0.55], [0.1, none]])


def test_nothing_alike_enough_is_an_empty_list():
    assert matched([], Nearest.nothing(0), MatchSettings()) == []
    assert matched([LEFT], Nearest.nothing(1), MatchSettings()) == []
    assert matched([LEFT], scores((0.74, 0.1)), MatchSettings(threshold=0.75)) == []


def test_the_threshold_itself_is_not_enough():
    assert matched([LEFT], scores((0.5,)), MatchSettings(threshold=0.5)) == []
    assert len(matched([LEFT], scores((0.51,)), MatchSettings(threshold=0.5))) == 1


def test_a_region_goes_to_the_object_it_resembles_most():
    (found,) = matched([LEFT], scores((0.8, 0.9)), MatchSettings())
    assert (found.proposal, found.object, found.score) == (0, 1, pytest.approx(0.9))


def test_several_objects_come_surest_first():
    found = matched([LEFT, RIGHT], scores((0.8, 0.1), (0.1, 0.9)), MatchSettings())
    assert [(s.proposal, s.object) for s in found] == [(1, 1), (0, 0)]


def test_two_look_alikes_keep_a_box_each():
    found = matched([LEFT, RIGHT], scores((0.9,), (0.8,)), MatchSettings())
    assert [s.proposal for s in found] == [0, 1]


def test_one_place_is_never_two_objects():
    shifted = Box(1, 0, 11, 10)  # IoU 9/11 with LEFT
    found = matched([LEFT, shifted], scores((0.8, 0.1), (0.1, 0.9)), MatchSettings())
    assert [(s.proposal, s.object) for s in found] == [(1, 1)]


@pytest.mark.parametrize(("overlap", "kept"), [(0.4, 2), (0.3, 1)])
def test_boxes_are_one_place_above_the_overlap_only(overlap, kept):
    half = Box(5, 0, 15, 10)  # IoU 1/3 with LEFT
    settings = MatchSettings(overlap=overlap)
    assert len(matched([LEFT, half], scores((0.9,), (0.8,)), settings)) == kept


def test_a_part_of_a_sighting_is_no_second_sighting_of_that_object():
    part = Box(0, 0, 3, 3)  # IoU 0.09, wholly inside
    assert len(matched([LEFT, part], scores((0.9, 0), (0.8, 0)), MatchSettings())) == 1


def test_another_object_inside_a_sighting_is_kept():
    part = Box(0, 0, 3, 3)
    assert len(matched([LEFT, part], scores((0.9, 0), (0, 0.8)), MatchSettings())) == 2


@pytest.mark.parametrize(
    ("whole", "part", "kept"),
    [
        ((0.9, 0.84), (0.0, 0.85), [0]),  # the whole may be object 1 as well
        ((0.9, 0.0), (0.77, 0.85), [0]),  # the part may be object 0 as well
        ((0.9, 0.78), (0.73, 0.85), [0, 1]),  # neither
    ],
)
def test_a_part_that_may_be_what_the_whole_is_is_no_second_sighting(whole, part, kept):
    settings = MatchSettings(threshold=0.7, ambiguity=0.1)
    inside = [LEFT, Box(0, 0, 3, 3)]
    assert [s.proposal for s in matched(inside, scores(whole, part), settings)] == kept
    beside = [LEFT, RIGHT]
    assert [s.proposal for s in matched(beside, scores(whole, part), settings)] == [0, 1]


@pytest.mark.parametrize(
    ("name", "value"),
    [("threshold", 1.1), ("threshold", math.nan), ("max_weight", -0.1), ("overlap", 2.0)],
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(InvalidInput, match=rf"expected {name} in"):
        MatchSettings(**{name: value})


CALIBRATED = MatchSettings(
    threshold=1.0,  # not read
    calibration=Calibration(location=0.2, scale=0.1, regions=0.5, mean=0.8, deviation=0.1),
    false_alarms=0.1,
)


def test_with_a_calibration_more_regions_raise_the_threshold():
    # One region, two objects: 0.2 + 0.1 ln(2 / 0.1) = 0.4996.
    # Two regions: 0.1 * 0.5 ln 2 more, 0.5342.
    assert len(matched([RIGHT], scores((0.51,)), CALIBRATED)) == 1
    found = matched([LEFT, RIGHT], scores((0.54,), (0.51,)), CALIBRATED)
    assert [s.proposal for s in found] == [0]


def test_with_a_calibration_more_objects_raise_the_threshold():
    # 0.2 + 0.1 ln(200 / 0.1) = 0.9601
    assert len(matched([LEFT], scores((0.95,)), CALIBRATED, objects=2)) == 1
    assert matched([LEFT], scores((0.95,)), CALIBRATED, objects=200) == []


@pytest.mark.parametrize(("ambiguity", "rivals"), [(0.0, []), (0.09, []), (0.11, [1])])
def test_a_close_runner_up_is_named_as_well(ambiguity, rivals):
    settings = MatchSettings(ambiguity=ambiguity)
    (found,) = matched([LEFT], scores((0.9, 0.8)), settings)
    assert (found.object, [rival for rival, _ in found.rivals]) == (0, rivals)
    assert [score for _, score in found.rivals] == [pytest.approx(0.8)] * len(rivals)


def test_an_equal_score_is_no_rival_unless_ambiguity_is_asked_for():
    (found,) = matched([LEFT], scores((0.9, 0.9)), MatchSettings())
    assert found.rivals == ()


def test_twins_are_rivals_from_farther_away():
    twins = TwinSettings(within=0.2, kinship=1, score=1, likeness=1, colour=1, sure=0.8)
    settings = MatchSettings(ambiguity=0.05, twins=twins)
    (found,) = matched([LEFT], scores((0.9, 0.75)), settings)
    assert found.rivals == ((1, pytest.approx(0.75)),)
    assert matched([LEFT], scores((0.9, 0.65)), settings)[0].rivals == ()


def test_as_many_objects_are_named_as_are_asked_for():
    queries = np.array([(0.8, 0.5, 0.3)], np.float32)
    views, starts = np.eye(3, dtype=np.float32), np.arange(4)
    for ranks, objects in ((1, [0]), (2, [0, 1]), (5, [0, 1, -1, -1, -1])):
        found = nearest_objects(queries, views, starts, max_weight=1, floor=0.4, ranks=ranks)
        assert found.objects.tolist() == [objects]
        assert np.isinf(found.scores[0]).tolist() == [each < 0 for each in objects]


def test_a_runner_up_counts_although_it_alone_would_not_be_enough():
    settings = MatchSettings(threshold=0.75, ambiguity=0.1)
    (found,) = matched([LEFT], scores((0.8, 0.72)), settings)
    assert (found.object, found.rivals) == (0, ((1, pytest.approx(0.72)),))


def test_a_rate_that_is_none_is_refused():
    with pytest.raises(InvalidInput, match="rate of false alarms"):
        MatchSettings(false_alarms=0)


TOP, WHOLE = Box(0, 0, 10, 10), Box(0, 0, 10, 40)  # of one tall thing
FRAMING = MatchSettings(threshold=0.3, framing=0.05)


def test_a_larger_region_nearly_as_alike_gives_the_box():
    (found,) = matched([TOP, WHOLE], scores((0.6, 0), (0.56, 0)), FRAMING)
    assert (found.proposal, found.frame) == (0, 1)
    assert found.score == pytest.approx(0.6)


def test_without_framing_a_sighting_has_its_own_box():
    (found,) = matched([TOP, WHOLE], scores((0.6, 0), (0.56, 0)), MatchSettings(threshold=0.3))
    assert found.frame == found.proposal == 0


@pytest.mark.parametrize(
    ("larger", "of_larger"),
    [
        (WHOLE, (0.54, 0)),  # not nearly as alike
        (WHOLE, (0, 0.58)),  # another object
        (Box(0, 0, 10, 20), (0, 0.58)),  # another object, at the same place
        (WHOLE, (0.56, 0)),  # not alike enough to be a sighting
        (Box(0, 5, 10, 60), (0.58, 0)),  # does not hold it
        (Box(2, 2, 10, 10), (0.58, 0)),  # smaller
    ],
)
def test_other_regions_do_not_frame_a_sighting(larger, of_larger):
    settings = MatchSettings(threshold=0.57 if of_larger == (0.56, 0) else 0.3, framing=0.05)
    found = matched([TOP, larger], scores((0.6, 0), of_larger), settings)
    assert found[0].frame == found[0].proposal == 0


def test_of_several_larger_regions_the_largest_frames_it():
    boxes = [TOP, Box(0, 0, 10, 30), WHOLE, Box(0, 0, 10, 20)]
    (found,) = matched(boxes, scores((0.6, 0), (0.58, 0), (0.57, 0), (0.56, 0)), FRAMING)
    assert found.frame == 2


BOTH = Box(0, 0, 30, 10)  # LEFT and RIGHT


def test_two_sightings_side_by_side_keep_a_box_each():
    found = matched([LEFT, RIGHT, BOTH], scores((0.6, 0), (0.58, 0), (0.56, 0)), FRAMING)
    assert [s.frame for s in found] == [0, 1]


def test_the_less_alike_parts_of_a_thing_are_framed_with_it():
    found = matched([LEFT, RIGHT, BOTH], scores((0.6, 0), (0.5, 0), (0.56, 0)), FRAMING)
    assert [(s.proposal, s.frame) for s in found] == [(0, 2)]


@pytest.mark.parametrize("of_other", [0.7, 0.4])
def test_a_frame_holds_no_other_object(of_other):
    found = matched([LEFT, RIGHT, BOTH], scores((0.6, 0), (0, of_other), (0.56, 0)), FRAMING)
    assert sorted((s.proposal, s.frame) for s in found) == [(0, 0), (1, 1)]


def test_a_frame_takes_no_other_objects_place():
    beside = Box(8, 0, 30, 10)  # half of it in the frame
    boxes, frame = [LEFT, beside], Box(0, 0, 24, 10)
    found = matched([*boxes, frame], scores((0.6, 0), (0, 0.4), (0.56, 0)), FRAMING)
    assert sorted((s.proposal, s.frame) for s in found) == [(0, 0), (1, 1)]


def test_frames_of_two_objects_do_not_take_each_others_place():
    frames = [Box(0, 0, 19.5, 10), Box(5, 0, 30, 10)]  # IoU 0.48
    table = scores((0.6, 0), (0, 0.59), (0.57, 0), (0, 0.56))
    found = matched([LEFT, RIGHT, *frames], table, FRAMING)
    assert [(s.object, s.frame) for s in found] == [(0, 2), (1, 1)]
