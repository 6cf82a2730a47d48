"""Six things, each a patch of one colour on grey, and grey photos to lay them on."""

from __future__ import annotations

import pytest
from PIL import Image

from pekit_agents.evaluation.records import Dataset, Photo, Thing
from pekit_agents.testing import solid_scene
from pekit_agents.types import Box

COLOURS = ("red", "green", "blue", "yellow", "magenta", "cyan")


@pytest.fixture
def backgrounds(tmp_path):
    paths = [tmp_path / "grey-0.png", tmp_path / "grey-1.png"]
    for path in paths:
        Image.new("RGB", (200, 150), (128, 128, 128)).save(path)
    return paths


@pytest.fixture
def dataset(tmp_path):
    root = tmp_path / "things"
    root.mkdir()
    photos = []
    for colour in COLOURS:
        for index in range(4):
            path = root / f"{colour}-{index}.png"
            patch = (40 - 5 * index, 30, 100, 90)
            solid_scene({colour: patch}).save(path)
            photos.append(Photo(path, frozenset({colour}), {colour: (Box(*patch),)}))
    return Dataset("patches", root, tuple(map(Thing, COLOURS)), tuple(photos))
