"""The two halves of finding, for those who keep what lies in between."""

from __future__ import annotations

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


def test_wrong_settings_are_refused(kit):
    with pytest.raises(InvalidInput):
        kit.propose(PHOTO, mode="hard")
    with pytest.raises(InvalidInput):
        list(kit.match_regions([], threshold=2))
