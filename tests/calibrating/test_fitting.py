"""What is fitted to scores that were drawn from a known calibration is that calibration."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pekit_agents.calibrating.assessing import Answers, assess
from pekit_agents.calibrating.fitting import fit, without
from pekit_agents.calibrating.trials import Highest, Own, Trial
from tests.calibrating.drawn import things

SCALE, MARGIN = 0.05, 0.08


def highest(rng, begin: float, regions: int, count: int, *, same: bool, first=0) -> Highest:
    """Return photos whose regions' scores are tails: all alike in a photo, or independent."""
    tails = rng.exponential(SCALE, (count, 1 if same else regions))
    scores = begin + np.broadcast_to(tails, (count, regions))
    half = scores[:, : (regions + 1) // 2]
    sizes = np.full(count, regions)
    return Highest(
        scores.max(axis=1), half.max(axis=1), sizes, np.arange(first, first + count) % 40
    )


def trial(rng, *, same=True, regions=4, refs=1, begin=0.2) -> Trial:
    own = Own(rng.normal(0.7, 0.1, 30), np.full(30, 0.1), np.full(30, regions), np.arange(30) % 40)
    return Trial(
        refs,
        highest(rng, begin, regions, 400, same=same),
        highest(rng, begin + MARGIN, regions, 400, same=same),
        own,
    )


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# The highest of K independent tails rises with 1 + 1/2 + ... + 1/K: (1/3 + 1/4) / ln(4 / 2).
@pytest.mark.parametrize(("same", "regions"), [(True, 0.0), (False, 0.84)])
def test_the_tail_of_strangers_is_found_again(rng, same, regions):
    trials = [trial(rng, same=same, begin=begin) for begin in (0.1, 0.2, 0.3) for _ in range(4)]
    alone = [trial(rng, same=same, begin=0.05) for _ in range(4)]
    found = fit(trials, alone)
    assert found.calibration.scale == pytest.approx(SCALE, rel=0.1)
    assert found.calibration.regions == pytest.approx(regions, abs=0.05)
    assert found.margin == pytest.approx(MARGIN, abs=0.01)
    assert found.least == pytest.approx(0.05 + MARGIN, abs=0.015)
    assert found.calibration.location == found.least
    assert found.calibration.mean == pytest.approx(0.7, abs=0.02)
    assert found.calibration.deviation == pytest.approx(0.1, abs=0.02)


def test_the_threshold_is_that_of_the_memory_and_of_the_number_of_regions(rng):
    trials = [trial(rng, same=False, begin=begin) for begin in (0.2, 0.4) for _ in range(4)]
    found = fit(trials, [trial(rng, same=False, begin=0.0)])
    low, high = (found.thresholds(each, np.array([1, 4]), 0.1) for each in (trials[0], trials[-1]))
    assert high - low == pytest.approx(0.2, abs=0.02)
    cost = found.calibration.scale * found.calibration.regions * math.log(4)
    assert low[1] - low[0] == pytest.approx(cost)
    least = fit(trials, [trial(rng, same=False, begin=0.6)])
    assert least.thresholds(trials[0], np.array([1]), 0.1) > low[:1] + 0.2


def test_a_photo_without_regions_says_nothing_of_the_right_objects_scores(rng):
    one = trial(rng)
    one.own.scores[0] = -1.0
    assert fit([one], [one]).calibration.mean == pytest.approx(0.7, abs=0.06)


def test_things_are_left_out_with_all_their_photos(rng):
    (left,) = without([trial(rng)], [3, 4])
    assert not {3, 4} & {*left.new.things.tolist(), *left.own.things.tolist()}
    assert len(left.new.scores) == len(left.new.halves) == 380
    assert len(left.bank.scores) == 400
    assert without([trial(rng)], range(40)) == []


def test_as_many_false_alarms_are_found_as_were_asked_for(rng):
    seen = things(*[2] * 40)
    trials = [trial(rng, refs=refs) for refs in (1, 3) for _ in range(4)]
    alone = [trial(rng, begin=0.0) for _ in range(4)]
    rows = assess(seen, trials, alone, (0.3, 0.1), (1, 3))
    assert [(row.asked, row.refs) for row in rows] == [(0.3, 1), (0.3, 3), (0.1, 1), (0.1, 3)]
    for row in rows:
        assert row.alarms.mean == pytest.approx(row.asked, rel=0.2)
        low, high = row.alarms.interval
        assert low < row.alarms.mean < high
        assert row.right.mean > 0.9
        assert row.alarm_photos == 80
        assert row.right_photos == 60


def test_a_thing_is_judged_by_what_fits_the_others(rng):
    """A thing that scores like nothing else raises alarms: it must not excuse itself."""
    one = trial(rng)
    one.new.scores[one.new.things == 5] = 0.75
    (row,) = assess(things(*[2] * 40), [one], [trial(rng, begin=0.0)], (0.001,), (1,))
    assert row.alarms.mean >= 10 / 400


def test_answers_are_counted_photo_by_photo():
    answers = Answers(things(2, 3, 1))
    answers.strangers([0, 0, 1], [True, False, False])
    answers.own([2, 2], [True, False])
    row = answers.row(0.1, 3)
    assert (row.asked, row.refs, row.alarm_photos, row.right_photos) == (0.1, 3, 5, 1)
    assert (row.alarms.mean, row.right.mean) == (pytest.approx(1 / 3), 0.5)
