"""How strict to be, and what is said where it cannot be decided: through the public API."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pekit_agents import InvalidInput, PeKit
from pekit_agents.testing import fake_profile, graded_profile, solid_scene

RED, PALE, BLUE = (
    solid_scene({colour: (20, 20, 80, 80)}) for colour in ("red", "pale red", "blue")
)


def opened(tmp_path, **matching):
    graded = graded_profile()
    return PeKit.open(tmp_path, replace(graded, matching=replace(graded.matching, **matching)))


@pytest.fixture
def kit(tmp_path):
    kit = opened(tmp_path)
    kit.remember("Rex", RED, category="dog")
    return kit


def test_a_match_has_a_score_in_log_odds_and_its_probability(kit):
    (match,) = kit.find(RED).matches
    assert match.probability == pytest.approx(1 / (1 + np.exp(-match.score)))
    assert match.to_dict()["probability"] == round(match.probability, 3) > 0.99


def test_what_may_be_it_and_may_not_is_possible(kit):
    finding = kit.find(PALE)
    assert finding.matches == ()
    (match,) = finding.possible
    assert (match.object.name, match.possible) == ("Rex", True)
    assert 0.1 < match.probability < 0.5


def test_what_is_another_thing_is_neither(kit):
    finding = kit.find(BLUE)
    assert (finding.matches, finding.possible) == ((), ())


def test_other_objects_that_it_is_not_leave_its_probability_alone(kit):
    (alone,) = kit.find(PALE).possible
    for number in range(5):
        kit.remember(f"Mug {number}", BLUE, category="mug")
    (among,) = kit.find(PALE).possible
    assert among.probability == pytest.approx(alone.probability, abs=1e-3)


def test_a_profile_without_a_discriminant_knows_no_probabilities(tmp_path):
    kit = PeKit.open(tmp_path, fake_profile())
    kit.remember("Rex", RED, category="dog")
    finding = kit.find(RED)
    assert finding.matches[0].to_dict()["probability"] is None
    assert finding.possible == ()


@pytest.mark.parametrize(
    ("strictness", "named"),
    [
        (None, 0),
        ("balanced", 0),
        ("recall", 1),  # a prior of about -1.7: the odds are five times as good
        (0.5, 1),
        ("precision", 0),
        (0.01, 0),
    ],
)
def test_the_looser_the_strictness_the_more_is_named(kit, strictness, named):
    assert len(kit.find(PALE, strictness=strictness).matches) == named
    _, proposals, vectors = kit.propose(PALE)
    regions = ([p.box for p in proposals], vectors)
    (found,) = kit.match_regions([regions], strictness=strictness)
    assert len(found[0]) == named
    assert len(kit.find(RED, strictness=strictness).matches) == 1


def test_a_strictness_moves_the_probability_too(kit):
    chances = [
        kit.find(PALE, strictness=rate).everything[0].probability for rate in (0.5, 0.25, 0.06)
    ]
    assert chances == sorted(chances, reverse=True)
    assert len(set(chances)) == 3


def test_a_profile_without_a_discriminant_takes_a_threshold_and_no_strictness(tmp_path):
    kit = PeKit.open(tmp_path, fake_profile())
    kit.remember("Rex", RED, category="dog")
    assert len(kit.find(PALE, threshold=0.5).matches) == 1
    assert kit.find(PALE, threshold=0.999).matches == ()
    with pytest.raises(InvalidInput, match="found 'fake', which has none; give a threshold"):
        kit.find(RED, strictness="recall")


def test_a_profile_with_a_discriminant_takes_a_strictness_and_no_threshold(kit):
    with pytest.raises(InvalidInput, match="expected a strictness, found a threshold"):
        kit.find(RED, threshold=0.5)


@pytest.fixture
def alike(tmp_path):
    """Two things that look the same, and another one."""
    kit = opened(tmp_path)
    kit.remember("Rex", RED, category="dog", context="Bites.")
    kit.remember("Bella", RED, category="dog")
    kit.remember("Mug", BLUE, category="mug")
    return kit


def test_a_match_that_two_objects_explain_names_both(alike):
    (match,) = alike.find(RED).matches
    assert match.ambiguous
    assert [obj.name for obj in match.candidates] == ["Rex", "Bella"]
    assert [match.probability, match.alternatives[0].probability] == pytest.approx([0.5, 0.5], 0.01)
    (record,) = alike.find(RED).to_dict()["matches"]
    assert [other["name"] for other in record["or"]] == ["Bella"]


def test_a_certain_match_beside_it_stays_certain(alike):
    scene = solid_scene({"red": (5, 5, 45, 45), "blue": (60, 60, 100, 110)})
    found = {m.object.name: m.ambiguous for m in alike.find(scene).matches}
    assert found == {"Rex": True, "Mug": False}


def test_with_one_of_them_forgotten_there_is_no_doubt(alike):
    alike.forget("Bella")
    assert alike.find(RED).matches[0].certain
