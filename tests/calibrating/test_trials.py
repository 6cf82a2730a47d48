"""Folds, memories and what photos score against them, on vectors whose cosines are known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from pekit_agents.calibrating.trials import (
    Fold,
    _of_half,
    drawn,
    folds_of,
    half_of,
    own_things,
    trials_in,
)
from tests.calibrating.drawn import photo, things


def same(vectors):
    """Normalise vectors that are of unit length already."""
    return vectors


def test_what_has_one_photo_or_introduces_nothing_is_not_remembered():
    seen = [*things(1, 2, 3), photo("a", 9, (1, 0, 0)), photo("b", 9, (1, 0, 0))]
    assert own_things(seen) == [1, 2]


@pytest.mark.parametrize(("count", "folds"), [(6, 2), (14, 2), (15, 3), (40, 5)])
def test_folds_share_the_things_out(count, folds):
    seen = [*things(*[2] * count), *(photo(f"x{n}", 100 + n, (1, 0, 0)) for n in range(7))]
    found = folds_of(seen, np.random.default_rng(0))
    assert len(found) == folds
    tested = [{each.thing for each in fold.tested} for fold in found]
    assert sum(map(len, tested)) == len(set().union(*tested)) == count + 7
    sizes = [len(fold.own) for fold in found]
    assert max(sizes) - min(sizes) <= 1
    for fold, own in zip(found, tested, strict=True):
        assert not own & {each.thing for each in fold.base}
        assert len(fold.base) + len(fold.tested) == len(seen)
        assert set(fold.own) == {thing for thing in own if thing < 100}


def test_one_photo_is_always_left_to_find_a_thing_in():
    rng = np.random.default_rng(0)
    assert [len(drawn(things(2), 0, most, rng)) for most in (1, 3)] == [1, 1]
    assert len({each.path for each in drawn(things(5), 0, 3, rng)}) == 3


def test_the_larger_half_of_an_odd_number_is_remembered():
    assert len(half_of(range(5), np.random.default_rng(0))) == 3


def test_the_highest_of_a_half_is_that_of_all_halves_on_average():
    scores = np.array([0.1, 0.9, 0.4, 0.6, 0.2], np.float32)
    for count in (1, 2, 3, 4, 5):
        some = scores[:count]
        expected = np.mean([max(half) for half in combinations(some, (count + 1) // 2)])
        assert _of_half(some) == pytest.approx(expected)


def test_photos_are_scored_against_what_is_remembered():
    x, y, z = np.eye(3)
    mixed = 0.6 * x + 0.8 * y
    fold = Fold(
        base=(photo("base", 7, x, z), photo("empty", 8)),
        tested=(
            photo("0/a", 0, x, looks=x),
            photo("0/b", 0, mixed, z, looks=x),
            photo("1/a", 1, y, looks=y),
            photo("1/b", 1, looks=y),
            photo("2/a", 2, 0.8 * x + 0.6 * z),
        ),
        own=(0, 1),
    )
    several, alone = trials_in(
        fold, same, (1,), max_weight=1.0, draws=1, rng=np.random.default_rng(0)
    )
    (one,) = [trial for trial in alone if 0 not in trial.new.things]
    assert len(several) == 1
    assert len(alone) == 2
    # Against thing 0 alone: the bank's photo of x, without the one that shows nothing; of the
    # photos of strangers 1/b shows nothing.
    np.testing.assert_allclose(one.bank.scores, [1])
    np.testing.assert_allclose(one.bank.halves, [0.5])
    assert one.bank.regions.tolist() == [2]
    assert sorted(one.new.scores.tolist()) == pytest.approx([0, 0.8])
    assert sorted(one.new.things.tolist()) == [1, 2]
    assert one.own.things.tolist() == [0]
    assert one.own.others.tolist() == [-1]
    left = (int(one.own.regions[0]), round(float(one.own.scores[0]), 3))
    assert left in {(1, 1.0), (2, 0.6)}  # 0/a or 0/b, whichever did not introduce it


def test_the_right_object_and_the_best_other_are_told_apart():
    x, y, z = np.eye(3)
    tested = (
        photo("0/a", 0, x, looks=x),
        photo("0/b", 0, 0.6 * x + 0.8 * y),
        photo("1/a", 1, y, looks=y),
        photo("1/b", 1),
        photo("2/a", 2, z, looks=z),
        photo("2/b", 2, z),
    )
    fold = Fold(base=(photo("base", 7, x),), tested=tested, own=(0, 1, 2))
    rng = np.random.default_rng(0)
    found = {}
    for _ in range(20):
        several, _ = trials_in(fold, same, (1,), max_weight=1.0, draws=1, rng=rng)
        (trial,) = several
        found[tuple(sorted(set(trial.own.things.tolist())))] = trial.own
    own = found[0, 1]
    order = np.argsort(own.things)
    np.testing.assert_allclose(own.scores[order], [0.6, -1])  # 1/b has no region
    np.testing.assert_allclose(own.others[order], [0.8, -1])
