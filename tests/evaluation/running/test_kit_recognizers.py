"""The kit on cached features answers as it does through remember and find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pekit_agents.calibration import Calibration
from pekit_agents.details import PatchDescriber
from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.draws import draw_task
from pekit_agents.evaluation.features import Features
from pekit_agents.evaluation.kit_recognizers import KitRecognizer, PeKitRecognizer
from pekit_agents.evaluation.per_object import PerObjectThreshold, raised_thresholds
from pekit_agents.evaluation.replay import Replay
from pekit_agents.matching import MatchSettings
from pekit_agents.testing import ColourEncoder, fake_profile, solid_scene
from pekit_agents.twins import TwinSettings
from pekit_agents.types import Box, Details, Proposal

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


def test_only_what_was_computed_now_has_a_time(tmp_path, save):
    red = save(tmp_path / "red.png", {"red": (10, 10, 90, 90)})
    assert learned(tmp_path, {"red": [red]}).look(red).seconds > 0
    assert learned(tmp_path, {"red": [red]}).look(red).seconds is None


def test_the_score_is_in_the_units_of_the_threshold(tmp_path, save):
    two = save(tmp_path / "two.png", {"red": (0, 0, 60, 60), "blue": (80, 0, 140, 60)})
    red = save(tmp_path / "red.png", {"red": (10, 10, 90, 90)})
    calibration = Calibration(location=0.5, scale=0.1, regions=1, mean=0.9, deviation=0.1)
    matching = MatchSettings(calibration=calibration)
    profile = replace(fake_profile(), matching=matching)
    look = learned(tmp_path, {"red": [red]}, profile=profile).look(two)
    assert look.scores["red"] == pytest.approx(1 - 0.1 * np.log(2), abs=1e-5)
    by_caller = learned(tmp_path, {"red": [red]}, profile=profile, threshold=0.99).look(two)
    assert by_caller.scores["red"] == pytest.approx(1, abs=1e-5)  # taken as it is
    assert [named.name for named in by_caller.named] == ["red"]


def test_the_cached_kit_answers_like_remember_and_find(colours, tmp_path):
    task = draw_task(colours, 2, seed=0)
    features = Features(fake_profile(), tmp_path / "cache", tools="fake")
    cached, direct = PeKitRecognizer(features), KitRecognizer(fake_profile())
    for recognizer in (cached, direct):
        recognizer.learn(task.references, task.categories)
    for photo in task.photos:
        ours, theirs = cached.look(photo.path).named, direct.look(photo.path).named
        assert [(n.name, n.box) for n in ours] == [(n.name, n.box) for n in theirs]
        assert [n.score for n in ours] == pytest.approx([n.score for n in theirs], abs=1e-6)


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


def test_near_twins_are_told_apart_as_in_the_kit_whatever_their_scores(tmp_path, carton):
    references = {
        "orange": [carton("orange", (80, 40, 40), (240, 140, 0), 32)],
        "apple": [carton("apple", (40, 80, 40), (90, 200, 40), 32)],
    }
    categories = dict.fromkeys(references, "juice")
    twins = TwinSettings(within=0.2, kinship=0.9, score=1, likeness=10, colour=80, sure=0.8)
    profile = replace(
        fake_profile(),
        extractor=Middle(),
        proposer=Middle(),
        matching=MatchSettings(threshold=0.7, ambiguity=0.05, twins=twins),
        describer=PatchDescriber(ColourEncoder()),
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


def test_a_picture_stands_for_details_or_has_none():
    replay = Replay("id", 2)
    details = Details(*(np.ones(shape, np.int8) for shape in ((1, 2), (1, 2), 1)))
    vector = np.array([1, 0], np.float32)
    one, other = replay.picture(vector, details), replay.picture(vector)
    region = Proposal(Box(0, 0, 16, 16), 1.0)
    assert replay.describe(one, region) is details
    with pytest.raises(InvalidInput, match="found one without"):
        replay.describe(other, region)


def test_a_picture_stands_for_its_vector_also_beyond_256():
    replay = Replay("id", 2)
    vectors = [np.array([index, 1], np.float32) for index in range(300)]
    pictures = [replay.picture(vector) for vector in vectors]
    grids = replay.encode([pictures[299], pictures[3]])
    assert [grid.reshape(-1).tolist() for grid in grids] == [[299, 1], [3, 1]]


def test_an_objects_threshold_rises_over_its_look_alikes():
    views = {
        "a": np.array([[1, 0, 0]], np.float32),
        "like a": np.array([[0.8, 0.6, 0]], np.float32),
        "other": np.array([[0, 0, 1], [0, 0.6, 0.8]], np.float32),
    }
    found = raised_thresholds(views, 0.5, 0.5)
    assert found["a"] == pytest.approx(0.8)
    assert found["like a"] == pytest.approx(0.8)
    # like a has cosines 0 and 0.36 to the views of other: 0.5 * 0.36 + 0.5 * 0.18, under tau.
    assert found["other"] == 0.5


def test_a_sighting_under_its_objects_threshold_is_left_out(tmp_path):
    def shade(name, colour):
        picture = solid_scene({})
        picture.paste(colour, (10, 10, 90, 90))
        picture.save(tmp_path / name)
        return tmp_path / name

    references = {
        "red": [shade("red.png", (255, 0, 0))],
        "reddish": [shade("reddish.png", (255, 60, 0))],
        "blue": [shade("blue.png", (0, 0, 255))],
    }
    features = Features(fake_profile(), tmp_path / "cache", tools="fake")
    plain, raised = PeKitRecognizer(features), PerObjectThreshold(features)
    for recognizer in (plain, raised):
        recognizer.learn(references, dict.fromkeys(references, "thing"))
    # Seen from grey: red and reddish have a cosine of 0.967, and both under 0.96 with pale red.
    pale = shade("pale.png", (255, 60, 60))
    assert [n.name for n in plain.look(pale).named] == ["reddish"]
    assert raised.look(pale).named == ()
    assert [n.name for n in raised.look(references["blue"][0]).named] == ["blue"]
