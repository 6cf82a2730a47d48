"""Photos of three objects, and a memory to put them in."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pekit_agents.memory import Memory
from pekit_agents.profiles import Profile
from pekit_agents.testing import fake_profile, solid_scene


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two photos of each of three objects."""
    for name, colour in {"Cup": "red", "Hat": "green", "Box": "blue"}.items():
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(2):
            left = 20 + 30 * i
            scene = solid_scene({colour: (left, 20, left + 60, 90)})
            scene.save(tmp_path / "photos" / name / f"{i}.png")
    return tmp_path / "photos"


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    encoder = fake_profile().encoder
    return Memory.open(tmp_path / "memory", user_id="ann", encoder_id=encoder.id, dim=encoder.dim)


_DYING = """
import os
import signal

from pekit_agents.testing import ColourExtractor


class Dying(ColourExtractor):
    def extract(self, image, category):
        if (255, 255, 0) in {colour for _, colour in image.getcolors(2**24)}:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().extract(image, category)


class Unstartable(ColourExtractor):
    def __getstate__(self):
        return {"pid": os.getpid()}

    def __setstate__(self, state):
        if state["pid"] != os.getpid():
            os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def extractors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a module with extractors that end their process, which workers can import."""
    (tmp_path / "ending_extractors.py").write_text(_DYING)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("ending_extractors")
    monkeypatch.delitem(sys.modules, "ending_extractors")


@pytest.fixture
def dying(extractors: Any) -> Profile:
    """Return a profile that ends the process in which it is shown something yellow."""
    return replace(fake_profile(), extractor=extractors.Dying())


@pytest.fixture
def unstartable(extractors: Any) -> Profile:
    """Return a profile that ends every process which it is handed to."""
    return replace(fake_profile(), extractor=extractors.Unstartable())
