import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.metrics.bootstrap import difference, estimate
from pekit_agents.evaluation.metrics.recognition import Tally


def ratios(*values):
    """An average over things named a, b, ..."""
    return Tally({chr(97 + i): (value, 1.0) for i, value in enumerate(values)})


def test_nothing_has_neither_mean_nor_interval():
    for nothing in (estimate([]), estimate([Tally({})])):
        assert (nothing.mean, nothing.sd, nothing.interval, nothing.draws) == (None, None, None, 0)


def test_mean_and_sample_deviation_are_over_draws():
    found = estimate([ratios(0.5, 0.7), ratios(0.8, 0.8), ratios(1.0, 1.0)])
    assert found.mean == pytest.approx(0.8)  # of 0.6, 0.8 and 1.0
    assert found.sd == pytest.approx(0.2)
    assert found.draws == 3


def test_an_undefined_draw_is_counted_and_not_averaged():
    found = estimate([ratios(0.5, 0.5), Tally({}, left_out=2)])
    assert (found.mean, found.sd) == (0.5, None)
    assert (found.draws, found.undefined, found.left_out) == (1, 1, 2)


def test_one_draw_has_no_deviation_and_two_things_no_interval():
    found = estimate([ratios(0.0, 1.0)])
    assert (found.mean, found.sd, found.interval) == (0.5, None, None)


def test_things_are_resampled_and_not_photos():
    # Two of four things always right, with 100 photos each: far from 400 independent photos.
    things = Tally({name: (100.0 * (name in "ab"), 100.0) for name in "abcd"})
    assert estimate([things]).interval == (0.0, 1.0)  # P(all of a kind) = 1/16 on each side


def test_all_alike_leaves_no_doubt():
    assert estimate([ratios(0.7, 0.7, 0.7)]).interval == pytest.approx((0.7, 0.7))


def test_the_interval_is_that_of_the_binomial():
    # 20 things, half of them right: the mean of a resample is Binomial(20, 1/2) / 20, whose
    # 2.5 % and 97.5 % quantiles are 6 and 14.
    found = estimate([ratios(*[0.0, 1.0] * 10)], resamples=4000)
    assert found.interval == pytest.approx((0.3, 0.7))


def test_the_same_seed_gives_the_same_interval():
    tally = ratios(0.1, 0.5, 0.55, 0.9, 0.97)
    assert estimate([tally], seed=3) == estimate([tally], seed=3)
    assert estimate([tally], seed=3).interval != estimate([tally], seed=4).interval


def test_what_is_about_two_things_is_drawn_as_often_as_both():
    # Only in the pair of a and b is anything wrong. Of three draws of three things, two of a and
    # one of b leave no other pair, so that all is wrong; without a or b nothing is.
    pairs = {("a", "b"): (1.0, 1.0), ("a", "c"): (0.0, 1.0), ("b", "c"): (0.0, 1.0)}
    found = estimate([Tally(pairs)])
    assert found.mean == pytest.approx(1 / 3)
    assert found.interval == (0.0, 1.0)
    # This seed draws a once, b twice and d once: 1 * 2 of 1 * 2 + 1 * 1 + 0 * 1.
    more = {("a", "b"): (1.0, 1.0), ("a", "d"): (0.0, 1.0), ("c", "d"): (0.0, 1.0)}
    once = estimate([Tally(more)], seed=1, resamples=1)
    assert once.interval == pytest.approx((2 / 3, 2 / 3))


def test_a_paired_difference_cancels_what_is_hard_for_both():
    first = ratios(0.1, 0.3, 0.5, 0.7, 0.8)
    second = ratios(0.2, 0.4, 0.6, 0.8, 0.9)
    change = difference([first], [second])
    assert change.mean == pytest.approx(0.1)
    assert change.interval == pytest.approx((0.1, 0.1))
    assert change.is_clear
    assert difference([second], [first]).mean == pytest.approx(-0.1)


def test_a_difference_that_rests_on_one_thing_is_not_clear():
    change = difference([ratios(0.5, 0.5, 0.5, 0.5)], [ratios(1.0, 0.5, 0.5, 0.5)])
    assert change.mean == pytest.approx(0.125)
    assert change.interval[0] == 0.0
    assert not change.is_clear


def test_a_difference_from_nothing_is_undefined():
    change = difference([Tally({})], [ratios(1.0, 1.0, 1.0)])
    assert (change.mean, change.interval, change.is_clear) == (None, None, False)


def test_at_least_one_resample_is_needed():
    with pytest.raises(InvalidInput, match="resamples: expected at least 1, got 0"):
        estimate([ratios(0.5)], resamples=0)
