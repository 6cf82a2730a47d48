"""The embedded model and what it is shown."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pekit_agents.images.loading import load_image
from pekit_agents.models.embedded.model import FocusModel


@pytest.fixture(scope="session")
def model(embedded_model) -> FocusModel:
    return FocusModel()


@pytest.fixture(scope="session")
def cup(photos) -> Image.Image:
    return load_image(photos / "coffee.png")


@pytest.fixture
def crowd(photos) -> tuple[Image.Image, np.ndarray]:
    """A cup on a wall of coins, which stand out and fill the photo, and the box of the cup."""
    wall = load_image(photos / "coins.png").convert("RGB").resize((1200, 1200))
    wall.paste(
        load_image(photos / "coffee.png").crop((85, 8, 425, 390)).resize((178, 200)), (900, 120)
    )
    return wall, np.array([[900.0, 120.0, 1078.0, 320.0]])
