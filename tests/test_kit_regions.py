"""The two halves of finding, for those who keep what lies in between."""

from __future__ import annotations

import numpy as np
import pytest

from pekit_agents import InvalidInput, PeKit
from pekit_agents.testing import fake_profile, solid_scene

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
