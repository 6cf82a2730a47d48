"""The kit on cached features answers as it does through remember and find."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from PIL import Image

from pekit_agents.embedding.local_features import PatchDescriber
from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.draws import draw_task
from pekit_agents.evaluation.features.features import Features
from pekit_agents.evaluation.recognizers.kit import (
    CorrectedRecognizer,
    KitRecognizer,
    PeKitRecognizer,
)
from pekit_agents.settings import RerankSettings
from pekit_agents.testing import ColourEncoder, fake_profile, graded_profile
from pekit_agents.types import Box, Proposal

CATEGORIES = dict.fromkeys(("red", "blue", "Red  Dog", "grey"), "thing")


def learned(tmp_path, references, **options):
    features = Features(fake_profile(), tmp_path / "cache", tools="fake")
    recognizer = PeKitRecognizer(features, **options)
    recognizer.learn(references, CATEGORIES)
    return recognizer


def test_what_was_introduced_is_named_where_it_is(tmp_path, save):
    red = save(tmp_path / "red.png", {"red": (10, 10, 90, 90)})
    blue = save(tmp_path / "blue.png", {"blue": (10, 10, 90, 90)})
    recognizer = learned(tmp_path, {"red": [red], "blue": [blue]})
    query = save(tmp_path / "q.png", {"red": (0, 0, 60, 60), "green": (80, 0, 140, 60)})
    look = recognizer.look(query)
    (named,) = look.named
    assert (named.name, named.box.xyxy) == ("red", (0, 0, 60, 60))
    assert named.score == pytest.approx(1.0, abs=1e-5)
    assert named.score == pytest.approx(look.scores["red"], abs=1e-6)
    # blue and green differ in two of three channels: cosine about -1/3.
    assert look.scores["blue"] == pytest.approx(-1 / 3, abs=0.01)


def test_learning_forgets_what_was_learned_before(tmp_path, save):
    red = save(tmp_path / "red.png", {"red": (10, 10, 90, 90)})
    blue = save(tmp_path / "blue.png", {"blue": (10, 10, 90, 90)})
    recognizer = learned(tmp_path, {"red": [red]})
    recognizer.learn({"blue": [blue]}, CATEGORIES)
    assert recognizer.look(red).named == ()
    assert set(recognizer.look(red).scores) == {"blue"}


def test_a_name_comes_back_as_it_was_given(tmp_path, save):
    red = save(tmp_path / "red.png", {"red": (10, 10, 90, 90)})
    (named,) = learned(tmp_path, {"Red  Dog": [red]}).look(red).named
    assert named.name == "Red  Dog"  # the kit stores one blank


def test_a_reference_without_object_is_left_out(tmp_path, save):
    red = save(tmp_path / "red.png", {"red": (10, 10, 90, 90)})
    grey = save(tmp_path / "grey.png", {})
    look = learned(tmp_path, {"red": [red, grey], "grey": [grey]}).look(red)
    assert [named.name for named in look.named] == ["red"]
    assert look.scores["grey"] == -1.0


def test_a_photo_without_regions_names_nothing(tmp_path, save):
    red = save(tmp_path / "red.png", {"red": (10, 10, 90, 90)})
    look = learned(tmp_path, {"red": [red]}).look(save(tmp_path / "grey.png", {}))
    assert (look.named, look.scores) == ((), {"red": -1.0})


def test_with_nothing_remembered_nothing_is_named(tmp_path, save):
    grey, red = save(tmp_path / "grey.png", {}), save(tmp_path / "red.png", {"red": (0, 0, 9, 9)})
    for profile, least in ((fake_profile(), -1.0), (graded_profile(), -100.0)):
        look = learned(tmp_path, {"grey": [grey]}, profile=profile).look(red)
        assert (look.named, look.possible, look.scores) == ((), (), {"grey": least})


def test_only_what_was_computed_now_has_a_time(tmp_path, save):
    red = save(tmp_path / "red.png", {"red": (10, 10, 90, 90)})
    assert learned(tmp_path, {"red": [red]}).look(red).seconds > 0
    assert learned(tmp_path, {"red": [red]}).look(red).seconds is None


def both(look):
    return [(each.name, each.box, each.alternatives) for each in (*look.named, *look.possible)]


@pytest.mark.parametrize("make", [fake_profile, graded_profile])
def test_the_cached_kit_answers_like_remember_and_find(colours, tmp_path, save, make):
    task = draw_task(colours, 2, seed=0)
    features = Features(make(), tmp_path / "cache", tools="fake")
    cached, direct = PeKitRecognizer(features), KitRecognizer(make())
    for recognizer in (cached, direct):
        recognizer.learn(task.references, task.categories)
    shade = save(tmp_path / "shade.png", {"pale red": (10, 10, 70, 70)})
    for photo in [*(photo.path for photo in task.photos), shade]:
        ours, theirs = cached.look(photo), direct.look(photo)
        assert both(ours) == both(theirs)
        assert [n.score for n in ours.named] == pytest.approx(
            [n.score for n in theirs.named], abs=1e-4
        )
        assert [n.probability for n in ours.possible] == [n.probability for n in theirs.possible]


def test_there_are_three_answers(tmp_path, save):
    red = save(tmp_path / "red.png", {"red": (10, 10, 90, 90)})
    recognizer = learned(tmp_path, {"red": [red]}, profile=graded_profile())
    (named,) = recognizer.look(red).named
    assert named.probability == pytest.approx(1, abs=1e-3)
    shade = recognizer.look(save(tmp_path / "shade.png", {"pale red": (10, 10, 90, 90)}))
    (possible,) = shade.possible
    assert (shade.named, possible.name) == ((), "red")
    assert possible.probability == pytest.approx(0.36, abs=0.02)
    silent = recognizer.look(save(tmp_path / "blue.png", {"blue": (10, 10, 90, 90)}))
    assert (silent.named, silent.possible) == ((), ())


def test_scores_are_log_odds_and_end_where_no_prior_reaches(tmp_path, save):
    red = save(tmp_path / "red.png", {"red": (10, 10, 90, 90)})
    recognizer = learned(tmp_path, {"red": [red]}, profile=graded_profile())
    shade = recognizer.look(save(tmp_path / "shade.png", {"pale red": (10, 10, 90, 90)}))
    chance = shade.possible[0].probability
    # P = 1 / (1 + exp(-score)) with one object and a prior of 0.
    assert shade.scores["red"] == pytest.approx(math.log(chance / (1 - chance)), abs=1e-4)
    for name, patches in (("blue", {"blue": (10, 10, 90, 90)}), ("grey", {})):
        assert recognizer.look(save(tmp_path / f"{name}.png", patches)).scores == {"red": -100.0}


def test_the_score_of_a_photo_is_that_of_its_likeliest_region(tmp_path, save):
    red = save(tmp_path / "red.png", {"red": (10, 10, 90, 90)})
    recognizer = learned(tmp_path, {"red": [red]}, profile=graded_profile())
    two = {"pale blue": (0, 0, 60, 60), "pale red": (80, 0, 140, 60)}
    look = recognizer.look(save(tmp_path / "two.png", two))
    alone = recognizer.look(save(tmp_path / "one.png", {"pale red": (80, 0, 140, 60)}))
    assert look.scores["red"] == pytest.approx(alone.scores["red"], abs=1e-4)


def test_a_strictness_changes_what_is_named_and_no_score(tmp_path, save):
    red = save(tmp_path / "red.png", {"red": (10, 10, 90, 90)})
    shade = save(tmp_path / "shade.png", {"pale red": (10, 10, 90, 90)})
    made = {
        word: learned(tmp_path, {"red": [red]}, profile=graded_profile(), strictness=word).look(
            shade
        )
        for word in ("recall", "precision")
    }
    assert [named.name for named in made["recall"].named] == ["red"]
    assert (made["precision"].named, made["precision"].possible) == ((), ())
    assert made["recall"].scores == made["precision"].scores


def test_a_limit_that_is_not_for_the_profile_is_refused_before_any_work(tmp_path):
    features = Features(graded_profile(), tmp_path / "cache", tools="fake")
    with pytest.raises(InvalidInput, match="expected a strictness, found a threshold"):
        PeKitRecognizer(features, threshold=0.5)
    with pytest.raises(InvalidInput, match="expected a profile with a discriminant"):
        PeKitRecognizer(features, profile=fake_profile(), strictness="recall")


def test_what_was_rejected_is_another_thing(tmp_path, save):
    red = save(tmp_path / "red.png", {"red": (10, 10, 90, 90)})
    shade = save(tmp_path / "shade.png", {"pale red": (10, 10, 90, 90)})
    features = Features(graded_profile(), tmp_path / "cache", tools="fake")
    before = PeKitRecognizer(features, strictness="recall")
    after = CorrectedRecognizer(features, [shade], strictness="recall")
    for recognizer in (before, after):
        recognizer.learn({"red": [red]}, CATEGORIES)
    assert [named.name for named in before.look(shade).named] == ["red"]
    assert (after.look(shade).named, after.look(shade).possible) == ((), ())
    # score - log(1 + exp(L_r)), with L_r of the same region to itself far above 0
    assert after.look(shade).scores["red"] < before.look(shade).scores["red"] - 5
    assert [named.name for named in after.look(red).named] == ["red"]


@pytest.mark.usefixtures("embedded_model")
def test_so_it_does_with_the_embedded_model_on_real_photos(photos, tmp_path):
    from pekit_agents import load_profile

    references = {
        "Ruby": [photos / "motorcycle_left.png"],
        "Chelsea": [photos / "chelsea.png"],
    }
    categories = dict.fromkeys(references, "object")
    profile = load_profile("embedded")
    cached = PeKitRecognizer(Features(profile, tmp_path, tools="embedded", mode="fast"))
    direct = KitRecognizer(profile, mode="fast")
    for recognizer in (cached, direct):
        recognizer.learn(references, categories)
    for name in ("motorcycle_right.png", "coffee.png"):
        ours, theirs = cached.look(photos / name).named, direct.look(photos / name).named
        assert [(n.name, n.box) for n in ours] == [(n.name, n.box) for n in theirs]
        assert [n.score for n in ours] == pytest.approx([n.score for n in theirs], abs=1e-5)
    assert [n.name for n in cached.look(photos / "motorcycle_right.png").named] == ["Ruby"]


class Middle:
    """Extractor and proposer: what is in the middle of a picture of 128 x 128."""

    def extract(self, image, category):
        return [Proposal(Box(16, 16, 112, 112), 1.0)]

    def propose(self, image, categories, mode):
        return [Proposal(Box(16, 16, 112, 112), 1.0)]


@pytest.fixture
def carton(tmp_path):
    """Draw a carton of some colour with a label of another."""

    def draw(name, body, label, at):
        picture = Image.new("RGB", (128, 128), (128, 128, 128))
        picture.paste(body, (16, 16, 112, 112))
        picture.paste(label, (at, at, at + 16, at + 16))
        picture.save(tmp_path / f"{name}.png")
        return tmp_path / f"{name}.png"

    return draw


def test_look_alikes_are_told_apart_as_in_the_kit_whatever_their_scores(tmp_path, carton):
    references = {
        "orange": [carton("orange", (80, 40, 40), (240, 140, 0), 32)],
        "apple": [carton("apple", (40, 80, 40), (90, 200, 40), 32)],
    }
    categories = dict.fromkeys(references, "juice")
    profile = replace(
        graded_profile(),
        extractor=Middle(),
        proposer=Middle(),
        describer=PatchDescriber(ColourEncoder()),
        reranking=RerankSettings(colour=400),
    )
    cached = PeKitRecognizer(Features(profile, tmp_path / "cache", tools="fake"))
    direct = KitRecognizer(profile)
    for recognizer in (cached, direct):
        recognizer.learn(references, categories)
    # By its body alone each would rather be the other one.
    for truth, body, label in (
        ("orange", (59, 63, 40), (240, 140, 0)),
        ("apple", (63, 59, 40), (90, 200, 40)),
    ):
        query = carton(f"a photo of {truth}", body, label, 80)
        ours, (theirs,) = cached.look(query), direct.look(query).named
        assert [(n.name, n.alternatives) for n in ours.named] == [(truth, ())]
        assert (theirs.name, theirs.alternatives) == (truth, ())
        assert min(ours.scores, key=ours.scores.get) == truth
