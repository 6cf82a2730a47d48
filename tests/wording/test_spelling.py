"""Two spellings of one name."""

from __future__ import annotations

import pytest

from pekit_agents.wording.spelling import fold, name_key, script, spelled


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zoe", "Zoë"),
        ("Zoë", "ZOE\u0308"),
        ("Mr Whiskers", "Mr. Whiskers"),
        ("Coco", "Coco 🐶"),
        ("Coco", "🐶Coco"),
        ("Sam 👩\u200d🚒", "sam"),
        ("C.J.", "CJ"),
        ("J.R.R. Tolkien", "JRR Tolkien"),
        ("Ann's mug", "Ann\u2019s mug"),
        ("O'Malley", "O\u02bcMalley"),
        ("Mary-Kate", "Mary\u2011Kate"),
        ("Mary-Kate", "Mary Kate"),
        ("\uff32\uff35\uff22\uff39", "Ruby"),
        ("Søren", "Soren"),
        ("Łódź", "Lodz"),
        ("ﬁn", "fin"),
        ("Tom & Jerry", "Tom and Jerry"),
        ("Wham!", "wham"),
        ("שָׁלוֹם", "שלום"),
        ("ک", "ك"),
        ("my_mug", "my mug"),
        ("Coco™", "Coco"),
    ],
)
def test_spellings_that_nobody_tells_apart_have_one_key(one, other):
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("か", "が"),
        ("राम", "रामा"),
        ("C++ mug", "C# mug"),
        ("S9", "S9+"),
        ("🐶", "🐱"),
        ("!!!", "???"),
        ("Cup 1", "Cup 2"),
        ("mybox", "my box"),
        ("코코", "코고"),
    ],
)
def test_what_makes_another_name_stays(one, other):
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize("name", ["🐶", "!!!", "❤️", "+", "👍🏽", "…"])
def test_a_name_without_letters_is_its_own_key(name):
    assert name_key(name)


def test_exact_spellings_differ_in_case_and_blanks_only():
    assert spelled("  Mr.  WHISKERS ") == spelled("mr. whiskers")
    assert spelled("Zoë") != spelled("Zoe")
    assert spelled("Coco 🐶") != spelled("Coco")


def test_each_folded_character_knows_where_it_came_from():
    text = fold("\uff3aoë ß!")
    assert text.source == "Zoë ß!"
    assert text.folded == "zoe ss "
    assert text.at == (0, 1, 2, 3, 4, 4, 5)


@pytest.mark.parametrize(
    ("char", "expected"),
    [
        ("a", "LATIN"),
        ("ー", "KATAKANA"),
        ("코", "HANGUL"),
        ("ा", "DEVANAGARI"),
        ("7", ""),
        (" ", ""),
    ],
)
def test_scripts(char, expected):
    assert script(char) == expected


def test_a_letter_keeps_thirty_marks_at_most():
    assert len(fold("e" + "\u0327\u0301" * 5000).source) <= 31
