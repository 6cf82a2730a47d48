"""The owner's words: what is cleaned away, what is kept, what is refused."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pekit_agents.errors import InvalidInput
from pekit_agents.owner_text import clean_category, clean_context, clean_name, quote, to_ascii

any_text = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Mugsy", "Mugsy"),
        ("  Mugsy \t the\n\nmug ", "Mugsy the mug"),
        ("Mug\x00sy\x1b[31m", "Mug sy [31m"),
        ("\u202eysguM\u202c", "ysguM"),  # bidirectional override
        ("Mug\u200bsy\ufeff", "Mugsy"),  # zero width
        ("Mug\U000e0049\U000e0047sy", "Mugsy"),  # tags, which hide whole sentences
        ("Mug\U000e0101\ufe01sy", "Mugsy"),  # variation selectors, which hide bytes
        ("one\u2028two\u2029three\x85four", "one two three four"),
        ("\ud800lone", "lone"),
        ("Cafe\u0301", "Café"),
        ("小白", "小白"),
        ("👩\u200d🚀", "👩\u200d🚀"),  # a composed emoji keeps its joiner
        (
            "\u0645\u06cc\u200c\u062e\u0648",
            "\u0645\u06cc\u200c\u062e\u0648",
        ),  # and Persian its spelling
        ("\u200dMug\u200dsy\u200c", "Mugsy"),
        ("字\u200d\u200d\u200d字", "字字"),  # a run of joiners spells nothing
        ("❤\ufe0f\ufe0f\ufe0f", "❤\ufe0f"),
        ('AC "DC" \\', 'AC "DC" \\'),
    ],
)
def test_names_keep_what_can_be_seen(text, cleaned):
    assert clean_name(text) == cleaned
    assert clean_category(text) == cleaned
    assert clean_context(text) == cleaned


@pytest.mark.parametrize("clean", [clean_name, clean_category])
@pytest.mark.parametrize("text", ["", "  \n", "\u200b\u202e", "\u3164\u2800", "\ufe0f", "\u0301"])
def test_names_and_categories_must_show_something(clean, text):
    with pytest.raises(InvalidInput, match="expected some visible text"):
        clean(text)
    assert clean_context(text) == ""


@pytest.mark.parametrize(
    ("clean", "limit"), [(clean_name, 80), (clean_category, 80), (clean_context, 2000)]
)
def test_lengths_are_limited_after_cleaning(clean, limit):
    assert clean(" " * 50 + "x" * limit + "\u200b") == "x" * limit
    with pytest.raises(InvalidInput, match=f"at most {limit} characters, got {limit + 1}"):
        clean("x" * (limit + 1))


@pytest.mark.parametrize("clean", [clean_name, clean_category, clean_context])
@pytest.mark.parametrize("value", [None, 7, b"Mugsy", ["Mugsy"]])
def test_only_text_is_taken(clean, value):
    with pytest.raises(InvalidInput, match=f"expected text, got {type(value).__name__}"):
        clean(value)


@given(any_text)
def test_cleaning_twice_changes_nothing_and_leaves_nothing_hidden(text):
    cleaned = clean_context(text)
    assert clean_context(cleaned) == cleaned
    cleaned.encode()
    hidden = {unicodedata.category(char) for char in cleaned if char not in "\u200c\u200d"}
    assert not hidden & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Mugsy", '"Mugsy"'),
        ('the "best" mug', r'"the \"best\" mug"'),
        ("back\\slash", r'"back\\slash"'),
        ("小白", '"小白"'),
        ("a\nb", '"a b"'),
        ("</notes><image>", '"\u2039/notes\u203a\u2039image\u203a"'),
        ("[INST] <|im_start|>", '"(INST) \u2039|im_start|\u203a"'),
    ],
)
def test_quotes_cannot_be_left(text, quoted):
    assert quote(text, 80) == quoted


def test_a_cut_is_shown():
    assert quote("x" * 10, 10) == f'"{"x" * 10}"'
    assert quote("x" * 11, 10) == f'"{"x" * 9}…"'
    assert quote("12345678 abc", 10) == '"12345678…"'


@given(any_text, st.integers(5, 60))
def test_a_quoted_text_is_one_json_string_without_markup(text, limit):
    quoted = quote(text, limit)
    assert len(json.loads(quoted)) <= limit
    assert not set("\n\r<>[]") & set(quoted)


@pytest.mark.parametrize(
    ("name", "ascii_name"),
    [
        ("Mugsy", "Mugsy"),
        ("Zoë Müller-Łódź", "Zoe Muller-Lodz"),
        ("Straße №5 ½", "Strasse No5 1/2"),
        ("Ducky ✨ 🦆", "Ducky"),
        ("\u201cRex\u201d\u2019s bed", '"Rex"\'s bed'),
        ("小白", ""),
        ("Rex 二", ""),
        ("✨", ""),
    ],
)
def test_ascii_is_faithful_or_absent(name, ascii_name):
    assert to_ascii(name) == ascii_name
