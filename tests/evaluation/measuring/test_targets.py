"""The table of targets: what is taken from which run, and how it compares."""

from __future__ import annotations

import pytest

from pekit_agents.evaluation.protocols.recognition import HALF
from pekit_agents.evaluation.records import Draw, Named, Run, Trial
from pekit_agents.evaluation.targets import STEADY, TARGETS, rows

KNOWN = ("a", "b", "c")


def draw(recognizer="pekit", *, refs=3, condition="", right=3, alarms=0, strangers=10):
    """Return a draw that names ``right`` of three things, and something in some other photos."""
    trials = [
        Trial(f"{name}.jpg", "", (name,), {}, (Named(name, 0.9),) if i < right else (), {name: 1.0})
        for i, name in enumerate(KNOWN)
    ]
    trials += [
        Trial(f"{i}.jpg", "", (f"s{i}",), {}, (Named("a", 0.5),) if i < alarms else (), {"a": 0.1})
        for i in range(strangers)
    ]
    return Draw(recognizer, 0, refs, KNOWN, dict.fromkeys(KNOWN, ()), tuple(trials), condition)


def run(*draws):
    return Run("recognition", "x", "", {}, {}, draws, 1.0)


def by_title(table):
    return {row.target.title: row for row in table}


def test_each_figure_is_of_its_references_and_condition():
    table = by_title(
        rows(
            {
                "things": run(
                    draw(refs=1, right=1),
                    draw(refs=3, right=2),
                    draw(refs=1, condition=HALF, alarms=5),
                    draw(refs=3, condition=HALF, alarms=1),
                )
            }
        )
    )
    assert table["right name first, 1 reference"].reached.mean == pytest.approx(1 / 3)
    alarms = "half known, {} ref.: strangers with a false alarm"
    assert table[alarms.format(1)].reached.mean == pytest.approx(0.5)
    assert table[alarms.format(3)].reached.mean == pytest.approx(0.1)
    assert table[alarms.format(1)].verdict == "missed"
    assert table[alarms.format(3)].verdict == "reached"
    assert table["half known, 3 ref.: right name first"].verdict == "goal"


def test_only_what_was_measured_is_a_row():
    assert rows({}) == []
    titles = set(by_title(rows({"look-alikes": run(draw())})))
    assert titles == {target.title for target in TARGETS if target.part == "look-alikes"}
    missing = by_title(rows({"things": run(draw(refs=3))}))["weighted accuracy, 1 reference"]
    assert (missing.verdict, missing.reached.mean) == ("not measured", None)


def test_the_best_baseline_stands_beside_the_figure():
    made = run(draw(right=3), draw("good", right=2), draw("poor", right=1))
    row = by_title(rows({"look-alikes": made}))["look-alikes: likeliest name right"]
    assert row.baseline[0] == "good"
    alarms = run(
        draw(refs=1, condition=HALF),
        draw("loud", refs=1, condition=HALF, alarms=9),
        draw("quiet", refs=1, condition=HALF, alarms=2),
    )
    row = by_title(rows({"things": alarms}))["half known, 1 ref.: strangers with a false alarm"]
    assert (row.baseline[0], row.baseline[1].mean) == ("quiet", pytest.approx(0.2))
    assert row.reached.mean == 0


def test_growth_has_a_row_for_each_size_and_their_ratio():
    sizes = {"objects=5": 2, "objects=50": 3, "objects=150": 4}
    made = run(*(draw(refs=1, condition=name, alarms=n) for name, n in sizes.items()))
    *each, ratio = rows({"growth": made})
    assert [row.reached.mean for row in each] == pytest.approx([0.2, 0.3, 0.4])
    assert [row.target.condition for row in each] == list(sizes)
    assert ratio.target is STEADY
    assert (ratio.reached.mean, ratio.verdict) == (pytest.approx(2.0), "missed")


def test_a_size_without_any_false_alarm_gives_no_ratio():
    made = run(*(draw(refs=1, condition=f"objects={n}", alarms=n) for n in (0, 5)))
    assert rows({"growth": made})[-1].verdict == "not measured"


def test_a_ratio_within_the_target_is_reached():
    made = run(*(draw(refs=1, condition=f"objects={n}", alarms=n) for n in (3, 4)))
    assert rows({"growth": made})[-1].verdict == "reached"
