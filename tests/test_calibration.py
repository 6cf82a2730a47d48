"""Thresholds and probabilities from the scores of unknown things; all numbers by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pekit_agents.calibration import Calibration, false_alarm_rate
from pekit_agents.errors import InvalidInput

# exp(-(s - 0.1) / 0.05): a region scores above 0.1 + 0.05 ln 10 against one object in ten.
CALIBRATION = Calibration(location=0.1, scale=0.05, regions=0.5, mean=0.6, deviation=0.1)


@pytest.mark.parametrize(
    ("rate", "objects", "regions", "threshold"),
    [
        (1.0, 1, 1, 0.1),
        (math.exp(-2), 1, 1, 0.2),
        (1.0, 20, 1, 0.1 + 0.05 * math.log(20)),
        (1.0, 1, 16, 0.1 + 0.05 * math.log(4)),  # 16 regions count as 16 ** 0.5
        (0.1, 20, 16, 0.1 + 0.05 * math.log(800)),
        (1.0, 0, 0, 0.1),  # an empty memory or photo asks for nothing special
    ],
)
def test_the_threshold_rises_with_the_chances_to_be_wrong(rate, objects, regions, threshold):
    found = CALIBRATION.threshold(rate, objects=objects, regions=regions)
    assert found == pytest.approx(threshold)


@pytest.mark.parametrize("objects", [1, 10, 500])
def test_the_rate_is_held_whatever_the_size_of_the_memory(objects):
    rng = np.random.default_rng(0)
    scores = 0.1 + 0.05 * rng.exponential(size=(4000, objects)).max(axis=1)
    for rate in (0.02, 0.1):
        alarms = (scores > CALIBRATION.threshold(rate, objects=objects, regions=1)).mean()
        assert alarms == pytest.approx(rate, abs=0.02)


def test_the_probability_is_one_half_where_both_densities_are_equal():
    # The right object's density at its mean is 1 / (0.1 sqrt(2 pi)) = 3.989; that of one unknown
    # region is x exp(-x) / 0.05 with x = exp(-(s - 0.1) / 0.05). They meet where
    # x exp(-x) = 0.19947: x = 0.2592.
    score = 0.1 - 0.05 * math.log(0.2592)
    calibration = Calibration(location=0.1, scale=0.05, regions=0.5, mean=score, deviation=0.1)
    assert calibration.probability(score, objects=1, regions=1) == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize(("objects", "regions"), [(1, 1), (15, 1), (15, 40), (500, 10)])
def test_a_higher_score_is_never_less_probable(objects, regions):
    scores = np.linspace(-1, 1, 401)
    found = [CALIBRATION.probability(s, objects=objects, regions=regions) for s in scores]
    assert all(0 <= p <= 1 for p in found)
    assert (np.diff(found) >= -1e-12).all()
    assert found[0] < 0.01
    assert found[-1] > 0.98


def test_the_same_score_means_less_among_more_objects():
    found = [CALIBRATION.probability(0.4, objects=n, regions=1) for n in (1, 10, 100, 1000)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.9 > 0.5 > found[-1]


@pytest.mark.parametrize(
    ("strictness", "rate"),
    [("recall", 0.3), ("balanced", 0.1), ("precision", 0.02), (0.05, 0.05), (1, 1.0)],
)
def test_strictness_is_a_word_or_a_rate(strictness, rate):
    assert false_alarm_rate(strictness) == rate


@pytest.mark.parametrize("strictness", ["strict", 0, -0.1, 1.5, None, True, float("nan")])
def test_another_strictness_is_refused(strictness):
    with pytest.raises(InvalidInput, match="expected strictness 'recall', 'balanced'"):
        false_alarm_rate(strictness)


@pytest.mark.parametrize("change", [{"scale": 0}, {"deviation": -1}, {"regions": 1.1}])
def test_a_calibration_that_makes_no_sense_is_refused(change):
    fields = {"location": 0.1, "scale": 0.05, "regions": 0.5, "mean": 0.6, "deviation": 0.1}
    with pytest.raises(InvalidInput, match="expected scale > 0"):
        Calibration(**{**fields, **change})
