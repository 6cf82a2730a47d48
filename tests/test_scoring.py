"""Scores of regions against objects: by hand, and against Gaussian densities written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.scoring import COSINE, Discriminant, Grouped, nearest_objects

NONE = -np.inf


def unit(vectors) -> np.ndarray:
    rows = np.atleast_2d(np.asarray(vectors, np.float32))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def grouped(*groups, dim: int = 3) -> Grouped:
    return Grouped.of([np.array(group, np.float32).reshape(-1, dim) for group in groups], dim)


def nothing(count: int, dim: int = 3) -> Grouped:
    return grouped(*[[]] * count, dim=dim)


def scores(scorer, queries, views: Grouped, rejected: Grouped | None = None) -> np.ndarray:
    if rejected is None:
        rejected = nothing(views.count, views.vectors.shape[1])
    return scorer.identities(views, rejected).scores(np.atleast_2d(np.array(queries, np.float32)))


# What belongs to an object.


def test_vectors_are_grouped_by_object():
    made = grouped([(1, 0, 0), (0, 1, 0)], [], [(0, 0, 1)])
    assert (made.count, made.sizes.tolist(), made.starts.tolist()) == (3, [2, 0, 1], [0, 2, 2, 3])
    np.testing.assert_array_equal(made.vectors, np.eye(3))
    assert Grouped.of([], 5).vectors.shape == (0, 5)
    assert Grouped.of([], 5).count == 0


# By cosine. Object 0 has the views x and y, object 1 the view z.

VIEWS = grouped([(1, 0, 0), (0, 1, 0)], [(0, 0, 1)])


@pytest.mark.parametrize(
    ("query", "expected"),
    [((0.8, 0.6, 0), (0.8, 0)), ((0, 0.6, 0.8), (0.6, 0.8)), ((-1, 0, 0), (0, 0))],
)
def test_the_most_similar_view_is_the_score_of_an_object(query, expected):
    np.testing.assert_allclose(scores(COSINE, query, VIEWS), [expected], atol=1e-6)


@pytest.mark.parametrize(
    ("rejected", "expected"),
    [
        ((0.6, 0.8, 0), (-1, 0)),  # 0.96, more similar than the view x
        ((0.8, 0, 0.6), (0.8, 0)),  # 0.64
        ((1, 0, 0), (0.8, 0)),  # 0.8: as similar as the view is not more
    ],
)
def test_a_region_more_similar_to_what_an_object_is_not_is_not_it(rejected, expected):
    told = grouped([rejected], [])
    np.testing.assert_allclose(scores(COSINE, (0.8, 0.6, 0), VIEWS, told), [expected], atol=1e-6)
    # Said of object 1, it says nothing of object 0.
    of_another = scores(COSINE, (0.8, 0.6, 0), VIEWS, grouped([], [rejected]))
    assert of_another[0, 0] == pytest.approx(0.8)


@pytest.mark.parametrize("seed", range(5))
def test_cosines_are_those_of_a_comparison_one_by_one(seed):
    rng = np.random.default_rng(seed)
    views = [unit(rng.standard_normal((n, 6))) for n in rng.integers(1, 4, 9)]
    told = [unit(rng.standard_normal((n, 6)) if n else np.ones((1, 6)))[:n] for n in [0, 2, 1] * 3]
    queries = unit(rng.standard_normal((7, 6)))
    expected = np.array([[(own @ q).max() for own in views] for q in queries])
    against = np.array([[(own @ q).max(initial=-2) for own in told] for q in queries])
    expected[against > expected] = -1
    assert (expected == -1).any()
    found = scores(COSINE, queries, Grouped.of(views, 6), Grouped.of(told, 6))
    np.testing.assert_allclose(found, expected, atol=1e-6)


# By a discriminant.


def discriminant(seed: int = 0, *, dim: int = 6, plane: int = 4, conditions: int = 0, **changes):
    """Make one with random directions, in which nothing is simple."""
    rng = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(rng.standard_normal((dim, plane)))
    made = Discriminant(
        centre=(0.1 * rng.standard_normal(dim)).astype(np.float32),
        axes=axes.astype(np.float32),
        origin=(0.1 * rng.standard_normal(plane)).astype(np.float32),
        basis=(3 * rng.standard_normal((plane, plane))).astype(np.float32),
        between=rng.uniform(0.5, 6, plane).astype(np.float32),
        conditions=(3 * rng.standard_normal((conditions, plane))).astype(np.float32),
        spreads=rng.uniform(1, 9, (conditions, plane)).astype(np.float32),
        slope=0.4,
        offset=-1.5,
        rates=np.array([0.1, 0.2], np.float32),
        priors=np.array([3, 1], np.float32),
    )
    return replace(made, **changes)


def log_density(x, mean, covariance) -> float:
    """Return that of a Gaussian, written out."""
    apart = x - mean
    _, log_determinant = np.linalg.slogdet(covariance)
    square = apart @ np.linalg.solve(covariance, apart)
    return -0.5 * (square + log_determinant + len(x) * np.log(2 * np.pi))


def projected(made: Discriminant, vector) -> np.ndarray:
    flat = (vector.astype(np.float64) - made.centre) @ made.axes
    return (flat / np.linalg.norm(flat) - made.origin) @ made.basis


def log_ratio(made: Discriminant, query, views) -> float:
    """Return log p(query, views of one thing) - log p(views of it) - log p(query of another).

    The joint density of n looks at one thing has B in every block, and W more on the diagonal.
    """
    dim = len(made.between)
    between, within = np.diag(made.between.astype(np.float64)), np.eye(dim)

    def together(looks) -> float:
        n = len(looks)
        covariance = np.kron(np.ones((n, n)), between) + np.kron(np.eye(n), within)
        return log_density(np.concatenate(looks), np.zeros(n * dim), covariance)

    x, own = projected(made, query), [projected(made, view) for view in views]
    return together([x, *own]) - together(own) - together([x])


@pytest.mark.parametrize("count", [1, 2, 5])
def test_log_odds_are_those_of_the_joint_gaussian_densities(count):
    rng = np.random.default_rng(count)
    made = discriminant(count)
    views = [unit(rng.standard_normal((n, 6))) for n in (count, 1, count + 1)]
    queries = unit(rng.standard_normal((4, 6)))
    expected = [
        [made.slope * log_ratio(made, query, own) + made.offset for own in views]
        for query in queries
    ]
    found = scores(made, queries, Grouped.of(views, 6))
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3)


def test_things_seen_badly_and_what_was_rejected_compete():
    rng = np.random.default_rng(3)
    made = discriminant(3, conditions=3)
    views = [unit(rng.standard_normal((n, 6))) for n in (2, 1)]
    told = unit(rng.standard_normal((2, 6)))
    queries = unit(np.concatenate([rng.standard_normal((4, 6)), told + 0.05]))
    apart = np.diag(made.between.astype(np.float64) + 1)
    expected = []
    for query in queries:
        x = projected(made, query)
        conditions = zip(made.conditions, made.spreads.astype(np.float64), strict=True)
        bad = [log_density(x, m, np.diag(v)) - log_density(x, 0 * x, apart) for m, v in conditions]
        others = [np.exp(made.slope * each) for each in bad]
        against = [np.exp(made.slope * log_ratio(made, query, [each])) for each in told]
        own = [made.slope * log_ratio(made, query, each) + made.offset for each in views]
        denied = np.log(sum(against)) + made.offset >= own[0]
        first = -np.inf if denied else own[0] - np.log(1 + sum(others) + sum(against))
        expected.append([first, own[1] - np.log(1 + sum(others))])
    assert {bool(np.isinf(first)) for first, _ in expected} == {True, False}
    rejected = Grouped.of([told, told[:0]], 6)
    found = scores(made, queries, Grouped.of(views, 6), rejected)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3)


def test_one_number_by_hand():
    # In one dimension: the plane is the sign of a vector; it lies at 2 or -2, and b = 3.
    made = discriminant(
        dim=1,
        plane=1,
        centre=np.zeros(1, np.float32),
        axes=np.ones((1, 1), np.float32),
        origin=np.zeros(1, np.float32),
        basis=np.full((1, 1), 2, np.float32),
        between=np.array([3], np.float32),
        slope=1.0,
        offset=0.0,
    )
    # With one view k = 3 / 4, so that the posterior is N(1.5, 0.75), and a region N(1.5, 1.75).
    same = np.log(4 / 1.75) / 2 - 0.5**2 / (2 * 1.75) + 2**2 / (2 * 4)
    other = np.log(4 / 1.75) / 2 - 3.5**2 / (2 * 1.75) + 2**2 / (2 * 4)
    views = grouped([[1]], dim=1)
    np.testing.assert_allclose(scores(made, [[1], [-1]], views), [[same], [other]], rtol=1e-5)


def test_the_order_of_views_and_where_the_basis_turns_to_are_of_no_account():
    rng = np.random.default_rng(8)
    even = {"between": np.full(4, 2, np.float32), "spreads": np.full((2, 4), 5, np.float32)}
    made = discriminant(8, conditions=2, **even)
    views, queries = unit(rng.standard_normal((4, 6))), unit(rng.standard_normal((5, 6)))
    turn, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    turned = replace(
        made,
        basis=(made.basis @ turn).astype(np.float32),
        conditions=(made.conditions @ turn).astype(np.float32),
    )
    expected = scores(made, queries, Grouped.of([views], 6))
    for one, same in ((made, views[::-1]), (turned, views)):
        found = scores(one, queries, Grouped.of([same], 6))
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_objects_are_scored_each_for_itself():
    rng = np.random.default_rng(9)
    made = discriminant(9, conditions=2)
    views = [unit(rng.standard_normal((n, 6))) for n in (1, 3, 2)]
    queries = unit(rng.standard_normal((5, 6)))
    together = scores(made, queries, Grouped.of(views, 6))
    alone = [scores(made, queries, Grouped.of([own], 6)) for own in views]
    np.testing.assert_allclose(together, np.concatenate(alone, axis=1), rtol=1e-4, atol=1e-4)


def test_several_views_sharpen_what_is_known_of_a_thing():
    made = discriminant(conditions=1)
    view, elsewhere = unit([1, 0.2, 0, 0, 0, 0]), unit([0, 0, 1, -1, 0.3, 0])
    once, often = (Grouped.of([np.repeat(view, n, axis=0)], 6) for n in (1, 6))
    queries = np.concatenate([view, elsewhere])
    (same_once, other_once), (same_often, other_often) = (
        scores(made, queries, views)[:, 0] for views in (once, often)
    )
    assert same_often > same_once > other_once > other_often


def test_no_objects_have_no_scores():
    made = discriminant(conditions=2)
    assert scores(made, unit(np.eye(6)), Grouped.of([], 6)).shape == (6, 0)


@pytest.mark.parametrize(
    ("strictness", "prior"), [(0.1, 3), (0.15, 2), (0.2, 1), (0.01, 3), (0.9, 1)]
)
def test_a_strictness_lies_between_those_that_were_measured(strictness, prior):
    assert discriminant().prior(strictness) == pytest.approx(prior)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axes": np.ones((6, 3))}, r"axes of shape \(6, 4\), found \(6, 3\)"),
        ({"basis": np.ones((4, 3))}, r"basis of shape \(4, 4\)"),
        ({"between": np.ones(3)}, r"between of shape \(4,\)"),
        ({"conditions": np.ones((2, 3))}, r"conditions of shape \(2, 4\)"),
        ({"spreads": np.ones((2, 4))}, r"spreads of shape \(0, 4\)"),
        ({"priors": np.ones(3)}, r"priors of shape \(2,\)"),
        ({"slope": 0.0}, "a positive slope"),
        ({"slope": float("nan")}, "a positive slope"),
        ({"between": np.array([1, 1, 0, 1])}, "positive variances"),
    ],
)
def test_a_discriminant_that_cannot_be_is_refused(changes, message):
    with pytest.raises(InvalidInput, match=message):
        replace(discriminant(), **changes)


# The objects that a region speaks for most, by either.


@pytest.mark.parametrize("scorer", [COSINE, discriminant(4, dim=8, conditions=2)])
@pytest.mark.parametrize("seed", range(5))
def test_regions_get_what_an_exhaustive_comparison_gives_them(scorer, seed):
    rng = np.random.default_rng(seed)
    views = [unit(rng.standard_normal((n, 8))) for n in rng.integers(1, 6, rng.integers(1, 20))]
    queries = unit(rng.standard_normal((5, 8)))
    identities = scorer.identities(Grouped.of(views, 8), nothing(len(views), 8))
    table, floor = identities.scores(queries), np.float32(0.3)
    found = nearest_objects(queries, identities, count=len(views), floor=floor, ranks=3)
    for row, objects, got in zip(table, found.objects, found.scores, strict=True):
        order = [i for i in np.argsort(-row, kind="stable")[:3] if row[i] > floor]
        assert objects.tolist() == order + [-1] * (3 - len(order))
        np.testing.assert_array_equal(got[: len(order)], row[order])
    np.testing.assert_allclose(found.total, np.log(np.exp(table).sum(axis=1)), rtol=1e-5, atol=1e-6)


def test_regions_are_compared_some_at_a_time_with_the_same_answer():
    # 3000 objects: more than one block of 1398 regions.
    rng = np.random.default_rng(0)
    views = Grouped.of(list(unit(rng.standard_normal((3000, 4)))[:, None]), 4)
    identities = COSINE.identities(views, nothing(3000, 4))
    queries = unit(rng.standard_normal((1500, 4)))
    found = nearest_objects(queries, identities, count=3000, floor=-1, ranks=1)
    table = queries @ views.vectors.T
    np.testing.assert_array_equal(found.objects[:, 0], table.argmax(axis=1))
    assert np.isfinite(found.total).all()
