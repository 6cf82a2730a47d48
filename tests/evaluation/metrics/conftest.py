"""Answers written by hand, so that every number can be worked out by hand."""

from __future__ import annotations

import pytest
from PIL import Image

from pekit_agents.evaluation.records import Draw, Named, Run, Trial


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
def photos(tmp_path):
    """Write plain pictures, 640 wide and 320 high, below a folder."""

    def write(*names):
        for name in names:
            path = tmp_path / "photos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (640, 320), "gray").save(path)
        return tmp_path / "photos"

    return write
