"""Photos in the world of plain colours."""

from __future__ import annotations

import pytest

from pekit_agents.testing import solid_scene, to_png


@pytest.fixture
def red() -> bytes:
    """A photo of one red thing."""
    return to_png(solid_scene({"red": (20, 20, 80, 80)}))


@pytest.fixture
def scene() -> bytes:
    """A photo of a red and a blue thing."""
    return to_png(solid_scene({"red": (5, 5, 45, 45), "blue": (60, 60, 100, 110)}))
