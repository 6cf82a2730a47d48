"""A data set of plain colours, in the layout of one's own photos."""

from __future__ import annotations

from pathlib import Path

import pytest

from pekit_agents.evaluation.bench import Bench
from pekit_agents.evaluation.records import Dataset, Photo, Thing
from pekit_agents.testing import fake_profile, solid_scene

#: Each thing's photos: the patches that they show.
PLACES = [(20, 20, 80, 80), (40, 30, 100, 90), (60, 10, 150, 60), (10, 50, 70, 110)]
THINGS = ("blue", "cyan", "green", "red")


@pytest.fixture
def colours(tmp_path) -> Dataset:
    """Return four things with four photos each, and one photo of nothing."""
    photos = []
    for thing in THINGS:
        for index, place in enumerate(PLACES):
            path = tmp_path / "data" / thing / f"{index}.png"
            photos.append(Photo(_saved(path, {thing: place}), frozenset({thing})))
    nothing = _saved(tmp_path / "data" / "background" / "grey.png", {})
    photos.append(Photo(nothing, frozenset(), group="background"))
    things = tuple(Thing(name, category=f"{name} thing") for name in THINGS)
    return Dataset("colours", tmp_path / "data", things, tuple(photos))


@pytest.fixture
def bench(colours, tmp_path) -> Bench:
    """Return a bench with the fake profile."""
    return Bench(
        colours,
        profile="fake",
        loaded=fake_profile(),
        with_baselines=False,
        cache=tmp_path / "cache",
        out=tmp_path / "out",
    )


@pytest.fixture
def save():
    """Return a function that draws patches into a file."""
    return _saved


def _saved(path: Path, patches) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    solid_scene(patches).save(path)
    return path
