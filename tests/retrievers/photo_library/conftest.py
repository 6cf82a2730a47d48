"""A library of Ann's photos whose encoder counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pekit_agents.profiles import Profile
from pekit_agents.retrievers.photo_library.library import PhotoLibrary
from pekit_agents.testing import ColourEncoder, fake_profile
from pekit_agents.tools.actions import PersonalActions

Draw = Callable[..., bytes]


class Counting(ColourEncoder):
    """Counts the photos it encodes."""

    count = 0

    def encode(self, images: Any) -> Any:
        self.count += len(images)
        return super().encode(images)


@pytest.fixture
def encoder() -> Counting:
    return Counting()


@pytest.fixture
def library(root: Path, actions: PersonalActions, encoder: Counting) -> PhotoLibrary:
    fake = fake_profile()
    profile = Profile("fake", fake.extractor, fake.proposer, encoder, fake.matching, augment=False)
    return PhotoLibrary.open(root, "ann", profile)


@pytest.fixture
def photos(photo: Draw) -> dict[str, bytes]:
    return {
        "dog": photo("red"),
        "dog-and-mug": photo("red", "blue"),
        "all": photo("red", "blue", "green"),
        "nothing": photo(),
        "stranger": photo("magenta", "blue"),
    }
