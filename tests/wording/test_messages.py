"""Sentences of messages: numbers with their nouns, and no punctuation that is doubled."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from pekit_agents.images import load_image
from pekit_agents.introduction.views import extract_views
from pekit_agents.profiles import load_profile
from pekit_agents.testing import fake_profile, solid_scene
from pekit_agents.wording.messages import clause, counted, suggestion

ROOT = Path(__file__).parents[1]
SOURCES = [
    path for room in ("pekit_agents", "tools", "retrievers") for path in (ROOT / room).rglob("*.py")
]
DOUBLED = re.compile(r"[.;:,!?]\)?[.;:,](?=\s|$)")
#: What is filled in may end in a full stop of its own.
ERROR_TEXTS = {"exc", "str(exc)", "error", "str(error)"}


def parts(text: ast.JoinedStr):
    """Yield each filled in value of an f-string with the text that follows it."""
    after = [*text.values[1:], ast.Constant("")]
    for value, follows in zip(text.values, after, strict=True):
        if isinstance(value, ast.FormattedValue):
            said = follows.value if isinstance(follows, ast.Constant) else ""
            yield ast.unparse(value.value), said


@pytest.mark.parametrize(
    ("count", "words", "said"),
    [
        (0, ("view",), "0 views"),
        (1, ("view",), "1 view"),
        (2, ("view",), "2 views"),
        (1, ("memory", "memories"), "1 memory"),
        (2, ("memory", "memories"), "2 memories"),
    ],
)
def test_a_number_has_its_noun(count, words, said):
    assert counted(count, *words) == said


def test_a_message_goes_on_after_another_one():
    assert clause("check the path.") == clause(ValueError("check the path")) == "check the path"
    assert clause("C:/photos/...") == "C:/photos/"


def test_the_nearest_word_is_suggested_and_nothing_that_is_not_near():
    assert suggestion("Embeded", ["paper", "embedded"]) == " Did you mean 'embedded'?"
    assert suggestion("zzz", ["paper", "embedded"]) == suggestion("x", []) == ""
    with pytest.raises(Exception, match=r"found 'embeded'\. Did you mean 'embedded'\?$"):
        load_profile("embeded")


def test_no_message_puts_a_stop_after_the_stop_of_another():
    """Texts as they stand in the code, and errors that are filled into others."""
    wrong = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Raise):
                texts = [c.value for c in ast.walk(node) if isinstance(c, ast.Constant)]
                said = [text for text in texts if isinstance(text, str)]
                wrong += [
                    f"{path}: {text}"
                    for text in said
                    if DOUBLED.search(re.sub(r"\.{2,3}", "", text))
                ]
            if isinstance(node, ast.JoinedStr):
                wrong += [
                    f"{path}: {value} before {after!r}"
                    for value, after in parts(node)
                    if value in ERROR_TEXTS and re.match(r"\)?[.;:,]", after)
                ]
    assert wrong == []


def test_what_may_be_one_is_counted_as_one():
    """Where a message counts views or a list, the number comes with its noun from ``counted``."""
    nouns = re.compile(r" (view|photo|object|picture|region|thing|user|answer)s\b")
    wrong = [
        f"{path.relative_to(ROOT)}: {value}{after[:20]}"
        for path in SOURCES
        if not {"evaluation", "testing"} & set(path.parts)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.JoinedStr)
        for value, after in parts(node)
        if ("n_views" in value or value.startswith("len(")) and nouns.match(after)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("found", "already", "message"),
    [
        (0, 0, r"expected 1 to 64 photos \(an object holds at most 64 views\), found 0"),
        (2, 63, r"expected 1 photo \(an object holds at most 64 views\), found 2"),
        (1, 64, "expected an object with fewer than 64 photos, which is the most it may hold, .*"),
    ],
)
def test_too_many_photos_are_counted(found, already, message):
    photos = [solid_scene({"red": (20, 20, 90, 90)})] * found
    with pytest.raises(Exception, match=f"^{message}$"):
        extract_views(photos, "cup", fake_profile(), already=already)


def test_an_error_of_one_photo_goes_on_in_that_of_all(tmp_path):
    with pytest.raises(Exception, match=r"check the path; nothing was stored$"):
        extract_views(str(tmp_path / "x.jpg"), "cup", fake_profile())
    with pytest.raises(Exception, match=r"check the path\.$"):
        load_image(tmp_path / "x.jpg")
