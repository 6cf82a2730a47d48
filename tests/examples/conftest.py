"""The examples are imported as a user runs them: from the root of the repository."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pekit_agents.testing import solid_scene, to_png

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True, scope="session")
def _root_on_path() -> Iterator[None]:
    sys.path.insert(0, str(ROOT))
    yield
    sys.path.remove(str(ROOT))


@pytest.fixture
def red() -> bytes:
    """A photo of one red thing."""
    return to_png(solid_scene({"red": (20, 20, 80, 80)}))


@pytest.fixture
def scene() -> bytes:
    """A photo of a red and a blue thing."""
    return to_png(solid_scene({"red": (5, 5, 45, 45), "blue": (60, 60, 100, 110)}))
