"""Answers written by hand, and a data set of plain colours in the layout of one's own photos."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from pekit_agents.evaluation.bench import Bench
from pekit_agents.evaluation.records import Dataset, Draw, Named, Photo, Run, Thing, Trial
from pekit_agents.testing import fake_profile, solid_scene
from pekit_agents.types import Box

#: Each thing's photos: the patches that they show.
PLACES = [(20, 20, 80, 80), (40, 30, 100, 90), (60, 10, 150, 60), (10, 50, 70, 110)]
THINGS = ("blue", "cyan", "green", "red")
#: Things of which there is a data set with a box in each photo, to compose scenes and clips of.
PATCHES = ("red", "green", "blue", "yellow", "magenta", "cyan")


def named_from(word):
    """Read "cup", "cup 0.8" or "cup 0.8 or mug": undecided between cup and mug."""
    if isinstance(word, Named):
        return word
    first, *others = word.split(" or ")
    name, _, score = first.partition(" ")
    return Named(name, float(score or 0.9), alternatives=tuple(others))


@pytest.fixture
def trial():
    def make(photo, shows=(), named=(), *, scores=None, group="", about=(), boxes=None, **more):
        shown = (shows,) if isinstance(shows, str) else tuple(shows)
        said = (named,) if isinstance(named, str | Named) else tuple(named)
        answers = tuple(map(named_from, said))
        return Trial(photo, group, shown, boxes or {}, answers, scores or {}, about=about, **more)

    return make


@pytest.fixture
def draw():
    def make(*trials, known=("cup", "dog"), recognizer="kit", seed=0, refs=1, condition=""):
        references = {name: (f"{name}/ref.jpg",) for name in known}
        return Draw(recognizer, seed, refs, tuple(known), references, trials, condition)

    return make


@pytest.fixture
def run(tmp_path):
    def make(*draws, protocol="recognition", dataset="shelf", root=None, **settings):
        place = str(root or tmp_path / "photos")
        return Run(protocol, dataset, place, settings, {"pekit-agents": "1.2"}, draws, 65.0)

    return make


@pytest.fixture
def write_photos(tmp_path):
    """Write plain pictures, 640 wide and 320 high, below a folder."""

    def write(*names):
        for name in names:
            path = tmp_path / "photos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (640, 320), "gray").save(path)
        return tmp_path / "photos"

    return write


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
def backgrounds(tmp_path) -> list[Path]:
    """Return grey photos to lay things on."""
    paths = [tmp_path / "grey-0.png", tmp_path / "grey-1.png"]
    for path in paths:
        Image.new("RGB", (200, 150), (128, 128, 128)).save(path)
    return paths


@pytest.fixture
def dataset(tmp_path) -> Dataset:
    """Six things, each a patch of one colour, with four photos and a box in each."""
    photos = []
    for colour in PATCHES:
        for index in range(4):
            patch = (40 - 5 * index, 30, 100, 90)
            path = _saved(tmp_path / "things" / f"{colour}-{index}.png", {colour: patch})
            photos.append(Photo(path, frozenset({colour}), {colour: (Box(*patch),)}))
    return Dataset("patches", tmp_path / "things", tuple(map(Thing, PATCHES)), tuple(photos))


@pytest.fixture
def save():
    """Return a function that draws patches into a file."""
    return _saved


def _saved(path: Path, patches) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    solid_scene(patches).save(path)
    return path
