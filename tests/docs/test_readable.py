"""Pages are short and so are their sentences: 1,200 words a page, 35 words a sentence.

Words are those of prose and tables; code, pictures and the targets of links do not count. Sentences
are those of prose. ``NOT_YET`` lists the pages that break a limit, one a line, and may only shrink.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_WORDS, LONGEST_SENTENCE = 1200, 35
#: Page: how many words it may have, and how many sentences above the longest.
NOT_YET = {
    "README.md": (1200, 2),
    "docs/evaluation-targets.md": (1200, 2),
    "docs/lab-book-numbers.md": (1200, 1),
    "docs/lab-book.md": (1200, 1),
    "docs/langchain.md": (2700, 14),
    "docs/llama_index.md": (1300, 2),
    "docs/models-verified.md": (1200, 1),
    "docs/performance.md": (1200, 1),
    "docs/video-search.md": (1200, 1),
}

_FENCE = re.compile(r"^ *(```+).*?^ *\1$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_PICTURE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[((?:[^\]\[]|\[[^\]]*\])*)\]\([^)]*\)")
_ITEM = re.compile(r"^ *(?:[-*]|\d+\.) +", re.MULTILINE)
_END = re.compile(r"(?<=[.!?])[\"')*_]*\s+(?=[\"'(*_]*[A-Z0-9])")


def text_of(markdown):
    """What is read of a page: without code, pictures, comments and the targets of links."""
    for skipped in (_FENCE, _COMMENT, _PICTURE):
        markdown = skipped.sub("", markdown)
    return _LINK.sub(r"\1", markdown)


def words_in(text):
    """The words of a text; a mark alone, as a table's rule, is none."""
    return [word for word in text.split() if re.search(r"\w", word)]


def sentences_in(text):
    """The sentences of a text's prose: no headings, no tables; code within a line is one word."""
    prose = re.sub(r"^ *(?:\||#).*$", "", text, flags=re.MULTILINE)
    prose = re.sub(r"`[^`]+`", "Code", prose)
    paragraphs = re.split(r"\n\s*\n", _ITEM.sub("\n\n", prose))
    return [
        sentence for paragraph in paragraphs for sentence in _END.split(" ".join(paragraph.split()))
    ]


def breaches(markdown):
    """How many words a page has, and its sentences above the longest."""
    text = text_of(markdown)
    too_long = [one for one in sentences_in(text) if len(words_in(one)) > LONGEST_SENTENCE]
    return len(words_in(text)), too_long


def pages():
    """Every page of the documentation, and the front page."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [path.relative_to(ROOT).as_posix() for path in paths]


@pytest.mark.parametrize("page", pages())
def test_a_page_is_short_and_so_are_its_sentences(page):
    words, too_long = breaches((ROOT / page).read_text("utf-8"))
    most_words, most_long = NOT_YET.get(page, (MOST_WORDS, 0))
    assert words <= max(MOST_WORDS, most_words), "split the page by what its readers need"
    assert len(too_long) <= most_long, "make two sentences of:\n" + "\n".join(too_long)


@pytest.mark.parametrize("page", NOT_YET)
def test_a_page_that_is_listed_still_breaks_a_limit(page):
    assert page in pages(), "the page is gone: delete its line in NOT_YET"
    words, too_long = breaches((ROOT / page).read_text("utf-8"))
    assert words > MOST_WORDS or too_long, "the page keeps the limits: delete its line in NOT_YET"


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("", 0),
        ("# A heading\n\nTwo words.", 4),
        ("| a | b |\n|---|---|\n| c d | -- |", 4),
        ("One\n\n```python\nnot = 'one'\n```\n\ntwo.", 2),
        ("A [link text](to/a page.md#here) and ![alt](picture.jpg)", 4),
        ("`a b` <!-- no words -->", 2),
    ],
)
def test_what_counts_as_a_word(markdown, words):
    assert breaches(markdown)[0] == words


@pytest.mark.parametrize(
    ("markdown", "lengths"),
    [
        ("One two. Three four five!", [2, 3]),
        ("`a.b c` is one. (So is `d`.) See.", [3, 3, 1]),
        ("Of 0.5 and 1.2 all. It is `x`.", [5, 3]),
        ("- an item\n- another\n  that goes on\n\n1. first", [2, 4, 1]),
        ("| a | table. Really |\n\n# Heading\n\nProse\nover lines.", [3]),
        ("**Bold.** Then *more.* `code` ends it.", [1, 2, 3]),
    ],
)
def test_what_counts_as_a_sentence(markdown, lengths):
    found = [len(words_in(one)) for one in sentences_in(text_of(markdown))]
    assert [length for length in found if length] == lengths


def test_a_sentence_above_the_longest_is_told():
    fits = "W" + " w" * 34 + "."
    too_long = "W" + " w" * 35 + "."
    assert breaches(f"{fits} {too_long}\n\n{fits}") == (106, [too_long])
