"""The numbers that decide, and which of them are refused."""

from __future__ import annotations

import math

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.settings import MatchSettings, RerankSettings


@pytest.mark.parametrize("ends", [{"possible": 0.0}, {"named": 1.0}])
def test_odds_without_end_are_refused(ends):
    with pytest.raises(InvalidInput, match="expected possible above 0 and named below 1"):
        MatchSettings(**ends)


def test_as_they_come_they_are_the_papers_and_even_odds():
    made = MatchSettings()
    assert (made.threshold, made.named, made.prior) == (0.75, 0.5, 0)
    assert made.framing == 0


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("threshold", 1.1, "[-1, 1]"),
        ("threshold", math.nan, "[-1, 1]"),
        ("overlap", 2.0, "[0, 1]"),
        ("inside", -0.1, "[0, 1]"),
        ("named", 1.5, "[0, 1]"),
        ("possible", 0.6, "[0, 0.5]"),  # more than what it takes to be named
        ("sure", 0.4, "[0.5, 1]"),
        ("prior", math.inf, "[-100, 100]"),
        ("framing", math.nan, "[0, 100]"),
    ],
)
def test_settings_out_of_range_are_refused(name, value, expected):
    with pytest.raises(InvalidInput) as info:
        MatchSettings(**{name: value})
    assert str(info.value) == f"expected {name} in {expected}, found {value!r}"


@pytest.mark.parametrize(
    "settings",
    [{"threshold": -1.0}, {"named": 0.3, "possible": 0.3}, {"sure": 1.0}, {"framing": 100}],
)
def test_the_ends_of_a_range_are_in_it(settings):
    assert MatchSettings(**settings)


@pytest.mark.parametrize("colour", [-1, 1001, math.nan])
def test_a_weight_that_means_nothing_is_refused(colour):
    with pytest.raises(InvalidInput, match=r"expected colour in \[0, 1000\]"):
        RerankSettings(colour)
