"""What is seen of things: by drawn photos and fake tools, and by vectors that are known."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pekit_agents.calibration.fitting import BESIDE
from pekit_agents.errors import ImageError
from pekit_agents.evaluation.calibrating.seeing import looks_at, see, vectors_of_regions
from pekit_agents.evaluation.features.features import Features
from pekit_agents.testing import fake_profile, solid_scene
from tests.evaluation.calibrating.drawn import Unit, seen


@pytest.fixture
def features(tmp_path):
    return Features(fake_profile(), tmp_path / "cache", tools="fake")


@pytest.fixture
def photos(tmp_path):
    """Three photos of red, the first with blue beside it; and one in which there is nothing."""
    scenes = {
        "two": {"red": (10, 10, 80, 80), "blue": (100, 20, 130, 50)},
        "red": {"red": (20, 20, 90, 90)},
        "again": {"red": (30, 10, 90, 70)},
        "nothing": {},
    }
    paths = {}
    for name, patches in scenes.items():
        paths[name] = tmp_path / f"{name}.png"
        solid_scene(patches).save(paths[name])
    return paths


def red(vectors) -> np.ndarray:
    """Return which features are those of red."""
    return (vectors[:, 0] > 90) & (vectors[:, 1] < -90) & (vectors[:, 2] < -90)


def test_photos_are_seen_in_the_order_of_things_and_told(photos, features):
    told = []
    things = {
        "cup": [photos["two"], photos["red"], photos["again"]],
        "air": [photos["nothing"]],
    }
    found = see(things, features, dict.fromkeys(things, "thing"), lambda *step: told.append(step))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [each.thing for each in found] == [0, 0, 0, 1]
    assert [len(each.regions) for each in found] == [2, 1, 1, 0]
    assert [each.view is None for each in found] == [False, False, False, True]
    assert red(np.concatenate([each.view for each in found[:3]])).all()
    assert red(found[0].regions).tolist() == [True, False]  # the main region first


def test_the_first_two_photos_of_a_thing_are_made_worse(photos, features):
    things = {"cup": [photos["two"], photos["red"], photos["again"]], "air": [photos["nothing"]]}
    found = see(things, features, dict.fromkeys(things, "thing"), lambda *_: None)
    assert [len(each.worse) for each in found] == [7, 7, 0, 0]
    assert found[0].conditions == (1, 1, 1, 2, 2, 3, 4)
    assert found[3].worse.shape == (0, 4)
    dark, plain = found[1].worse[3], found[1].view[0]
    assert dark[0] < -90 < plain[0]  # a tenth of red is black


def test_a_photo_too_bad_to_find_anything_in_is_left_out(tmp_path, features):
    # Smeared over 60 of 800 pixels, a small pale patch is all but grey.
    pale = Image.new("RGB", (160, 120), (128, 128, 128))
    pale.paste((200, 200, 200), (20, 20, 28, 28))
    pale.save(tmp_path / "pale.png")
    (found,) = see({"cup": [tmp_path / "pale.png"]}, features, {"cup": "cup"}, lambda *_: None)
    assert len(found.worse) == len(found.conditions)
    assert found.conditions.count(1) < 3
    assert found.conditions.count(2) == 2


def test_views_and_main_regions_are_looks_at_a_thing_and_other_regions_lie_beside_it():
    photos = [
        seen(0, (2, 0, 0), (0, 3, 0), view=(0, 0, 4)),
        seen(1, (0, 5, 0)),  # no object was found when it was introduced
        seen(2, view=(3, 4, 0), worse=[(0, 1, 0), (1, 0, 0)], conditions=(2, 1)),
        seen(3),
    ]
    looks = looks_at(photos, Unit())
    np.testing.assert_allclose(
        looks.vectors,
        [(0, 0, 1), (1, 0, 0), (0, 1, 0), (0, 1, 0), (0.6, 0.8, 0), (0, 1, 0), (1, 0, 0)],
        atol=1e-6,
    )
    assert looks.things.tolist() == [0, 0, 0, 1, 2, 2, 2]
    assert looks.conditions.tolist() == [0, 0, BESIDE, 0, 0, 2, 1]


def test_of_no_photos_there_are_no_looks():
    looks = looks_at([], Unit())
    assert (looks.vectors.shape, len(looks.things)) == ((0, 3), 0)


def test_of_other_photos_all_regions_are_taken(photos, features):
    told = []
    paths = [photos["two"], photos["nothing"], photos["red"]]
    found = vectors_of_regions(paths, features, "object", lambda *step: told.append(step))
    assert found.shape == (3, 4)
    assert red(found).tolist() == [True, False, True]
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert vectors_of_regions([], features, "object", lambda *_: None).shape == (0, 4)


def test_a_photo_that_cannot_be_read_is_named(tmp_path, features):
    (tmp_path / "text.png").write_text("no photo")
    with pytest.raises(ImageError, match=r"text\.png"):
        see({"cup": [tmp_path / "text.png"]}, features, {"cup": "cup"}, lambda *_: None)
