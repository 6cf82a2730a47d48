"""Whether probabilities are right, by hand."""

from __future__ import annotations

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.metrics.reliability import reliability
from pekit_agents.evaluation.records import Named


def said(name, probability):
    return Named(name, 0.0, probability=probability)


@pytest.fixture
def shelf(trial, draw):
    """Two photos of the cup, four of other things; one of the latter is left in silence."""
    return draw(
        trial("1", "cup", said("cup", 0.95)),
        trial("2", "cup", (), possible=(said("cup", 0.25),)),
        trial("3", "hat", said("cup", 0.55)),
        trial("4", "hat", (), possible=(said("cup", 0.25),)),
        trial("5", "bag", (), possible=(said("cup", 0.25),)),
        trial("6", "pot"),
        known=("cup",),
    )


def test_both_classes_weigh_the_same_whatever_their_photos(shelf):
    found = reliability([shelf], enough=1)
    assert [(each.low, each.count) for each in found.bins] == [(0.2, 3), (0.5, 1), (0.9, 1)]
    # A photo of the cup weighs 1/4, one of another thing 1/8: of the answers of 25 %, which weigh
    # 1/4 + 2/8, one half is right.
    low, middle, high = found.bins
    assert (low.probability, low.right) == (pytest.approx(0.25), pytest.approx(0.5))
    assert (middle.right, high.right) == (0, 1)
    # All answers weigh 1/2 + 1/8 + 1/4 = 7/8; the silent photo is none.
    assert [each.weight for each in found.bins] == pytest.approx([4 / 7, 1 / 7, 2 / 7])
    assert (found.answers, found.photos) == (5, 6)


def test_the_calibration_error_is_the_mean_deviation_by_weight(shelf):
    found = reliability([shelf], enough=1)
    assert [each.deviation for each in found.bins] == pytest.approx([0.25, -0.55, 0.05])
    assert found.error == pytest.approx((4 * 0.25 + 1 * 0.55 + 2 * 0.05) / 7)
    assert found.largest == pytest.approx(-0.55)


def test_a_bin_with_few_answers_is_not_the_largest_deviation(shelf):
    assert reliability([shelf], enough=3).largest == pytest.approx(0.25)
    assert reliability([shelf]).largest is None


def test_the_strongest_answer_of_a_photo_counts(trial, draw):
    answers = draw(
        trial("1", "cup", (said("dog", 0.6), said("cup", 0.7)), possible=(said("dog", 0.3),)),
        trial("2", ()),
    )
    (only,) = reliability([answers]).bins
    assert (only.probability, only.right) == (0.7, 1)


def test_things_that_are_not_judged_are_no_answers(trial, draw):
    answers = draw(
        trial("1", "cup", (said("dog", 0.9), said("cup", 0.7)), about=("cup",)),
        trial("2", ()),
    )
    (only,) = reliability([answers]).bins
    assert only.probability == 0.7


def test_certainty_is_in_the_last_bin(trial, draw):
    (only,) = reliability([draw(trial("1", "cup", said("cup", 1.0)), trial("2", ()))]).bins
    assert (only.low, only.high) == (0.9, 1.0)


def test_the_interval_is_over_things(trial, draw):
    names = "abcdefgh"
    half = draw(
        *(trial(f"{n}{i}", n, said(n, 0.9)) for n in names[:4] for i in range(9)),
        *(trial(f"{n}{i}", n, said("a", 0.9)) for n in names[4:] for i in range(9)),
        trial("none", ()),
        known=tuple(names),
    )
    (only,) = reliability([half]).bins
    assert only.right == 0.5
    low, high = only.interval
    # Binomial(8, 1/2) / 8: 2.5 % and 97.5 % are 1 and 7. 72 photos by themselves give 0.38 to 0.62.
    assert (low, high) == pytest.approx((1 / 8, 7 / 8))


def test_draws_that_remember_one_thing_each_are_pooled(trial, draw):
    alone = [
        draw(
            trial("own", known, said(known, 0.9)),
            trial("other", "other", said(known, 0.9)),
            known=(known,),
        )
        for known in ("cup", "dog")
    ]
    (only,) = reliability(alone).bins
    assert (only.count, only.right) == (4, 0.5)


@pytest.mark.parametrize(
    "photos",
    [
        [],
        [("1", "cup", "cup 0.9"), ("2", ())],  # no probabilities
        [("1", "cup"), ("2", ())],  # silence
        [("1", "cup", said("cup", 0.9))],  # no photo of another thing
        [("1", (), said("cup", 0.9))],  # none of a known one
    ],
)
def test_nothing_to_judge_is_no_reliability(trial, draw, photos):
    assert reliability([draw(*(trial(*each) for each in photos))]) is None


def test_at_least_one_bin_is_needed(shelf):
    with pytest.raises(InvalidInput, match="expected 1 bin or more, found 0"):
        reliability([shelf], bins=0)
