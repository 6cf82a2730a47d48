"""Cross-validation: who is judged by whom, on what, and with which weight."""

from __future__ import annotations

from collections import Counter
from itertools import permutations, product

import numpy as np
import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.calibrating import crossing
from pekit_agents.evaluation.calibrating.crossing import (
    REFS,
    ROUNDS,
    cross_validate,
    fit_all,
    held_out,
)
from pekit_agents.evaluation.calibrating.seeing import looks_at
from tests.evaluation.calibrating.drawn import NOTHING, Unit, seen


def kinds_of(*sizes: int) -> dict[int, int]:
    """Return the kind of each thing, of kinds of these sizes."""
    return dict(enumerate(np.repeat(np.arange(len(sizes)), sizes).tolist()))


@pytest.mark.parametrize(
    "sizes", [(6,), (15,), (4, 4), (3, 2, 3), (6, 5, 4, 3, 2, 1), (30,), (2,) * 9]
)
def test_a_round_holds_out_a_third_of_a_kind_and_leaves_two_thirds_of_all(sizes):
    kinds = kinds_of(*sizes)
    rounds = held_out(kinds)
    assert len(rounds) == ROUNDS
    for out in rounds:
        assert 2 <= len(out) <= max(2, len(kinds) / 3)
        for kind, count in Counter(kinds[thing] for thing in out.tolist()).items():
            assert count == max(2, sizes[kind] // 3)


@pytest.mark.parametrize("sizes", [(4, 4, 3, 7), (6, 5, 4, 3, 2, 1), (7, 7), (2,) * 9])
def test_each_thing_meets_each_other_of_its_kind_and_what_has_none_stays(sizes):
    kinds = kinds_of(*sizes)
    met = {pair for out in held_out(kinds) for pair in permutations(out.tolist(), 2)}
    for kind in range(len(sizes)):
        alike = [thing for thing in kinds if kinds[thing] == kind]
        assert set(permutations(alike, 2)) <= met
    alone = {thing for thing in kinds if sizes[kinds[thing]] == 1}
    assert not alone & {thing for out in held_out(kinds) for thing in out.tolist()}


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


def test_photos_that_say_nothing_of_who_they_show_are_refused():
    rng = np.random.default_rng(0)
    looks = [towards(rng.uniform(0, 360), rng.normal()) for _ in range(24)]
    # Each thing is shown twice, by looks that are farther apart than those of different things.
    mixed = [
        seen(thing, look, view=look)
        for thing in range(12)
        for look in (looks[thing], looks[(thing + 12) % 24])
    ]
    opposite = [
        seen(thing, towards(10 * thing + 180 * turn), view=towards(10 * thing + 180 * turn))
        for thing in range(12)
        for turn in range(2)
    ]
    for photos in (opposite, mixed):
        with pytest.raises(InvalidInput, match="more alike than photos of other things"):
            crossed(photos)


def test_a_thing_meets_its_own_photos_and_those_of_others_of_its_kind(made):
    answers, rounds = made.answers, held_out(KINDS)
    assert set(answers.refs.tolist()) == set(REFS)
    for remembered, shown in answers.things.tolist():
        assert KINDS[remembered] == KINDS[shown]
        assert any({remembered, shown} <= set(out.tolist()) for out in rounds)
    np.testing.assert_array_equal(answers.trials.same, answers.things[:, 0] == answers.things[:, 1])
    assert answers.kinds.tolist() == [KINDS[thing] for thing in answers.things[:, 0].tolist()]


@pytest.mark.parametrize(("refs", "own"), [(1, 3), (3, 1)])
def test_photos_that_introduced_a_thing_are_not_tried(made, refs, own):
    answers = made.answers
    some = (answers.refs == refs) & (answers.things[:, 0] == 0)
    times = 4 * sum(0 in out for out in held_out(KINDS))
    # Four draws in each round: own photos without the references, and four of the one other.
    assert (some & answers.trials.same).sum() == times * own
    assert (some & ~answers.trials.same).sum() == times * 4


def test_own_photos_and_those_of_others_of_each_kind_count_alike(made):
    answers = made.answers
    for kind in (0, 1):
        for same in (True, False):
            some = (answers.kinds == kind) & (answers.trials.same == same)
            assert answers.trials.weights[some].sum() == pytest.approx(1)


def test_a_thing_without_others_of_its_kind_is_not_tried():
    found = crossed(photos_of(7), kinds_of(6, 1))
    assert set(found.answers.things.ravel().tolist()) == set(range(6))
    assert found.answers.trials.weights.sum() == pytest.approx(2)


def test_what_is_held_out_is_no_part_of_the_fit_that_judges(monkeypatch):
    """Each scorer judges things of its round, and was fitted to all others and to none of these."""
    fitted, judged = [], []
    fit, answer = crossing.fit_discriminant, crossing._answers

    def fit_and_tell(looks, *args, **options):
        fitted.append(set(looks.things.tolist()))
        return fit(looks, *args, **options)

    def answer_and_tell(photos, kinds, rounds, scorers):
        judged.append([set(out.tolist()) for out in rounds])
        return answer(photos, kinds, rounds, scorers)

    monkeypatch.setattr(crossing, "fit_discriminant", fit_and_tell)
    monkeypatch.setattr(crossing, "_answers", answer_and_tell)
    things = crossed(photos_of(12)).answers.things
    assert len(fitted) == ROUNDS
    for rounds in judged:
        assert [kept | out for kept, out in zip(fitted, rounds, strict=True)] == [
            set(KINDS)
        ] * ROUNDS
        assert not any(kept & out for kept, out in zip(fitted, rounds, strict=True))
    met = {pair for out in judged[0] for pair in product(out, out)}
    assert {tuple(pair) for pair in things.tolist()} <= met


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
    done = [*range(1, ROUNDS + 1), 2 * ROUNDS, 3 * ROUNDS, 4 * ROUNDS]
    assert told == [(step, 4 * ROUNDS) for step in done]


def test_too_few_things_are_refused():
    with pytest.raises(InvalidInput, match="expected looks at three things"):
        crossed(photos_of(2), kinds_of(2))
