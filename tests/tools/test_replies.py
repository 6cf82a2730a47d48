"""What the verbs say about a match: certain, ambiguous or possible."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PIL import Image

from pekit_agents.retrieval.finding import Finding
from pekit_agents.retrievers.documents import of_matches
from pekit_agents.tools.replies import found, sighting
from pekit_agents.types import Box, Candidate, Match, PersonalObject


def thing(name: str, context: str = "") -> PersonalObject:
    return PersonalObject(f"id-{name}", name, "dog", context, 3, datetime(2026, 1, 1, tzinfo=UTC))


CERTAIN = Match(thing("Rex", "Bites."), Box(0, 0, 30, 30), 3.1, 0.95, region=1)
EITHER = replace(CERTAIN, probability=0.53, alternatives=(Candidate(thing("Bella"), 3.0, 0.42),))
POSSIBLE = replace(CERTAIN, score=-0.6, probability=0.36, possible=True, region=2)
ONE_OF_THREE = (Candidate(thing("Bella"), -2.0, 0.12), Candidate(thing("Fido"), -3.0, 0.05))
COSINE = replace(CERTAIN, score=0.81, probability=None)


@pytest.mark.parametrize(
    ("match", "text"),
    [
        (
            CERTAIN,
            '"Rex" (category "dog"): upper left, box x 0-30 y 0-30, probability 95 %. '
            'Note: "Bites."',
        ),
        (
            COSINE,
            '"Rex" (category "dog"): upper left, box x 0-30 y 0-30, score 0.81. Note: "Bites."',
        ),
        (
            replace(COSINE, alternatives=(Candidate(thing("Bella"), 0.79),)),
            '"Rex" (category "dog") or "Bella" (category "dog"): upper left, box x 0-30 y 0-30, '
            'scores 0.81 and 0.79; ambiguous, it may be either. Note: "Bites."',
        ),
        (
            POSSIBLE,
            'may be "Rex" (category "dog"), probability 36 %: upper left, box x 0-30 y 0-30; ask '
            'the user whether it is. Note: "Bites."',
        ),
        (
            replace(POSSIBLE, alternatives=ONE_OF_THREE),
            'may be "Rex" (category "dog") or "Bella" (category "dog") or "Fido" (category "dog"), '
            "probabilities 36 % and 12 % and 5 %: upper left, box x 0-30 y 0-30; ask the user "
            'which of these it is, if any. Note: "Bites."',
        ),
        (
            EITHER,
            '"Rex" (category "dog") or "Bella" (category "dog"): upper left, box x 0-30 y 0-30, '
            'probabilities 53 % and 42 %; ambiguous, it may be either. Note: "Bites."',
        ),
    ],
)
def test_a_sighting_says_all_that_it_may_be(match, text):
    assert sighting(match, (120, 120)) == text


def finding(*matches: Match) -> Finding:
    named = tuple(match for match in matches if not match.possible)
    possible = tuple(match for match in matches if match.possible)
    return Finding(Image.new("RGB", (120, 120)), named, (), possible)


NAMED_HEAD = "1 sighting of personal objects in picture img_1 (120x120 pixels):"
POSSIBLE_HEAD = (
    "1 possible sighting of personal objects in picture img_1 (120x120 pixels), too unsure to be "
    "named:"
)


def test_possible_matches_have_a_heading_of_their_own_after_the_named_ones():
    lines = found(finding(CERTAIN, POSSIBLE), "img_1", "img_2").splitlines()
    assert lines[:4] == [
        NAMED_HEAD,
        f"- sighting 1: {sighting(CERTAIN, (120, 120))}",
        POSSIBLE_HEAD,
        f"- sighting 2: {sighting(POSSIBLE, (120, 120))}",
    ]
    assert lines[4] == "With the boxes drawn in, it is picture img_2."


def test_possible_matches_alone_are_no_named_ones():
    lines = found(finding(POSSIBLE), "img_1", "img_2").splitlines()
    assert lines[0] == POSSIBLE_HEAD
    assert found(finding(CERTAIN), "img_1", "img_2").count("possible") == 0


def test_a_document_lists_the_ids_of_all_that_it_may_be():
    certain, either = of_matches([CERTAIN, EITHER], (120, 120), annotated="img_1")
    assert certain.metadata["may_be"] == "id-Rex"
    assert either.metadata["may_be"] == "id-Rex id-Bella"
    assert either.metadata["object_id"] == "id-Rex"


def test_a_document_says_how_certain_it_is():
    told = of_matches([CERTAIN, EITHER, POSSIBLE, COSINE], (120, 120), annotated="img_1")
    assert [each.metadata["certainty"] for each in told] == [
        "certain",
        "ambiguous",
        "possible",
        "certain",
    ]
    assert [each.metadata["probability"] for each in told[:3]] == [0.95, 0.53, 0.36]
    assert [each.metadata["score"] for each in told] == [3.1, 3.1, -0.6, 0.81]
    assert "probability" not in told[3].metadata
    assert told[2].text.startswith('may be "Rex"')
