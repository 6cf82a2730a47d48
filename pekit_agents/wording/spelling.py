"""Spellings of one name: ``spelled`` is exact, ``name_key`` folds, ``fold`` folds a text."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["FoldedText", "fold", "name_key", "script", "spelled"]

#: Everything that is typed for an apostrophe, and signs that compatibility would make letters of.
_TYPED = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201b\u2032\u02bb\u02bc\u05f3\uff07\ua78c`\u00b4", "'")
    | {"&": " and ", "\uff06": " and ", "\u2122": " ", "\u2120": " "}
)
#: Letters that have no decomposition, and those of two keyboards for one Arabic letter.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"}
    | {"\u06cc": "\u064a", "\u0649": "\u064a", "\u06a9": "\u0643", "\u0640": ""}
)
#: As many marks on one letter as UAX #15 allows in text that can be normalised as it comes in.
_MARKS = 30


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A text to look for names in.

    Attributes:
        source: The text without what is invisible, the width of its characters folded.
        folded: In it, letters and digits without case and accents, ``'`` within words, and
            a space for everything else.
        at: For each character of ``folded`` the index of its character in ``source``.
    """

    source: str
    folded: str
    at: tuple[int, ...]


def name_key(name: str) -> str:
    """Return the form in which spellings of one name that nobody tells apart are equal.

    Case, accents, punctuation, emoji, apostrophes, hyphens, width and runs of blanks do not
    count: "Zoe" is "Zoë", "Mr. Whiskers" is "mr whiskers", "Coco 🐶" is "Coco". Where nothing
    else is in a name, its emoji or punctuation are the key.

    Args:
        name: A short text; what comes from outside is measured first.
    """
    if name.isascii() and name.replace(" ", "").isalnum():  # nearly all are
        return " ".join(name.lower().split())
    return " ".join(fold(name).folded.replace("'", "").split()) or spelled(name)


def spelled(name: str) -> str:
    """Return the form in which a name is spelled alike: case, width and runs of blanks apart.

    Args:
        name: A short text; what comes from outside is measured first.
    """
    folded = unicodedata.normalize("NFKC", _compatible(name).casefold())
    return " ".join(folded.split())


def fold(text: str) -> FoldedText:
    """Return a text in the form in which names are looked for in it.

    Args:
        text: Measured by the caller: the time it takes grows with its length.
    """
    source = _compatible(text)
    folded: list[str] = []
    at: list[int] = []
    for index, char in enumerate(source):
        piece = char if _suffix(source, index) else _folded(char)
        if _within_initials(source, index):
            piece = ""
        folded += piece
        at += [index] * len(piece)
    return FoldedText(source, "".join(folded), tuple(at))


@lru_cache(maxsize=4096)
def script(char: str) -> str:
    """Return the script of a letter or vowel sign, such as "LATIN"; "" for all others."""
    if unicodedata.category(char)[0] not in "LM":
        return ""
    return unicodedata.name(char, "").replace("-", " ").split(" ", 1)[0]


def _compatible(text: str) -> str:
    """Return a text in normal form; of many marks in a row the first count."""
    safe, marks = [], 0
    for char in text.translate(_TYPED):
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MARKS and not _invisible(char):
            safe.append(char)
    return unicodedata.normalize("NFKC", "".join(safe))


def _within_initials(text: str, at: int) -> bool:
    """Say whether a character is the dot between two initials, as in "C.J."."""
    return (
        text[at] == "."
        and _single(text, at - 1)
        and at + 1 < len(text)
        and text[at + 1].isalpha()
        and _single(text, at + 1)
    )


def _suffix(text: str, at: int) -> bool:
    """Say whether a sign tells things apart, as in "C++", "C#" and "S9+"."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    return text[at] in "+#" and (before.isalnum() or before in ("+", "#")) and not after.isalnum()


def _single(text: str, at: int) -> bool:
    """Say whether a letter stands alone."""
    around = text[max(at - 1, 0) : at] + text[at + 1 : at + 2]
    return at >= 0 and text[at].isalpha() and not any(map(str.isalnum, around))


@lru_cache(maxsize=4096)
def _folded(char: str) -> str:
    """Return what is left of one visible character: letters, digits, ``'``, or a space."""
    spread = unicodedata.normalize("NFKD", char.casefold().translate(_LETTERS))
    bare = unicodedata.normalize("NFC", "".join(c for c in spread if not _is_accent(c)))
    return "".join(c if c == "'" or _of_word(c) else " " for c in bare)


def _of_word(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNM"


def _invisible(char: str) -> bool:
    """Say whether a character only styles or joins others."""
    return unicodedata.category(char) in ("Cf", "Me") or "\ufe00" <= char <= "\ufe0f"


def _is_accent(char: str) -> bool:
    """Say whether a mark may be left out: accents, and the points of Hebrew and Arabic.

    Vowel signs of Indic scripts and the voicing of kana make other letters; these stay.
    """
    place = unicodedata.combining(char)
    return place == 1 or 10 <= place <= 36 or place >= 200
