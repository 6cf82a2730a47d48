"""Cross-validation: who is judged by whom, on what, and with which weight."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.calibrating.crossing import (
    FOLDS,
    REFS,
    cross_validate,
    fit_all,
    folds_of,
)
from pekit_agents.evaluation.calibrating.seeing import looks_at
from tests.evaluation.calibrating.drawn import NOTHING, Unit, seen


def kinds_of(*sizes: int) -> dict[int, int]:
    """Return the kind of each thing, of kinds of these sizes."""
    return dict(enumerate(np.repeat(np.arange(len(sizes)), sizes).tolist()))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((6,), [[0, 1], [2, 3], [4, 5]]),
        ((7,), [[0, 1, 2], [3, 4], [5, 6]]),
        ((4, 4), [[0, 1, 4, 5], [2, 3, 6, 7]]),
        ((3, 2, 3), [[0, 1, 2], [3, 4], [5, 6, 7]]),  # too few of each to part
        ((1, 1, 1, 1), [[0, 3], [1], [2]]),  # things without others of their kind go round
        ((3,), [[0, 1, 2]]),
    ],
)
def test_two_of_a_kind_or_more_are_in_a_fold(sizes, expected):
    assert [fold.tolist() for fold in folds_of(kinds_of(*sizes))] == expected


@pytest.mark.parametrize("sizes", [(6, 5, 4, 3, 2, 1), (30,), (1,) * 20, (2,) * 9])
def test_folds_share_all_things_out(sizes):
    kinds = kinds_of(*sizes)
    folds = folds_of(kinds)
    assert sorted(thing for fold in folds for thing in fold.tolist()) == list(kinds)
    assert len(folds) == FOLDS
    for fold in folds:
        for kind, count in Counter(kinds[thing] for thing in fold.tolist()).items():
            assert count >= 2 or sizes[kind] == 1


def towards(degrees: float, up: float = 0.0) -> tuple[float, float, float]:
    angle = np.deg2rad(degrees)
    return (np.cos(angle), np.sin(angle), up)


def photos_of(things: int, photos: int = 4, *, apart: float = 20, seed: int = 0):
    """Return photos of things that lie ``apart`` degrees from each other, and vary by some."""
    rng = np.random.default_rng(seed)
    found = []
    for thing in range(things):
        for _ in range(photos):
            look = towards(apart * thing + rng.normal(0, 4), rng.normal(0, 0.1))
            found.append(seen(thing, look, view=towards(apart * thing + rng.normal(0, 4))))
    return found


KINDS = kinds_of(6, 6)


def crossed(photos, kinds=KINDS, **options):
    options = {"named": 0.5, "progress": lambda *_: None, **options}
    return cross_validate(photos, kinds, NOTHING, Unit(), **options)


@pytest.fixture(scope="module")
def made():
    return crossed(photos_of(12))


def test_a_thing_meets_its_own_photos_and_those_of_others_of_its_kind_and_fold(made):
    answers, folds = made.answers, folds_of(KINDS)
    assert set(answers.refs.tolist()) == set(REFS)
    for remembered, shown in answers.things.tolist():
        assert KINDS[remembered] == KINDS[shown]
        assert any({remembered, shown} <= set(fold.tolist()) for fold in folds)
    np.testing.assert_array_equal(answers.trials.same, answers.things[:, 0] == answers.things[:, 1])
    assert answers.kinds.tolist() == [KINDS[thing] for thing in answers.things[:, 0].tolist()]


@pytest.mark.parametrize(("refs", "own"), [(1, 3), (3, 1)])
def test_photos_that_introduced_a_thing_are_not_tried(made, refs, own):
    answers = made.answers
    some = (answers.refs == refs) & (answers.things[:, 0] == 0)
    # Four draws; own photos without the references, and four of the one other of the fold.
    assert (some & answers.trials.same).sum() == 4 * own
    assert (some & ~answers.trials.same).sum() == 4 * 4


def test_own_photos_and_those_of_others_of_each_kind_count_alike(made):
    answers = made.answers
    for kind in (0, 1):
        for same in (True, False):
            some = (answers.kinds == kind) & (answers.trials.same == same)
            assert answers.trials.weights[some].sum() == pytest.approx(1)


def test_a_kind_without_others_counts_nothing():
    found = crossed(photos_of(7), kinds_of(6, 1))
    alone = found.answers.things[:, 0] == 6
    assert alone.any()
    assert found.answers.trials.weights[alone].sum() == 0
    assert found.answers.trials.weights[~alone].sum() == pytest.approx(2)


def test_the_fold_of_a_thing_is_no_part_of_the_fit_that_judges_it():
    """Whatever is seen of the others of its fold, beside the trials with it, scores stay."""
    photos = photos_of(12)
    fold = folds_of(KINDS)[0].tolist()
    assert fold == [0, 1, 6, 7]
    moved = [
        seen(p.thing, p.regions[0][::-1], view=p.view[0][::-1]) if p.thing in (6, 7) else p
        for p in photos
    ]
    before, after = (crossed(each).by_cosine for each in (photos, moved))
    own = before.things[:, 0] < 2
    np.testing.assert_array_equal(before.trials.scores[own], after.trials.scores[own])
    ones, others = (crossed(each) for each in (photos, moved))
    # Slope and offset are of all folds; without them the scores of things 0 and 1 are the same.
    bare = [(each.answers.trials.scores[own] - each.offset) / each.slope for each in (ones, others)]
    np.testing.assert_allclose(bare[0], bare[1], rtol=1e-3, atol=1e-3)
    elsewhere = np.isin(before.things[:, 0], [2, 3])
    bare = [
        (each.answers.trials.scores[elsewhere] - each.offset) / each.slope
        for each in (ones, others)
    ]
    assert not np.allclose(bare[0], bare[1], rtol=1e-3, atol=1e-3)  # these were fitted with them


def test_a_photo_without_regions_shows_nothing():
    photos = photos_of(12)
    photos[0] = seen(0, view=(1, 0, 0))
    trials = crossed(photos).answers.trials
    assert trials.scores.min() < -100
    assert np.isfinite(trials.scores).all()


def test_what_has_one_view_is_not_remembered_but_shown():
    photos = photos_of(12)
    photos = [p if p.thing or i == 0 else seen(0, *p.regions) for i, p in enumerate(photos)]
    things = crossed(photos).answers.things
    assert 0 not in things[:, 0]
    assert 0 in things[things[:, 0] == 1][:, 1]


def test_slope_and_offset_make_probabilities_hold(made):
    trials = made.answers.trials
    chances = 1 / (1 + np.exp(-trials.scores))
    said = (trials.weights * chances).sum() / trials.weights.sum()
    assert said == pytest.approx(0.5, abs=0.05)  # own photos and others count alike
    assert made.slope > 0
    assert np.isfinite([made.slope, made.offset]).all()
    assert (np.diff(made.priors) <= 0).all()


def test_the_discriminant_of_all_things_has_what_cross_validation_found(made):
    looks = looks_at(photos_of(12), Unit())
    whole = fit_all(looks, NOTHING, made)
    assert (whole.slope, whole.offset) == (made.slope, made.offset)
    assert (whole.rates is made.rates, whole.priors is made.priors) == (True, True)
    assert len(fit_all(looks, NOTHING, made, dimensions=2).between) == 2


def test_the_same_photos_give_the_same_numbers(made):
    again = crossed(photos_of(12))
    np.testing.assert_array_equal(again.answers.trials.scores, made.answers.trials.scores)
    assert (again.slope, again.offset) == (made.slope, made.offset)


def test_every_step_is_told():
    told = []
    crossed(photos_of(12), progress=lambda *step: told.append(step))
    assert told == [(1, 12), (2, 12), (3, 12), (6, 12), (9, 12), (12, 12)]


def test_too_few_things_are_refused():
    with pytest.raises(InvalidInput, match="expected looks at three things"):
        crossed(photos_of(2), kinds_of(2))
