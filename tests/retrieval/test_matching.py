"""From scores to matches, with numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pekit_agents.retrieval.matching import by_cosine, by_probability, log_odds_of, select
from pekit_agents.scoring import Nearest
from pekit_agents.settings import MatchSettings
from pekit_agents.types import Box

LEFT, RIGHT = Box(0, 0, 10, 10), Box(20, 0, 30, 10)


def nearest(*rows: tuple[float, ...], ranks: int = 2, floor: float = -math.inf) -> Nearest:
    """Make the answer of a search from a row of object scores for each region."""
    table = np.array(rows, np.float64)
    total = np.logaddexp.reduce(table, axis=1)
    table = np.pad(table, [(0, 0), (0, ranks)], constant_values=-np.inf)  # objects that are not
    order = np.argsort(-table, axis=1, kind="stable")[:, :ranks]
    found = np.take_along_axis(table, order, axis=1)
    found[found <= floor] = -np.inf
    objects = np.where(np.isinf(found), -1, order)
    return Nearest(objects, found.astype(np.float32), total.astype(np.float32))


def selected(boxes, near, settings=None, decide=by_cosine):
    settings = settings or MatchSettings()
    return select(boxes, decide(near, settings), settings)


# By cosine.


@pytest.mark.parametrize(
    ("cosine", "threshold", "regions"),
    [(0.74, 0.75, []), (0.5, 0.5, []), (0.51, 0.5, [0]), (0.76, 0.75, [0])],
)
def test_above_the_threshold_a_region_is_an_object(cosine, threshold, regions):
    found = by_cosine(nearest((cosine, 0.1)), MatchSettings(threshold=threshold))
    assert [each.region for each in found] == regions


def test_by_cosine_a_region_is_the_most_similar_object_and_nothing_else():
    (found,) = by_cosine(nearest((0.8, 0.9)), MatchSettings())
    assert (found.region, found.frame, found.objects) == (0, 0, (1,))
    assert found.scores == (pytest.approx(0.9),)
    assert (found.probabilities, found.possible) == ((), False)
    assert found.strength == pytest.approx(0.9)


def test_the_most_similar_region_comes_first():
    found = by_cosine(nearest((0.8, 0.1), (0.1, 0.9), (0.8, 0.2)), MatchSettings())
    assert [(each.region, each.objects) for each in found] == [(1, (1,)), (0, (0,)), (2, (0,))]


@pytest.mark.parametrize("decide", [by_cosine, by_probability])
def test_regions_that_resemble_nothing_are_nobodys(decide):
    assert decide(Nearest.nothing(2, 5), MatchSettings()) == []
    assert decide(Nearest.nothing(0, 5), MatchSettings()) == []


# By probability. Odds are e to the score: ln 3 is 3 to 1.

LN3, LN9 = math.log(3), math.log(9)


@pytest.mark.parametrize(
    ("scores", "prior", "probabilities"),
    [
        ((0, -50), 0, (0.5,)),  # 1 / (1 + 1)
        ((LN3, -50), 0, (0.75,)),  # 3 / (1 + 3)
        ((LN3, -50), LN3, (0.5,)),  # 1 / (1 + 1), other things being three times as frequent
        ((LN9, LN3), 0, (9 / 13, 3 / 13)),  # 9 / (1 + 9 + 3)
        ((LN9, LN3), LN3, (3 / 5, 1 / 5)),  # 3 / (1 + 3 + 1)
        ((0, 0), 0, (1 / 3, 1 / 3)),
    ],
)
def test_a_probability_is_that_of_an_object_among_all_and_another_thing(
    scores, prior, probabilities
):
    (found,) = by_probability(nearest(scores), MatchSettings(prior=prior))
    assert found.probabilities == pytest.approx(probabilities, rel=1e-5)
    assert found.strength == pytest.approx(math.log(sum(map(math.exp, scores))) - prior, rel=1e-5)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (math.log(0.11), "nobody's"),  # 0.099
        (math.log(0.12), "possible"),  # 0.107
        (math.log(0.99), "possible"),
        (0.0, "named"),  # 0.5
        (5.0, "named"),
    ],
)
def test_a_region_is_named_or_possible_or_nobodys_by_its_probability(score, expected):
    found = by_probability(nearest((score,)), MatchSettings(named=0.5, possible=0.1))
    told = {(): "nobody's", (True,): "possible", (False,): "named"}
    assert told[tuple(each.possible for each in found)] == expected


def test_all_objects_together_make_a_region_named():
    # None of three is above one half; that it is one of them is (3 / 4).
    (found,) = by_probability(nearest((0, 0, 0), ranks=3), MatchSettings(sure=1))
    assert not found.possible
    assert found.objects == (0, 1, 2)
    assert found.probabilities == pytest.approx([0.25] * 3)


@pytest.mark.parametrize(
    ("sure", "objects"),
    [(0.7, (0,)), (0.74, (0,)), (0.76, (0, 1)), (0.96, (0, 1)), (1.0, (0, 1, 2))],
)
def test_a_region_may_be_as_many_objects_as_it_takes_to_be_sure(sure, objects):
    # Odds 75 to 22 to 3, whatever the odds against another thing.
    for factor in (1, 100):
        scores = [math.log(factor * each) for each in (75, 22, 3)]
        (found,) = by_probability(nearest(tuple(scores), ranks=3), MatchSettings(sure=sure))
        assert found.objects == objects
        assert found.scores == pytest.approx(scores[: len(objects)], rel=1e-5)


def test_no_more_objects_are_named_than_were_ranked():
    (found,) = by_probability(nearest((0, 0, 0, 0), ranks=2), MatchSettings(sure=1))
    assert found.objects == (0, 1)
    assert found.probabilities == pytest.approx([0.2, 0.2])  # of all four and another thing


def test_objects_up_to_the_floor_are_not_named():
    (found,) = by_probability(nearest((0, -1), floor=-0.5), MatchSettings(sure=1))
    assert found.objects == (0,)
    assert found.probabilities == pytest.approx([1 / (2 + math.exp(-1))])


def test_very_many_objects_none_of_which_a_region_speaks_for_name_none():
    near = nearest((-6.0,) * 2000, floor=-5)
    assert near.total[0] > 0
    assert by_probability(near, MatchSettings()) == []


def test_a_prior_is_between_no_objects():
    loose, strict = (
        by_probability(nearest((LN9, LN3)), MatchSettings(prior=prior, sure=0.9))[0]
        for prior in (0, 1)
    )
    assert loose.objects == strict.objects == (0, 1)
    ratios = [each.probabilities[0] / each.probabilities[1] for each in (loose, strict)]
    assert ratios == pytest.approx([3, 3], rel=1e-5)


def test_the_likeliest_region_comes_first():
    found = by_probability(nearest((1, -50), (-50, 2), (-1, -50)), MatchSettings())
    assert [(each.region, each.possible) for each in found] == [(1, False), (0, False), (2, True)]


def test_log_odds_are_0_where_a_region_would_just_be_named():
    found = log_odds_of(nearest((LN9,), (LN3,)), MatchSettings(named=0.75, prior=LN3))
    np.testing.assert_allclose(found, [0, -LN3], atol=1e-6)


# One place is one match. With prior 0 any score above 0 is named.


@pytest.mark.parametrize("decide", [by_cosine, by_probability])
def test_two_look_alikes_keep_a_box_each(decide):
    found = selected([LEFT, RIGHT], nearest((0.9, -5), (0.8, -5)), decide=decide)
    assert [each.region for each in found] == [0, 1]


@pytest.mark.parametrize("decide", [by_cosine, by_probability])
def test_one_place_is_never_two_objects(decide):
    shifted = Box(1, 0, 11, 10)  # IoU 9/11 with LEFT
    found = selected([LEFT, shifted], nearest((0.8, -5), (-5, 0.9)), decide=decide)
    assert [(each.region, each.objects) for each in found] == [(1, (1,))]


@pytest.mark.parametrize(("overlap", "kept"), [(0.4, 2), (0.3, 1)])
def test_boxes_are_one_place_above_the_overlap_only(overlap, kept):
    half = Box(5, 0, 15, 10)  # IoU 1/3 with LEFT
    settings = MatchSettings(overlap=overlap)
    assert len(selected([LEFT, half], nearest((0.9,), (0.8,)), settings)) == kept


def test_what_is_possible_takes_no_place_from_what_is_named():
    near = nearest((-1, -50), (2, -50))
    found = selected([LEFT, LEFT], near, decide=by_probability)
    assert [(each.region, each.possible) for each in found] == [(1, False)]
    found = selected([LEFT, RIGHT], near, decide=by_probability)
    assert [(each.region, each.possible) for each in found] == [(1, False), (0, True)]


@pytest.mark.parametrize(("object_", "kept"), [(0, 1), (1, 2)], ids=["the same", "another"])
def test_what_is_possible_beside_its_own_name_is_not_told_twice(object_, kept):
    shifted = Box(6, 0, 16, 10)  # IoU 1/4 with LEFT, two fifths of it inside
    scores = [-50.0, -50.0]
    scores[object_] = -1.0
    near = nearest((2.0, -50.0), tuple(scores))
    assert len(selected([LEFT, shifted], near, decide=by_probability)) == kept
    scores[object_] = 1.5  # sure enough: two of one thing, side by side
    near = nearest((2.0, -50.0), tuple(scores))
    assert len(selected([LEFT, shifted], near, decide=by_probability)) == 2


PART = Box(0, 0, 3, 3)  # IoU 0.09 with LEFT, wholly inside


def test_a_part_of_a_match_is_no_second_match_of_that_object():
    assert len(selected([LEFT, PART], nearest((0.9, 0), (0.8, 0)))) == 1


def test_another_object_inside_a_match_is_kept():
    assert len(selected([LEFT, PART], nearest((0.9, 0), (0, 0.8)))) == 2


@pytest.mark.parametrize(
    ("whole", "part", "kept"),
    [
        ((3, 2), (-9, 1.5), [0]),  # the whole may be object 1 as well
        ((3, -9), (0.5, 1.5), [0]),  # the part may be object 0 as well
        ((3, -9), (-9, 1.5), [0, 1]),  # neither
    ],
)
def test_a_part_that_may_be_what_the_whole_is_is_no_second_match(whole, part, kept):
    near = nearest(whole, part)
    found = selected([LEFT, PART], near, decide=by_probability)
    assert [each.region for each in found] == kept
    beside = selected([LEFT, RIGHT], near, decide=by_probability)
    assert [each.region for each in beside] == [0, 1]


# A larger region around a match gives its box.

TOP, WHOLE = Box(0, 0, 10, 10), Box(0, 0, 10, 40)  # of one tall thing
FRAMING = MatchSettings(threshold=0.3, framing=0.05)


def test_a_larger_region_nearly_as_similar_gives_the_box():
    (found,) = selected([TOP, WHOLE], nearest((0.6, 0), (0.56, 0)), FRAMING)
    assert (found.region, found.frame) == (0, 1)
    assert found.scores == (pytest.approx(0.6),)


def test_by_probability_framing_is_in_log_odds():
    near = nearest((6, -50), (5, -50))
    for framing, frame in ((0.9, 0), (1.1, 1)):
        settings = MatchSettings(framing=framing)
        (found,) = selected([TOP, WHOLE], near, settings, by_probability)
        assert (found.region, found.frame) == (0, frame)


def test_without_framing_a_match_has_its_own_box():
    (found,) = selected([TOP, WHOLE], nearest((0.6, 0), (0.56, 0)), MatchSettings(threshold=0.3))
    assert found.frame == found.region == 0


@pytest.mark.parametrize(
    ("larger", "of_larger"),
    [
        (WHOLE, (0.54, 0)),  # not nearly as similar
        (WHOLE, (0, 0.58)),  # another object
        (Box(0, 0, 10, 20), (0, 0.58)),  # another object, at the same place
        (WHOLE, (0.56, 0)),  # not similar enough to be a match
        (Box(0, 5, 10, 60), (0.58, 0)),  # does not hold it
        (Box(2, 2, 10, 10), (0.58, 0)),  # smaller
    ],
)
def test_other_regions_do_not_frame_a_match(larger, of_larger):
    settings = MatchSettings(threshold=0.57 if of_larger == (0.56, 0) else 0.3, framing=0.05)
    found = selected([TOP, larger], nearest((0.6, 0), of_larger), settings)
    assert found[0].frame == found[0].region == 0


def test_of_several_larger_regions_the_largest_frames_it():
    boxes = [TOP, Box(0, 0, 10, 30), WHOLE, Box(0, 0, 10, 20)]
    (found,) = selected(boxes, nearest((0.6, 0), (0.58, 0), (0.57, 0), (0.56, 0)), FRAMING)
    assert found.frame == 2


BOTH = Box(0, 0, 30, 10)  # LEFT and RIGHT


def test_two_matches_side_by_side_keep_a_box_each():
    found = selected([LEFT, RIGHT, BOTH], nearest((0.6, 0), (0.58, 0), (0.56, 0)), FRAMING)
    assert [each.frame for each in found] == [0, 1]


def test_the_less_similar_parts_of_a_thing_are_framed_with_it():
    found = selected([LEFT, RIGHT, BOTH], nearest((0.6, 0), (0.5, 0), (0.56, 0)), FRAMING)
    assert [(each.region, each.frame) for each in found] == [(0, 2)]


@pytest.mark.parametrize("of_other", [0.7, 0.4])
def test_a_frame_holds_no_other_object(of_other):
    near = nearest((0.6, 0), (0, of_other), (0.56, 0))
    found = selected([LEFT, RIGHT, BOTH], near, FRAMING)
    assert sorted((each.region, each.frame) for each in found) == [(0, 0), (1, 1)]


def test_a_frame_takes_no_other_objects_place():
    beside = Box(8, 0, 30, 10)  # half of it in the frame
    boxes, frame = [LEFT, beside], Box(0, 0, 24, 10)
    found = selected([*boxes, frame], nearest((0.6, 0), (0, 0.4), (0.56, 0)), FRAMING)
    assert sorted((each.region, each.frame) for each in found) == [(0, 0), (1, 1)]


def test_frames_of_two_objects_do_not_take_each_others_place():
    frames = [Box(0, 0, 19.5, 10), Box(5, 0, 30, 10)]  # IoU 0.48
    table = nearest((0.6, 0), (0, 0.59), (0.57, 0), (0, 0.56))
    found = selected([LEFT, RIGHT, *frames], table, FRAMING)
    assert [(each.objects, each.frame) for each in found] == [((0,), 2), ((1,), 1)]
