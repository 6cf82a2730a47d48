"""One data set of drawn photos for all tests of the folder."""

from __future__ import annotations

import pytest

from pekit_agents.evaluation.datasets import load_dataset
from tests.evaluation.calibrating.drawn import draw_things


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("things")
    draw_things(made)
    return made


@pytest.fixture(scope="session")
def dataset(folder):
    return load_dataset(folder)
