"""Fitting to looks that were drawn by the model itself, so that it is known what is right."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from pekit_agents.calibration.fitting import (
    Samples,
    Trials,
    fit_discriminant,
    fit_priors,
    fit_scale,
    uncalibrated,
)
from pekit_agents.errors import InvalidInput
from pekit_agents.scoring import Grouped
from pekit_agents.settings import MatchSettings

NOTHING = np.zeros((0, 6), np.float32)


def looks_of(vectors, things, conditions=None) -> Samples:
    vectors = np.asarray(vectors, np.float64)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    conditions = np.zeros(len(unit), np.int64) if conditions is None else np.array(conditions)
    return Samples(unit.astype(np.float32), np.array(things), conditions)


def drawn(things: int, each: int, *, dim=6, between=1.0, within=0.5, seed=0) -> Samples:
    """Draw looks at things whose identities are Gaussian."""
    rng = np.random.default_rng(seed)
    identities = between * rng.standard_normal((things, dim))
    vectors = identities[:, None] + within * rng.standard_normal((things, each, dim))
    return looks_of(vectors.reshape(-1, dim), np.repeat(np.arange(things), each))


def some(looks: Samples, thing: int) -> np.ndarray:
    return looks.vectors[looks.things == thing]


# The covariances.


def test_in_the_basis_looks_vary_by_1_and_things_by_the_fitted_variances():
    looks = drawn(600, 6)
    made = fit_discriminant(looks, NOTHING)
    points = made.project(looks.vectors).reshape(600, 6, -1)
    means = points.mean(axis=1)
    within = np.mean([np.cov(own.T) for own in points], axis=0)
    between = np.cov(means.T) - within / 6
    # Each covariance was widened by 0.3 of its mean variance, as those of few photos are unsure.
    np.testing.assert_allclose(np.diag(within) * 1.3, np.ones(6), atol=0.1)
    np.testing.assert_allclose(np.diag(between) * 1.3, made.between, rtol=0.1)
    for covariance in (within, between):
        off = covariance - np.diag(np.diag(covariance))
        assert np.abs(off).max() < 0.12 * np.diag(covariance).max()


def test_the_ratio_of_variances_is_found_whatever_the_number_of_looks():
    # Scaled to unit length, with spreads 1 and 0.5: the ratio stays about (1 / 0.5) ** 2.
    for each in (2, 8):
        made = fit_discriminant(drawn(2000, each), NOTHING)
        assert made.between.mean() == pytest.approx(4, rel=0.25)


def test_looks_that_are_all_the_same_give_scores_that_a_slope_can_be_fitted_to():
    looks = drawn(8, 4, within=0.0)
    made = uncalibrated(fit_discriminant(looks, NOTHING))
    objects = Grouped.of([some(looks, thing)[:1] for thing in range(8)], 6)
    none = Grouped(looks.vectors[:0], np.zeros(9, np.int64))
    scores = made.identities(objects, none).scores(looks.vectors).astype(np.float64)
    same = looks.things[:, None] == np.arange(8)
    trials = Trials(scores.ravel(), same.ravel(), np.full(same.size, 1 / same.size))
    assert scores[same].min() > 0 > scores[~same].max()
    slope = fit_scale(trials)
    chances = 1 / (1 + np.exp(-np.clip(slope * scores, -60, 60)))
    assert chances[same].min() > 0.8
    assert chances[~same].max() < 0.2


def test_directions_in_which_things_differ_more_have_larger_variances():
    rng = np.random.default_rng(1)
    spread = np.array([3, 1, 1, 0.2, 0.2, 0.2])
    identities = spread * rng.standard_normal((800, 6))
    vectors = identities[:, None] + 0.4 * rng.standard_normal((800, 4, 6))
    looks = looks_of(vectors.reshape(-1, 6), np.repeat(np.arange(800), 4))
    between = fit_discriminant(looks, NOTHING).between
    assert between.max() > 5 * between.min()
    assert (between > 0).all()


def test_axes_are_orthonormal_and_the_first_say_most():
    rng = np.random.default_rng(2)
    looks = looks_of(
        rng.standard_normal((300, 6)) * [5, 4, 1, 1, 1, 1], np.repeat(np.arange(100), 3)
    )
    made = fit_discriminant(looks, NOTHING, dimensions=2)
    assert (made.axes.shape, made.basis.shape, made.between.shape) == ((6, 2), (2, 2), (2,))
    np.testing.assert_allclose(made.axes.T @ made.axes, np.eye(2), atol=1e-6)
    assert np.abs(made.axes[:2]).min(axis=1).max() < 0.5 < np.abs(made.axes[:2]).max()
    assert np.abs(made.axes[2:]).max() < 0.3


def test_a_background_says_in_which_directions_vectors_vary():
    things = drawn(30, 3, dim=6)
    far = np.tile(np.eye(6, dtype=np.float32)[[0, 0, 0]], (300, 1))
    far[::2, 0] = -1
    made = fit_discriminant(things, far, dimensions=1)
    assert abs(made.axes[0, 0]) > 0.9


def test_fewer_looks_than_dimensions_leave_as_many_axes_as_looks_less_one():
    looks = drawn(4, 2, dim=20)
    made = fit_discriminant(looks, np.zeros((0, 20), np.float32))
    assert made.axes.shape == (20, 7)
    assert np.isfinite(made.basis).all()


def test_things_seen_badly_are_conditions_and_no_looks():
    looks = drawn(200, 3)
    rng = np.random.default_rng(3)
    plain = fit_discriminant(looks, NOTHING)
    grey = looks_of(rng.normal([3, 0, 0, 0, 0, 0], 0.1, (200, 6)), np.arange(200), [2] * 200)
    both = Samples(
        np.concatenate([looks.vectors, grey.vectors]),
        np.concatenate([looks.things, grey.things]),
        np.concatenate([looks.conditions, grey.conditions]),
    )
    made = fit_discriminant(both, NOTHING)
    np.testing.assert_array_equal(made.between, plain.between)
    assert (plain.conditions.shape, made.conditions.shape) == ((0, 6), (1, 6))
    # The mean shift: to where grey lies, from where the things lie.
    shift = made.project(grey.vectors).mean(axis=0) - made.project(looks.vectors).mean(axis=0)
    np.testing.assert_allclose(made.conditions[0], shift, atol=1e-3)
    assert uncalibrated(made).conditions.shape == (0, 6)


@pytest.mark.parametrize(
    ("counts", "found"),
    [((2, 2), "2 things, 2 of which"), ((2, 1, 1, 1), "4 things, 1 of which"), ((), "0 things")],
)
def test_too_few_things_or_looks_are_refused(counts, found):
    things = np.repeat(np.arange(len(counts)), counts)
    looks = Samples(np.ones((len(things), 6), np.float32), things, np.zeros(len(things), np.int64))
    with pytest.raises(InvalidInput, match=f"expected looks at three things .* found {found}"):
        fit_discriminant(looks, NOTHING)


def test_looks_at_some_things_are_theirs():
    looks = looks_of(np.eye(4), [0, 1, 1, 2], [0, 0, 1, 0])
    own = looks.of(np.array([1, 2]))
    np.testing.assert_array_equal(own.vectors, np.eye(4)[1:])
    assert (own.things.tolist(), own.conditions.tolist()) == ([1, 1, 2], [0, 1, 0])


# Scale and offset.


def trials_of(scores, same, weights=None) -> Trials:
    weights = np.ones(len(scores)) if weights is None else np.array(weights, np.float64)
    return Trials(np.array(scores, np.float64), np.array(same, bool), weights)


def test_an_offset_makes_even_scores_as_likely_as_they_are():
    # Three of four are the same: log-odds ln 3.
    trials = trials_of([0, 0, 0, 0], [True, True, True, False])
    assert fit_scale(trials, slope=1.0) == pytest.approx(np.log(3))
    weighted = trials_of([0, 0], [True, False], [1, 5])
    assert fit_scale(weighted, slope=1.0) == pytest.approx(-np.log(5))


def test_a_slope_makes_a_score_as_likely_as_it_is():
    # At score 2, three of four; at -2, one of four: ln 3 / 2.
    scores, same = [2] * 4 + [-2] * 4, [1, 1, 1, 0, 1, 0, 0, 0]
    assert fit_scale(trials_of(scores, same)) == pytest.approx(np.log(3) / 2)


@pytest.mark.parametrize("factor", [0.1, 1, 20])
def test_a_slope_is_found_whatever_the_unit_of_scores(factor):
    rng = np.random.default_rng(0)
    odds = rng.normal(0, 3, 4000)
    same = rng.random(4000) < 1 / (1 + np.exp(-odds))
    assert fit_scale(trials_of(factor * odds, same)) == pytest.approx(1 / factor, rel=0.1)


@pytest.mark.parametrize("same", [[True, True], [False, False]])
def test_trials_of_one_kind_alone_say_nothing(same):
    with pytest.raises(InvalidInput, match="trials of the same thing and of other things"):
        fit_scale(trials_of([1, 2], same))


def test_log_odds_of_drawn_things_hold_after_the_fit():
    """The share of right answers among those of one probability is that probability."""
    dim, count = 12, 800
    made = fit_discriminant(drawn(300, 4, dim=dim), np.zeros((0, dim), np.float32))

    def tried(scorer, seed):
        new = drawn(count, 2, dim=dim, within=0.7, seed=seed)
        views = Grouped.of([some(new, thing)[:1] for thing in range(count)], dim)
        none = Grouped(views.vectors[:0], np.zeros(count + 1, np.int64))
        scores = scorer.identities(views, none).scores(new.vectors[1::2])
        same = np.eye(count, dtype=bool)
        weights = np.where(same, 1 / count, 1 / (count * (count - 1)))
        return Trials(scores.astype(np.float64).ravel(), same.ravel(), weights.ravel())

    bare = uncalibrated(made)
    slope = fit_scale(tried(bare, 1))
    assert 0.1 < slope < 0.8  # looks that vary more than those of the fit are less telling
    scaled = replace(bare, slope=slope)
    offset = fit_scale(tried(scaled, 2), slope=1.0)
    found = tried(replace(scaled, offset=offset), 3)
    chances = 1 / (1 + np.exp(-found.scores))
    for low, high in pairwise((0, 0.1, 0.3, 0.5, 0.7, 0.9, 1)):
        near = (chances >= low) & (chances < high)
        weights = found.weights[near]
        said = (weights * chances[near]).sum() / weights.sum()
        right = (weights * found.same[near]).sum() / weights.sum()
        assert right == pytest.approx(said, abs=0.08)


# Priors.


def test_a_prior_leads_to_its_rate():
    rng = np.random.default_rng(0)
    scores = rng.normal(-3, 2, 5000)
    trials = trials_of([*scores, 50], [False] * 5000 + [True])
    for named in (0.5, 0.75):
        rates, priors = fit_priors(trials, named)
        assert rates.dtype == priors.dtype == np.float32
        for rate, prior in zip(rates, priors, strict=True):
            above = (scores - prior >= np.log(named / (1 - named))).mean()
            assert above == pytest.approx(rate, abs=0.001)


def test_the_stricter_the_rate_the_higher_the_prior():
    rng = np.random.default_rng(1)
    trials = trials_of(rng.normal(0, 1, 300), [False] * 300, rng.random(300))
    rates, priors = fit_priors(trials, 0.5)
    assert (np.diff(rates) > 0).all()
    assert (np.diff(priors) <= 0).all()
    assert priors[0] > priors[-1]


def test_priors_are_such_as_settings_take():
    trials = trials_of([-900.0, -300.0, 5.0], [False, False, True])
    _, priors = fit_priors(trials, 0.5)
    assert priors.min() == -100
    assert MatchSettings(prior=float(priors.min())).prior == -100


def test_photos_count_by_their_weight():
    # Of the weight of others, 0.3 lies at 2 or above, and all at -1 or above.
    trials = trials_of([2, -1, 9], [False, False, True], [3, 7, 100])
    rates, priors = fit_priors(trials, 0.5)
    assert np.interp(0.3, rates, priors) == pytest.approx(2, abs=0.05)
    assert np.interp(0.5, rates, priors) == pytest.approx(2 - 3 * 0.2 / 0.7, abs=0.05)
