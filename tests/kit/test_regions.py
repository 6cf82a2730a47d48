"""The two halves of finding, for those who keep what lies in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from pekit_agents import InvalidInput, PeKit
from pekit_agents.memory import Memory
from pekit_agents.testing import fake_profile, graded_profile, solid_scene
from pekit_agents.types import Box, PersonalObject

NOW = datetime(2026, 1, 1, tzinfo=UTC)

PHOTO = solid_scene({"red": (5, 5, 45, 45), "blue": (60, 60, 100, 110)})


@pytest.fixture
def kit(tmp_path):
    return PeKit.open(tmp_path, fake_profile())


def test_both_halves_together_find(kit):
    kit.remember("Biscuit", solid_scene({"red": (20, 20, 80, 80)}), category="dog")
    photo, proposals, vectors = kit.propose(PHOTO)
    ((matches, possible),) = kit.match_regions([([p.box for p in proposals], vectors)])
    found = kit.find(PHOTO)
    assert (tuple(matches), tuple(possible)) == (found.matches, found.possible)
    assert photo.tobytes() == found.image.tobytes()
    assert vectors.shape == (2, 4)


def test_regions_meet_objects_that_come_later(kit):
    _, proposals, vectors = kit.propose(PHOTO)
    regions = ([p.box for p in proposals], vectors)
    assert list(kit.match_regions([regions])) == [([], [])]
    kit.remember("Mug", solid_scene({"blue": (20, 20, 80, 80)}), category="mug")
    ((matches, _),) = kit.match_regions([regions])
    assert [match.object.name for match in matches] == ["Mug"]


def test_a_photo_without_regions_has_no_matches(kit):
    kit.remember("Biscuit", solid_scene({"red": (20, 20, 80, 80)}), category="dog")
    _, proposals, vectors = kit.propose(solid_scene({}))
    assert (proposals, vectors.shape) == ([], (0, 4))
    assert list(kit.match_regions([([], vectors), ([], vectors)])) == [([], []), ([], [])]


def test_what_may_be_an_object_is_told_apart_from_what_is(tmp_path):
    kit = PeKit.open(tmp_path, graded_profile())
    kit.remember("Biscuit", solid_scene({"red": (20, 20, 80, 80)}), category="dog")
    shown = ({"red": (5, 5, 45, 45), "pale red": (60, 60, 100, 110)}, {"blue": (5, 5, 45, 45)})
    photos = []
    for patches in shown:
        _, proposals, vectors = kit.propose(solid_scene(patches))
        photos.append(([p.box for p in proposals], vectors))
    found = [
        [[(m.object.name, m.box.xyxy) for m in matches] for matches in both]
        for both in kit.match_regions(photos)
    ]
    sure, unsure = [("Biscuit", (5, 5, 45, 45))], [("Biscuit", (60, 60, 100, 110))]
    assert found == [[sure, unsure], [[], []]]
    loose = next(kit.match_regions(photos, strictness=0.5))
    assert [len(matches) for matches in loose] == [2, 0]


def test_many_photos_at_once_have_the_matches_of_each_alone(tmp_path):
    rng = np.random.default_rng(5)

    def drawn(count):
        vectors = rng.standard_normal((count, 4)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    memory = Memory.open(tmp_path, user_id="ann", encoder_id="colour@1", dim=4)
    for number in range(12):
        name = f"thing {number}"
        memory.insert(PersonalObject(name.replace(" ", "-"), name, "", "", 0, NOW), drawn(3))
    graded = graded_profile()
    loose = replace(
        graded.discriminant,
        basis=5 * np.eye(4, dtype=np.float32),
        between=np.full(4, 6, np.float32),
    )
    kit = PeKit(memory, replace(graded, discriminant=loose))
    photos = [
        ([Box(20 * i, 0, 20 * i + 25, 9) for i in range(size)], drawn(size))
        for size in rng.integers(0, 10, 300).tolist()
    ]
    alone = [next(kit.match_regions([photo])) for photo in photos]
    for some, own in zip(kit.match_regions(photos), alone, strict=True):
        for those, these in zip(some, own, strict=True):
            # A product of other shapes may round differently.
            assert [m.score for m in those] == pytest.approx([m.score for m in these], abs=1e-3)
            told, expected = (
                [(m.region, m.box, names(m)) for m in each] for each in (those, these)
            )
            assert told == expected
    assert 50 < sum(bool(named) for named, _ in alone) < 290
    assert any(possible for _, possible in alone)
    assert any(match.alternatives for named, _ in alone for match in named)


def names(match):
    return [obj.name for obj in match.candidates]


def test_a_quick_test_passes_the_regions_that_may_show_an_object_and_few_others(kit):
    _, proposals, vectors = kit.propose(PHOTO)
    objects = {
        colour: kit.remember(colour, solid_scene({colour: (20, 20, 80, 80)}), category="thing")
        for colour in ("red", "blue", "green")
    }
    regions = np.concatenate([vectors] * 300)  # several blocks, the last one not full
    found, _ = next(kit.match_regions([([p.box for p in proposals], vectors)]))
    shown = [m.object.name for m in found]
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
