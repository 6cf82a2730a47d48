"""What the verbs say about a sighting, certain or not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pekit_agents.retrievers.documents import of_matches
from pekit_agents.tools.wordings import sighting
from pekit_agents.types import Box, Candidate, Match, PersonalObject


def thing(name: str, context: str = "") -> PersonalObject:
    return PersonalObject(f"id-{name}", name, "dog", context, 3, datetime(2026, 1, 1, tzinfo=UTC))


CERTAIN = Match(thing("Rex", "Bites."), Box(0, 0, 30, 30), 0.81, 0.97)
EITHER = Match(
    thing("Rex", "Bites."), Box(0, 0, 30, 30), 0.81, 0.97, (Candidate(thing("Bella"), 0.79),)
)


@pytest.mark.parametrize(
    ("match", "text"),
    [
        (
            CERTAIN,
            '"Rex" (category "dog"): upper left, box x 0-30 y 0-30, score 0.81. Note: "Bites."',
        ),
        (
            EITHER,
            '"Rex" (category "dog") or "Bella" (category "dog"): upper left, box x 0-30 y 0-30, '
            'scores 0.81 and 0.79; ambiguous, it may be either. Note: "Bites."',
        ),
    ],
)
def test_a_sighting_says_all_that_it_may_be(match, text):
    assert sighting(match, (120, 120)) == text


def test_a_document_lists_the_ids_of_all_that_it_may_be():
    certain, either = of_matches([CERTAIN, EITHER], (120, 120), annotated="img_1")
    assert certain.metadata["may_be"] == "id-Rex"
    assert either.metadata["may_be"] == "id-Rex id-Bella"
    assert either.metadata["object_id"] == "id-Rex"
