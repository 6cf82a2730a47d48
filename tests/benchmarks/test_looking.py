"""What each number of where to look is worth: a number that is changed is one of the code."""

from __future__ import annotations

import importlib
from dataclasses import replace

import pytest

from benchmarks.recognition.looking import ALTERNATIVES, changed
from pekit_agents.models.embedded.settings import MATCHING
from pekit_agents.testing import fake_profile


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_a_number_is_changed_and_put_back(name):
    profile = replace(fake_profile(), matching=MATCHING)

    def value(of):
        path, _, leaf = name.rpartition(".")
        if path == "settings.MatchSettings":
            return getattr(of.matching, leaf)
        return getattr(importlib.import_module(f"pekit_agents.{path}"), leaf)

    before = value(profile)
    for other in ALTERNATIVES[name]:
        assert type(other) is type(before)
        with changed(profile, name, other) as new:
            assert value(new) == other != before
        assert value(profile) == before
