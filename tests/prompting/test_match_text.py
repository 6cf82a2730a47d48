"""A match in a few words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pekit_agents.prompting.match_text import answer_of, chances_of, percent
from pekit_agents.types import Box, Candidate, Match, PersonalObject


def match(*names, possible=False, chances=None):
    chances = chances or [None] * len(names)
    when = datetime(2026, 1, 1, tzinfo=UTC)
    first, *others = [
        Candidate(PersonalObject(name, name, "dog", "", 1, when), 1.0, chance)
        for name, chance in zip(names, chances, strict=True)
    ]
    box = Box(0, 0, 9, 9)
    return Match(first.object, box, 1.0, first.probability, tuple(others), possible)


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        (match("Biscuit"), "Biscuit"),
        (match("Biscuit", "Bella"), "Biscuit or Bella"),
        (match("Biscuit", possible=True), "may be Biscuit"),
        (match("Biscuit", "Bella", possible=True), "may be Biscuit or Bella"),
    ],
)
def test_there_are_three_answers(found, answer):
    assert answer_of(found) == answer


@pytest.mark.parametrize(
    ("found", "chances"),
    [
        (match("Biscuit"), ""),
        (match("Biscuit", "Bella"), ""),
        (match("Biscuit", chances=[0.364]), "36 %"),
        (match("Biscuit", "Bella", chances=[0.53, 0.46]), "53 % or 46 %"),
    ],
)
def test_each_object_has_its_chance_where_that_is_known(found, chances):
    assert chances_of(found) == chances


@pytest.mark.parametrize(
    ("probability", "text"), [(0.0, "1 %"), (0.016, "2 %"), (0.5, "50 %"), (0.99998, "99 %")]
)
def test_nothing_is_certain_or_impossible(probability, text):
    assert percent(probability) == text
