"""The two halves of finding, for those who keep what lies in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from pekit_agents import InvalidInput, PeKit
from pekit_agents.calibration import Calibration
from pekit_agents.matching import MatchSettings
from pekit_agents.memory import Memory
from pekit_agents.testing import fake_profile, solid_scene
from pekit_agents.types import Box, PersonalObject

NOW = datetime(2026, 1, 1, tzinfo=UTC)

PHOTO = solid_scene({"red": (5, 5, 45, 45), "blue": (60, 60, 100, 110)})


@pytest.fixture
def kit(tmp_path):
    return PeKit.open(tmp_path, fake_profile())


def test_both_halves_together_find(kit):
    kit.remember("Biscuit", solid_scene({"red": (20, 20, 80, 80)}), category="dog")
    photo, proposals, vectors = kit.propose(PHOTO)
    (matches,) = kit.match_regions([([p.box for p in proposals], vectors)])
    found = kit.find(PHOTO)
    assert tuple(matches) == found.matches
    assert photo.tobytes() == found.image.tobytes()
    assert vectors.shape == (2, 4)


def test_regions_meet_objects_that_come_later(kit):
    _, proposals, vectors = kit.propose(PHOTO)
    regions = ([p.box for p in proposals], vectors)
    assert list(kit.match_regions([regions])) == [[]]
    kit.remember("Mug", solid_scene({"blue": (20, 20, 80, 80)}), category="mug")
    (matches,) = kit.match_regions([regions])
    assert [match.object.name for match in matches] == ["Mug"]


def test_a_photo_without_regions_has_no_matches(kit):
    kit.remember("Biscuit", solid_scene({"red": (20, 20, 80, 80)}), category="dog")
    _, proposals, vectors = kit.propose(solid_scene({}))
    assert (proposals, vectors.shape) == ([], (0, 4))
    assert list(kit.match_regions([([], vectors), ([], vectors)])) == [[], []]


def test_many_photos_at_once_have_the_matches_of_each_alone(tmp_path):
    rng = np.random.default_rng(5)

    def looks(count):
        vectors = rng.standard_normal((count, 4)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    # The threshold is .49 for one region of a photo and .63 for nine.
    calibration = Calibration(location=0.1, scale=0.064, regions=1.0, mean=0.9, deviation=0.1)
    settings = MatchSettings(max_weight=0.5, ambiguity=0.1, calibration=calibration)
    memory = Memory.open(tmp_path, user_id="ann", encoder_id="colour@1", dim=4)
    for number in range(12):
        name = f"thing {number}"
        memory.insert(PersonalObject(name.replace(" ", "-"), name, "", "", 0, NOW), looks(3))
    kit = PeKit(memory, replace(fake_profile(), matching=settings))
    photos = [
        ([Box(20 * i, 0, 20 * i + 25, 9) for i in range(size)], looks(size))
        for size in rng.integers(0, 10, 300).tolist()
    ]
    alone = [next(kit.match_regions([photo])) for photo in photos]
    for some, own in zip(kit.match_regions(photos), alone, strict=True):
        # A product of other shapes may round differently.
        assert [m.score for m in some] == pytest.approx([m.score for m in own], abs=1e-6)
        told, expected = ([(m.region, m.box, names(m)) for m in each] for each in (some, own))
        assert told == expected
    assert 200 < sum(map(bool, alone)) < 290
    assert any(match.alternatives for own in alone for match in own)


def names(match):
    return [obj.name for obj in match.candidates]


def test_a_quick_test_passes_the_regions_that_may_show_an_object_and_few_others(kit):
    _, proposals, vectors = kit.propose(PHOTO)
    objects = {
        colour: kit.remember(colour, solid_scene({colour: (20, 20, 80, 80)}), category="thing")
        for colour in ("red", "blue", "green")
    }
    regions = np.concatenate([vectors] * 300)  # several blocks, the last one not full
    shown = [
        m.object.name for m in next(kit.match_regions([([p.box for p in proposals], vectors)]))
    ]
    assert sorted(shown) == ["blue", "red"]
    for wanted in (["red"], ["blue"], ["red", "blue"], ["green"]):
        passed = kit.region_test(objects[name].object_id for name in wanted)(regions)
        names = {name for name in wanted if name != "green"}
        assert passed.sum() == 300 * len(names)
        assert (passed[:2] == passed[-2:]).all()


def test_wrong_settings_are_refused(kit):
    with pytest.raises(InvalidInput):
        kit.propose(PHOTO, mode="hard")
    with pytest.raises(InvalidInput):
        list(kit.match_regions([], threshold=2))
