"""From a photo to its regions: whom the guide asks, and what is looked at again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pekit_agents.looks import PhotoLooks
from pekit_agents.matching import MatchSettings
from pekit_agents.memory import Memory
from pekit_agents.retrieval import find_regions, sightings
from pekit_agents.testing import fake_profile, solid_scene
from pekit_agents.types import Box, PersonalObject, Proposal

ALONG = np.eye(3, dtype=np.float32)
PLACE, ELSEWHERE = Box(0, 0, 10, 10), Box(50, 50, 60, 60)


def towards(cosine: float) -> np.ndarray:
    """Return a unit vector with that cosine to the first axis."""
    return np.array([cosine, (1 - cosine**2) ** 0.5, 0], np.float32)


class Unit:
    """An encoder whose features are unit vectors already."""

    id, dim = "unit@1", 3

    def normalize(self, vectors):
        return vectors


class FakeLooks:
    """Regions known beforehand, and what each of them is like from close up."""

    def __init__(self, first, second, boxes):
        self.first, self.second, self.boxes = np.stack(first), np.stack(second), boxes
        self.again: list[int] = []
        self.guide = None

    def regions(self, categories, guide):
        self.guide = guide
        return self.boxes, self.first

    def closer(self, chosen):
        self.again = list(chosen)
        return self.second[chosen]


@pytest.fixture
def gallery(tmp_path, make_object):
    memory = Memory.open(tmp_path, user_id="ann", encoder_id="unit@1", dim=3)
    memory.insert(make_object("Rex"), ALONG[:1])
    return memory.gallery()


@pytest.fixture
def make_object():
    from datetime import UTC, datetime

    def make(name):
        return PersonalObject(name.lower(), name, "dog", "", 0, datetime.now(UTC))

    return make


SETTINGS = MatchSettings(threshold=0.6, doubt=0.1)


def find(looks, gallery, settings=SETTINGS):
    return find_regions(looks, Unit(), gallery, settings)


@pytest.mark.parametrize(
    ("score", "doubtful"), [(0.54, False), (0.56, True), (0.69, True), (0.71, False)]
)
def test_only_scores_near_tau_are_looked_at_again(gallery, score, doubtful):
    looks = FakeLooks([towards(score)], [towards(0.9)], [PLACE])
    found = find(looks, gallery)
    assert looks.again == ([0] if doubtful else [])
    expected = towards(score) + towards(0.9) if doubtful else towards(score)
    np.testing.assert_allclose(found.vectors, [expected / np.linalg.norm(expected)], atol=1e-6)


@pytest.mark.parametrize(("score", "doubtful"), [(0.44, False), (0.46, True), (0.71, False)])
def test_among_several_regions_lower_scores_are_looked_at_again(gallery, score, doubtful):
    looks = FakeLooks([towards(score), towards(0.1)], [towards(0.9)] * 2, [PLACE, ELSEWHERE])
    find(looks, gallery)
    assert looks.again == ([0] if doubtful else [])


def test_a_closer_look_can_take_a_name_away_and_give_one(gallery):
    taken = FakeLooks([towards(0.65)], [towards(0.2)], [PLACE])
    given = FakeLooks([towards(0.57)], [towards(0.9)], [PLACE])
    for looks, names in ((taken, []), (given, ["Rex"])):
        found = find(looks, gallery)
        matches = sightings(found.boxes, found.vectors, gallery, SETTINGS)
        assert [match.object.name for match in matches] == names


def test_the_first_look_stands_where_there_is_no_doubt_to_settle(gallery):
    looks = FakeLooks([towards(0.65)], [towards(0.2)], [PLACE])
    found = find(looks, gallery, replace(SETTINGS, doubt=0.0))
    assert looks.again == []
    np.testing.assert_allclose(found.vectors, [towards(0.65)])


def test_of_doubtful_regions_in_one_place_the_most_alike_is_kept(gallery):
    beside = Box(1, 0, 10, 10)
    looks = FakeLooks(
        [towards(0.6), towards(0.65), towards(0.62)], [towards(0.9)] * 3, [beside, PLACE, ELSEWHERE]
    )
    found = find(looks, gallery)
    assert (looks.again, found.chosen) == ([1, 2], (1, 2))
    assert found.boxes == (PLACE, ELSEWHERE)


def test_a_region_that_is_clear_stays_beside_a_doubtful_one(gallery):
    looks = FakeLooks([towards(0.9), towards(0.65)], [towards(0.9)] * 2, [PLACE, PLACE])
    assert find(looks, gallery).chosen == (0, 1)


def test_no_more_than_six_places_are_looked_at_again(gallery):
    boxes = [Box(20 * i, 0, 20 * i + 10, 10) for i in range(9)]
    looks = FakeLooks([towards(0.65)] * 9, [towards(0.65)] * 9, boxes)
    found = find(looks, gallery)
    assert len(looks.again) == len(found.boxes) == 6


def test_a_photo_without_regions_has_none(gallery):
    looks = FakeLooks([towards(1)], [towards(1)], [])
    looks.first = np.zeros((0, 3), np.float32)
    found = find(looks, gallery)
    assert (found.chosen, found.boxes, found.vectors.shape) == ((), (), (0, 3))


def test_the_guide_says_how_far_a_part_is_from_being_named(gallery):
    looks = FakeLooks([towards(0.1)], [towards(0.1)], [PLACE])
    find(looks, gallery)
    likeness = looks.guide(np.stack([towards(0.9), towards(0.5)]))
    np.testing.assert_allclose(likeness, [0.3, -0.1], atol=1e-6)


def test_a_guide_is_asked_by_a_proposer_that_takes_one(gallery):
    asked = []

    class Guided:
        def propose(self, image, categories, mode):
            raise AssertionError("there is a guide")

        def propose_guided(self, image, categories, mode, guide):
            asked.append((tuple(categories), mode, guide))
            return [Proposal(Box(5, 5, 45, 45), 1.0)]

    photo = solid_scene({"red": (5, 5, 45, 45)})
    profile = replace(fake_profile(), proposer=Guided())
    looks = PhotoLooks(photo, profile, "scene")
    guide = object()
    boxes, pooled = looks.regions(["dog"], guide)
    assert asked == [(("dog",), "scene", guide)]
    assert (boxes, len(pooled)) == ([Box(5, 5, 45, 45)], 1)


def test_a_closer_look_fills_a_window_with_the_region(gallery):
    sizes = []

    class Watched:
        id, dim = "watched", 4

        def __init__(self):
            self.inner = fake_profile().encoder

        def encode(self, images):
            sizes.extend(image.size for image in images)
            return self.inner.encode(images)

        def normalize(self, vectors):
            return self.inner.normalize(vectors)

    photo = solid_scene({"red": (40, 40, 80, 80)})
    looks = PhotoLooks(photo, replace(fake_profile(), encoder=Watched()), "auto")
    looks.regions([], None)
    pooled = looks.closer([0])
    assert sizes == [(160, 120), (52, 52)]  # 40 pixels and a margin of 0.15 on each side
    assert pooled.shape == (1, 4)
