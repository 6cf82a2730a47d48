"""Three remembered objects of Ann; nothing but the vision tools is scripted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pekit_agents.kit.kit import PeKit
from pekit_agents.profiles import Profile
from pekit_agents.testing import fake_profile, graded_profile, solid_scene, to_png
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.types import PersonalObject

RED = (20, 20, 80, 80)
OWNED = {
    "Biscuit": ("red", "dog", "Eats shoes."),
    "my red mug": ("blue", "mug", "From grandma; the dog chewed it."),
    "Zoë's plate": ("green", "ceramic plate", "Made in Łódź, shows a dog."),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "memory"


def fill(memory: Path, profile: Profile) -> None:
    kit = PeKit.open(memory, user_id="ann", profile=profile)
    for name, (colour, category, context) in OWNED.items():
        kit.remember(name, solid_scene({colour: RED}), category=category, context=context)


@pytest.fixture
def actions(root: Path, copied: Callable[..., Path]) -> PersonalActions:
    copied("three of Ann", lambda memory: fill(memory, fake_profile()), root)
    return PersonalActions.open(root, fake_profile())


@pytest.fixture
def photo() -> Callable[..., bytes]:
    """Draw a photo with patches of the given colours, side by side."""

    def draw(*colours: str, height: int = 50) -> bytes:
        patches = {c: (10 + 50 * i, 10, 50 + 50 * i, height) for i, c in enumerate(colours)}
        return to_png(solid_scene(patches))

    return draw


@pytest.fixture
def graded(tmp_path: Path, copied: Callable[..., Path]) -> PersonalActions:
    """Actions that know probabilities, and the same objects."""
    profile = graded_profile()
    root = copied("three, graded", lambda memory: fill(memory, profile), tmp_path / "graded")
    return PersonalActions.open(root, profile)


@pytest.fixture
def thing() -> Callable[..., PersonalObject]:
    def make(name: str, category: str = "thing", context: str = "") -> PersonalObject:
        return PersonalObject(name, name, category, context, 1, datetime(2026, 1, 1, tzinfo=UTC))

    return make
