"""How a question is put, and which letter an answer means."""

from __future__ import annotations

from pathlib import Path

import pytest

from pekit_agents.evaluation.records import Question
from pekit_agents.evaluation.vqa.choices import ask, parse_choice

FUR = {"A": "Brown", "B": "Grey"}
SEAT = {"A": "A white rocking chair", "B": "A red bench"}
SEEN = {"A": "No", "B": "Yes"}
PLUSH = {"A": "Dog", "B": "Hot dog"}
FOUR = {"A": "1", "B": "2", "C": "3", "D": "4"}


def test_a_question_lists_its_choices_and_asks_for_the_letter_alone():
    question = Question(Path("0.png"), "bo", "What is the color of bo's fur?", FUR, "A")
    assert ask(question) == (
        "What is the color of bo's fur?\nA. Brown\nB. Grey\n"
        "Answer with the letter of the right choice only: A or B."
    )
    four = Question(Path("0.png"), "bo", "How many?", FOUR, "A")
    assert ask(four).endswith("only: A, B, C or D.")


@pytest.mark.parametrize(
    ("answer", "choices", "letter"),
    [
        # the letter alone
        ("A", FUR, "A"),
        ("b", FUR, "B"),
        ("A.", FUR, "A"),
        (" B\n", FUR, "B"),
        ("(b)", FUR, "B"),
        ("B)", FUR, "B"),
        ("[A]", FUR, "A"),
        ("**B**", FUR, "B"),
        ("`a`", FUR, "A"),
        ('"A"', FUR, "A"),
        ("\\boxed{B}", FUR, "B"),
        ("Ａ", FUR, "A"),  # noqa: RUF001  # full width
        ("C", FOUR, "C"),
        # the letter in words
        ("The answer is A", FUR, "A"),
        ("The answer is (b).", FUR, "B"),
        ("Answer: B", FUR, "B"),
        ("The correct answer is **B**.", FUR, "B"),
        ("The right choice would be A.", FUR, "A"),
        ("The answer is A, obviously", FUR, "A"),
        ("The answer is A obviously", FUR, "A"),
        ("The answer is a dog", PLUSH, "A"),
        ("B seems right to me", FUR, "B"),
        ("It isn't A, it's B", FUR, "B"),
        ("Option B", FUR, "B"),
        ("I choose B because of its colour.", FUR, "B"),
        ("A because it is brown", FUR, "A"),
        ("It looks brown, so A", FUR, "A"),
        ("<think>A? No, it must be B.</think>\nB", FUR, "B"),
        ("<think>A or B", FUR, None),
        # letter and text
        ("A. Brown", FUR, "A"),
        ("B) Grey", FUR, "B"),
        ("(A) Brown", FUR, "A"),
        ("a) brown", FUR, "A"),
        ("A - Brown", FUR, "A"),
        ("B: Grey fur", FUR, "B"),
        ("A. Grey", FUR, "A"),  # they disagree: the letter was asked for
        ("The answer is A, not B.", FUR, "A"),
        ("Not A but B.", FUR, "B"),
        # the choice's text
        ("Brown", FUR, "A"),
        ("grey.", FUR, "B"),
        ("The dog's fur is grey.", FUR, "B"),
        ("It is grey, not brown.", FUR, "B"),
        ("A red bench", SEAT, "B"),
        ("a white rocking chair", SEAT, "A"),
        ("It sits on the red bench", SEAT, "B"),
        ("Plan B", {"A": "Plan B", "B": "Plan A"}, "A"),  # the whole text of a choice
        ("No", SEEN, "A"),
        ("Yes, it is.", SEEN, "B"),
        ("A hot dog", PLUSH, "B"),
        ("It is a dog.", PLUSH, "A"),
        ("There are 3.", FOUR, "C"),
        # abstentions
        ("", FUR, None),
        ("   ", FUR, None),
        ("A and B", FUR, None),
        ("A or B", FUR, None),
        ("A/B", FUR, None),
        ("Both A and B are right.", FUR, None),
        ("The answer is A or B.", FUR, None),
        ("A. Brown\nB. Grey", FUR, None),
        ("Either brown or grey.", FUR, None),
        ("It is not A.", FUR, None),
        ("It is not brown.", FUR, None),
        ("I cannot tell.", FUR, None),
        ("A dog lies on a sofa.", FUR, None),  # an article is no letter
        ("C", FUR, None),
        ("Neither", FUR, None),
        ("Blue", FUR, None),
        ("Grapes", FUR, None),
    ],
)
def test_answers_are_read(answer, choices, letter):
    assert parse_choice(answer, choices) == letter
