"""How strict to be, and what is said where it cannot be decided: through the public API."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pekit_agents import InvalidInput, PeKit
from pekit_agents.calibration import Calibration
from pekit_agents.matching import MatchSettings
from pekit_agents.testing import fake_profile, solid_scene

RED = solid_scene({"red": (20, 20, 80, 80)})
# Whatever is of one colour scores 1, two colours of the palette at most 1/3.
CALIBRATION = Calibration(location=0.2, scale=0.1, regions=0.0, mean=0.9, deviation=0.2)


def opened(tmp_path, **settings):
    settings = {"calibration": CALIBRATION, **settings}
    return PeKit.open(tmp_path, replace(fake_profile(), matching=MatchSettings(**settings)))


def test_a_match_has_the_probability_of_its_score_among_so_many_objects(tmp_path):
    kit = opened(tmp_path)
    kit.remember("Rex", RED, category="dog")
    (alone,) = kit.find(RED).matches
    assert alone.probability == pytest.approx(CALIBRATION.probability(1, objects=1, regions=1))
    for number in range(20):
        kit.remember(f"Mug {number}", solid_scene({"blue": (20, 20, 80, 80)}), category="mug")
    (among,) = kit.find(RED).matches
    assert among.probability == pytest.approx(CALIBRATION.probability(1, objects=21, regions=1))
    assert among.to_dict()["probability"] == round(among.probability, 3) < alone.probability


def test_without_a_calibration_there_is_no_probability(tmp_path):
    kit = PeKit.open(tmp_path, fake_profile())
    kit.remember("Rex", RED, category="dog")
    assert kit.find(RED).matches[0].to_dict()["probability"] is None


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, 1),  # balanced: above 0.2 + 0.1 ln(1 / 0.1) = 0.43
        ({"strictness": "recall"}, 1),
        ({"strictness": "precision"}, 1),  # 0.2 + 0.1 ln(1 / 0.02) = 0.59
        ({"strictness": 0.0001}, 0),  # 0.2 + 0.1 ln(1 / 0.0001) = 1.12
        ({"threshold": 0.99}, 1),
    ],
)
def test_the_rate_of_false_alarms_says_what_is_accepted(tmp_path, options, found):
    kit = opened(tmp_path)
    kit.remember("Rex", RED, category="dog")
    assert len(kit.find(RED, **options).matches) == found
    _, proposals, vectors = kit.propose(RED)
    regions = ([p.box for p in proposals], vectors)
    assert [len(m) for m in kit.match_regions([regions], **options)] == [found]


def test_a_threshold_and_a_strictness_are_one_too_many(tmp_path):
    with pytest.raises(InvalidInput, match="found both"):
        opened(tmp_path).find(RED, threshold=0.5, strictness="recall")


def test_a_profile_without_calibration_takes_no_strictness(tmp_path):
    with pytest.raises(InvalidInput, match="found 'fake', which has none; give a threshold"):
        PeKit.open(tmp_path, fake_profile()).find(RED, strictness="recall")


@pytest.fixture
def twins(tmp_path):
    kit = opened(tmp_path, ambiguity=0.1)
    kit.remember("Rex", RED, category="dog", context="Bites.")
    kit.remember("Bella", RED, category="dog")
    kit.remember("Mug", solid_scene({"blue": (20, 20, 80, 80)}), category="mug")
    return kit


def test_a_sighting_that_two_objects_explain_names_both_with_their_scores(twins):
    (match,) = twins.find(RED).matches
    assert match.ambiguous
    assert [obj.name for obj in match.candidates] == ["Rex", "Bella"]
    assert [match.score, match.alternatives[0].score] == pytest.approx([1, 1], abs=1e-5)
    (record,) = twins.find(RED).to_dict()["matches"]
    assert [other["name"] for other in record["or"]] == ["Bella"]


def test_a_certain_sighting_beside_it_stays_certain(twins):
    scene = solid_scene({"red": (5, 5, 45, 45), "blue": (60, 60, 100, 110)})
    found = {m.object.name: m.ambiguous for m in twins.find(scene).matches}
    assert found == {"Rex": True, "Mug": False}


def test_the_prompt_passes_the_doubt_on(twins):
    text = twins.prompt(RED, "Who is it?").text
    assert 'may be "Rex" (category: "dog") or "Bella" (category: "dog")' in text
    assert "say that it may be either" in text
    assert '- About "Rex": "Bites."' in text


def test_with_one_of_them_forgotten_there_is_no_doubt(twins):
    twins.forget("Bella")
    assert not twins.find(RED).matches[0].ambiguous
