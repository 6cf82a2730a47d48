"""The baselines, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pekit_agents.evaluation.draws import Task
from pekit_agents.evaluation.features.features import Features
from pekit_agents.evaluation.recognizers.baselines import (
    ConceptHeads,
    ImageRetrieval,
    PaperRule,
    RegionCosine,
    baselines,
    false_pair_threshold,
)
from pekit_agents.evaluation.recognizers.lineup import StandardLineup
from pekit_agents.testing import fake_profile, graded_profile

pytest.importorskip("sklearn")
LEFT, RIGHT = (0, 0, 80, 120), (80, 0, 160, 120)


@pytest.fixture
def features(tmp_path):
    return Features(fake_profile(), tmp_path / "cache", tools="fake")


@pytest.fixture
def references(tmp_path, save):
    return {
        "red": [save(tmp_path / "red.png", {"red": LEFT})],
        "blue": [save(tmp_path / "blue.png", {"blue": LEFT})],
        "green": [save(tmp_path / "green.png", {"green": LEFT})],
    }


def test_the_threshold_is_passed_by_one_in_twenty_pairs_of_different_things():
    # Cosines from each view to the other thing: 0, 0.6, 0.8 from a; 0.8 from b to the best of a.
    a = np.array([[0, 1], [0.6, 0.8], [0.8, 0.6]], np.float32)
    b = np.array([[1, 0]], np.float32)
    pairs = [0, 0.6, 0.8, 0.8]
    assert false_pair_threshold({"a": a, "b": b}) == pytest.approx(np.quantile(pairs, 0.95))
    assert false_pair_threshold({"a": a}) == 0.75


def test_whole_images_give_the_nearest_things_name(features, references, tmp_path, save):
    retrieval = ImageRetrieval(features, "mean")
    retrieval.learn(references, {})
    look = retrieval.look(save(tmp_path / "q.png", {"red": RIGHT}))
    assert [(named.name, named.box) for named in look.named] == [("red", None)]
    assert look.scores["red"] == pytest.approx(1, abs=1e-3)


def test_whole_images_that_are_less_alike_than_other_things_are_get_no_name(
    features, tmp_path, save
):
    retrieval = ImageRetrieval(features, "mean")
    # Red and yellow have a cosine of 1/3, which becomes the threshold; blue has less with both.
    names = ("red", "yellow")
    retrieval.learn({name: [save(tmp_path / f"{name}.png", {name: LEFT})] for name in names}, {})
    look = retrieval.look(save(tmp_path / "q.png", {"blue": LEFT}))
    assert look.named == ()
    assert max(look.scores.values()) < 0


def test_whole_images_mix_what_they_show(features, references, tmp_path, save):
    retrieval = ImageRetrieval(features, "mean")
    retrieval.learn(references, {})
    both = retrieval.look(save(tmp_path / "q.png", {"red": LEFT, "blue": RIGHT}))
    assert both.scores["red"] == pytest.approx(both.scores["blue"], abs=0.01)
    assert len(both.named) <= 1  # one vector, one name


def test_the_papers_rule_takes_the_best_view_over_three_quarters(
    features, references, tmp_path, save
):
    rule = PaperRule(features)
    rule.learn(references, dict.fromkeys(references, "thing"))
    look = rule.look(save(tmp_path / "q.png", {"red": LEFT, "blue": RIGHT}))
    assert {named.name for named in look.named} == {"red", "blue"}
    assert look.scores["green"] == pytest.approx(-1 / 3, abs=0.01)


def test_a_fixed_cosine_compares_what_the_encoder_normalised(tmp_path, references, save):
    profile = graded_profile()  # whose discriminant it does not use
    rule = RegionCosine(Features(profile, tmp_path / "cache", tools="fake"))
    rule.learn(references, dict.fromkeys(references, "thing"))
    look = rule.look(save(tmp_path / "q.png", {"pale red": LEFT, "yellow": RIGHT}))
    # Yellow has a cosine of 1/3 to red and to green, which is under 0.35.
    (named,) = look.named
    assert (named.name, named.box.xyxy) == ("red", LEFT)
    unit = profile.encoder.normalize(np.array([[127, -128, -128, 8], [127, -74, -74, 8]]))
    assert named.score == pytest.approx(float(unit[0] @ unit[1]), abs=1e-5)
    assert look.scores["blue"] < 0
    assert (named.probability, look.possible) == (None, ())
    assert rule.look(save(tmp_path / "grey.png", {})).scores["red"] == -1.0


def test_regions_are_enough_where_no_baseline_reads_whole_images(features, references):
    task = Task(0, 1, references, dict.fromkeys(references, "thing"), ())
    whole = StandardLineup(features)
    fast = StandardLineup(features, only=("cosine",))
    assert fast.names == ("pekit", "cosine")
    assert len(fast.jobs([task])) == 3  # the references as objects
    assert len(whole.jobs([task])) == 3 + 3  # and as whole images


def test_the_papers_rule_does_not_normalise_like_the_encoder(tmp_path, references):
    profile = fake_profile()
    profile.encoder.normalize = lambda vectors: np.full_like(vectors, 0.5)  # all alike
    rule = PaperRule(Features(profile, tmp_path / "other", tools="fake"))
    rule.learn(references, dict.fromkeys(references, "thing"))
    look = rule.look(references["red"][0])
    assert look.scores["red"] == pytest.approx(1, abs=1e-5)
    assert look.scores["blue"] < 0


def test_a_concept_head_finds_its_concept_and_leaves_the_others(
    features, references, tmp_path, save
):
    heads = ConceptHeads(features, "mean")
    heads.learn(references, {})
    look = heads.look(save(tmp_path / "q.png", {"blue": RIGHT}))
    assert [named.name for named in look.named] == ["blue"]
    assert look.scores["blue"] > 0.9
    assert look.scores["red"] < 0.5


def test_negatives_teach_a_single_concept(features, references, tmp_path, save):
    alone = {"red": references["red"]}
    heads = ConceptHeads(features, "mean")
    heads.learn(alone, {})
    assert heads.look(references["red"][0]).named == ()  # nothing to tell it from
    heads = ConceptHeads(features, "mean", negatives=references["blue"])
    heads.learn(alone, {})
    assert [n.name for n in heads.look(references["red"][0]).named] == ["red"]
    assert heads.look(references["green"][0]).scores["red"] < 0.9


def test_the_head_is_the_minimum_of_its_loss():
    from pekit_agents.evaluation.recognizers.concept_head import fit_heads

    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(20, 5)).astype(np.float32)
    labels = np.zeros((20, 1), bool)
    labels[:4] = True
    weights, biases = fit_heads(vectors, labels)
    share = np.where(labels[:, 0], 0.5 / 4, 0.5 / 16)
    chance = 1 / (1 + np.exp(-(vectors @ weights[:, 0] + biases[0])))
    slope = vectors.T @ (share * (chance - labels[:, 0])) + 1e-3 * weights[:, 0]
    assert np.abs(slope).max() < 1e-5
    assert abs((share * (chance - labels[:, 0])).sum()) < 1e-5


def test_a_symmetric_problem_has_no_bias():
    from pekit_agents.evaluation.recognizers.concept_head import fit_heads

    # One positive at +1, one negative at -1: w minimises log(1 + e^-w) + w^2 / 2000, b = 0.
    weights, biases = fit_heads(np.array([[1.0], [-1.0]], np.float32), np.array([[True], [False]]))
    assert biases[0] == pytest.approx(0, abs=1e-6)
    w = float(weights[0, 0])
    assert 1 / (1 + np.exp(w)) == pytest.approx(1e-3 * w, rel=1e-3)


def test_without_class_tokens_the_mean_stands_in(features):
    names = [baseline.name for baseline in baselines(features)]
    assert names == ["image mean", "cosine", "paper rule", "concept head"]


@pytest.mark.usefixtures("embedded_model")
def test_the_embedded_model_has_class_tokens(tmp_path):
    from pekit_agents import load_profile

    features = Features(load_profile("embedded"), tmp_path, tools="embedded")
    assert baselines(features)[0].name == "image token"
