"""The tables of a cross-validation, from few trials with numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pekit_agents.calibration.fitting import Trials
from pekit_agents.evaluation.calibrating.crossing import Answers, Crossed
from pekit_agents.evaluation.calibrating.report import report_of
from pekit_agents.settings import MatchSettings

SURE = 2.5  # a probability of 0.924


def answers_of(*rows, weights=None) -> Answers:
    """Make answers of rows (refs, kind, remembered thing, thing in the photo, score)."""
    refs, kinds, remembered, shown, scores = np.array(rows, np.float64).T
    weights = np.ones(len(rows)) if weights is None else np.array(weights, np.float64)
    return Answers(
        refs.astype(np.int64),
        kinds.astype(np.int64),
        np.stack([remembered, shown], axis=1).astype(np.int64),
        Trials(scores, remembered == shown, weights),
    )


def crossed_of(answers: Answers, by_cosine: Answers | None = None) -> Crossed:
    empty = np.zeros(0, np.float32)
    return Crossed(1.0, 0.0, empty, empty, answers, by_cosine or answers)


def report(answers, by_cosine=None, settings=None, kinds=None):
    return report_of(
        crossed_of(answers, by_cosine),
        kinds or {0: "cups"},
        settings or MatchSettings(),
        photos=20,
        things=5,
        background=3,
    )


# Two cups; of each two own photos and two of the other.
CUPS = [
    (1, 0, 0, 0, SURE), (1, 0, 0, 0, -1), (1, 0, 0, 1, -3.2), (1, 0, 0, 1, 0.5),
    (1, 0, 1, 1, 2), (1, 0, 1, 1, 1), (1, 0, 1, 0, -5), (1, 0, 1, 0, SURE),
]  # fmt: skip


def test_shares_of_photos_are_by_what_they_show_and_how_likely_it_is():
    all_kinds, cups = report(answers_of(*CUPS)).rows
    assert (all_kinds.kind, cups.kind, cups.refs) == ("", "cups", 1)
    assert cups.own_named.mean == pytest.approx(3 / 4)  # not the one at -1
    assert cups.own_possible.mean == pytest.approx(1)  # 0.27
    assert cups.others_named.mean == pytest.approx(2 / 4)
    assert cups.others_sure.mean == pytest.approx(1 / 4)
    assert replace(all_kinds, kind="cups") == cups


@pytest.mark.parametrize(
    ("settings", "own", "possible", "others"),
    [
        (MatchSettings(named=0.8), 2 / 4, 1, 1 / 4),  # log-odds of 1.39
        (MatchSettings(possible=0.4), 3 / 4, 3 / 4, 2 / 4),
        (MatchSettings(prior=1.5), 2 / 4, 3 / 4, 1 / 4),
    ],
)
def test_the_settings_say_what_is_named(settings, own, possible, others):
    row = report(answers_of(*CUPS), settings=settings).rows[1]
    found = [row.own_named.mean, row.own_possible.mean, row.others_named.mean]
    assert found == pytest.approx([own, possible, others])


def test_cosines_are_compared_where_as_many_own_photos_are_named():
    cosines = [0.9, 0.3, 0.1, 0.95, 0.8, 0.7, 0.6, 0.75]
    by_cosine = answers_of(*[(*row[:4], c) for row, c in zip(CUPS, cosines, strict=True)])
    # Three of four own ones are at 0.7 or above; so are two of four others.
    row = report(answers_of(*CUPS), by_cosine).rows[1]
    assert row.others_by_cosine.mean == pytest.approx(2 / 4)
    strict = report(answers_of(*CUPS), by_cosine, MatchSettings(named=0.8)).rows[1]
    assert strict.others_by_cosine.mean == pytest.approx(1 / 4)  # two of four: at 0.8


def test_every_kind_with_others_has_a_row_for_each_number_of_references():
    rows = [
        *CUPS,
        *[(3, *row[1:]) for row in CUPS],
        *[(1, 1, thing + 10, shown + 10, -score) for _, _, thing, shown, score in CUPS],
        (1, 2, 20, 20, 3),  # alone of its kind
    ]
    weights = [1] * (len(rows) - 1) + [0]
    kinds = {0: "cups", 1: "keys", 2: "bag"}
    found = report(answers_of(*rows, weights=weights), kinds=kinds)
    assert [(row.refs, row.kind) for row in found.rows] == [
        (1, ""), (1, "cups"), (1, "keys"), (3, ""), (3, "cups"),
    ]  # fmt: skip
    assert found.tried == 4
    everything, cups, keys = found.rows[:3]
    expected = (cups.own_named.mean + keys.own_named.mean) / 2
    assert everything.own_named.mean == pytest.approx(expected)


def test_photos_count_by_their_weight():
    weights = [3, 1, 1, 1, 0, 0, 0, 0]
    row = report(answers_of(*CUPS, weights=weights)).rows[1]
    assert row.own_named.mean == pytest.approx(3 / 4)
    assert row.others_named.mean == pytest.approx(1 / 2)


def test_photos_of_about_one_probability_are_a_bin():
    bins = {each.low: each for each in report(answers_of(*CUPS)).bins}
    # -1 is 0.27, 0.5 is 0.62, 1 is 0.73, 2 is 0.88, 2.5 is 0.92, and two are below 0.05.
    assert {low: each.photos for low, each in bins.items()} == {
        0.0: 2, 0.2: 1, 0.5: 1, 0.65: 1, 0.8: 1, 0.9: 2,
    }  # fmt: skip
    assert bins[0.9].found.mean == pytest.approx(1 / 2)
    assert bins[0.9].said == pytest.approx(0.924, abs=1e-3)
    assert (bins[0.2].found.mean, bins[0.5].found.mean) == (1, 0)


def test_the_calibration_error_is_the_mean_distance_of_said_and_found():
    rows = [(1, 0, 0, 0, SURE), (1, 0, 0, 0, SURE), (1, 0, 0, 1, SURE), (1, 0, 0, 1, -100)]
    # In one bin 0.924 is said and 2 of 3 found; in the other nothing is said and none found.
    found = report(answers_of(*rows))
    assert found.deviation == pytest.approx((0.924 - 2 / 3) * 3 / 4, abs=1e-3)


def test_scores_of_any_size_are_a_probability():
    rows = [(1, 0, 0, 0, 1e4), (1, 0, 0, 1, -1e4)]
    found = report(answers_of(*rows))
    assert [(each.low, each.said) for each in found.bins] == [
        (0.0, pytest.approx(0)),
        (0.95, pytest.approx(1)),
    ]
    assert found.deviation == pytest.approx(0, abs=1e-9)


def test_the_report_says_what_there_was():
    found = report(answers_of(*CUPS))
    assert (found.photos, found.things, found.tried, found.background) == (20, 5, 2, 3)
