"""A text as a row of names and words: ``cut_at_names`` returns its ``Piece`` s."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pekit_agents.prompting.name_search import NameSearch
from pekit_agents.prompting.name_words import (
    AND,
    ARTICLES,
    BEFORE_NAMES,
    BEFORE_PLACES,
    BEFORE_TIMES,
    OR,
    ORDINARY,
    PRONOUNS,
    TIMES,
    VERBS,
)
from pekit_agents.wording.spelling import FoldedText, name_key

if TYPE_CHECKING:
    from pekit_agents.types import PersonalObject

__all__ = ["AHEAD", "Piece", "cut_at_names", "unknown_quotes"]

_COMMA = re.compile(r"[,/\u3001\u060c+]")
_QUOTED = re.compile(
    r'["\u201c\u201d\u201e]([^"\u201c\u201d\u201e\n]{1,80})["\u201c\u201d]'
    r"|\u00ab([^\u00bb\n]{1,80})\u00bb|[\u300c\u300e]([^\u300d\u300f\n]{1,80})[\u300d\u300f]"
    r"|(?<!\w)'([^'\n]{1,80})'(?!\w)"
)
_WORD = re.compile(r"[^\s']+(?:'[^\s']+)*")
_SENTENCE_END = re.compile(r"[.!?\u3002\uff01\uff1f:;\n]")
_QUOTES = ("'", '"', "\u201c", "\u201e", "\u00ab", "\u300c")
#: How many characters are looked at beside a name: a particle or two, and another name.
AHEAD = 20


@dataclass(frozen=True, slots=True)
class Piece:
    """A word or a name of a text.

    Attributes:
        word: It in lower case, without apostrophes; empty for a name.
        said: It as it is written.
        before: What stands between it and the piece before it.
        after: What follows it, at most 20 characters.
        first: Whether a sentence begins with it.
        start: Its first character in the folded text.
        end: The character after its last.
        objects: What it names.
    """

    word: str
    said: str
    before: str
    after: str
    first: bool
    start: int
    end: int
    objects: tuple[PersonalObject, ...] = ()

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital letter."""
        return self.said[:1].isupper() or self.said[:1].istitle()

    @property
    def comma(self) -> bool:
        """Whether a comma, or what does for one, stands before it."""
        return _COMMA.search(self.before) is not None

    def is_one_of(self, words: frozenset[str]) -> bool:
        """Return whether it is a word, and one of these."""
        return not self.objects and self.word in words


_Span = tuple[int, int, "tuple[PersonalObject, ...]"]


def cut_at_names(objects: Sequence[PersonalObject], text: FoldedText) -> list[Piece]:
    """Return the names and words of a text in their order.

    A name that is a common word, such as "Will", is one where it is written like a name or
    stands where one would; otherwise it is a word. What is written together with a name, such as
    a particle, is no word of its own.
    """
    words = [(match.start(), match.end(), ()) for match in _WORD.finditer(text.folded)]
    found: list[_Span] = list(NameSearch(objects).find(text))
    names = _cut(text, found)
    common = _CommonNames(names, _cut(text, words))
    meant = [name for at, name in enumerate(names) if common.is_meant(at)]
    return _cut(text, _merged(words, [(name.start, name.end, name.objects) for name in meant]))


def unknown_quotes(text: FoldedText, pieces: Sequence[Piece]) -> list[str]:
    """Return what stands in quotes and names nothing."""
    named = {at for piece in pieces if piece.objects for at in text.at[piece.start : piece.end]}
    return [
        " ".join(next(filter(None, match.groups())).split())
        for match in _QUOTED.finditer(text.source)
        if named.isdisjoint(range(match.start(), match.end()))
    ]


def _cut(text: FoldedText, spans: Sequence[_Span]) -> list[Piece]:
    pieces, last = [], 0
    for start, end, objects in spans:
        begin, stop = text.at[start], text.at[end - 1] + 1
        before = text.source[last:begin]
        pieces.append(
            Piece(
                word="" if objects else text.folded[start:end].replace("'", ""),
                said=text.source[begin:stop],
                before=before,
                after=text.source[stop : stop + AHEAD],
                first=not last or _SENTENCE_END.search(before) is not None,
                start=start,
                end=end,
                objects=objects,
            )
        )
        last = stop
    return pieces


def _merged(words: Sequence[_Span], names: Sequence[_Span]) -> list[_Span]:
    """Return names, and the words that no name has a part of, in their order."""
    merged, at = [], 0
    for word in words:
        while at < len(names) and names[at][1] <= word[0]:
            at += 1
        if at == len(names) or names[at][0] >= word[1]:
            merged.append(word)
    return sorted([*merged, *names], key=lambda span: span[:2])


class _CommonNames:
    """Tells names that are common words from these words."""

    def __init__(self, names: Sequence[Piece], words: Sequence[Piece]) -> None:
        self._names, self._words = names, words
        self._starts = [word.start for word in words]
        self._small = any(word.said.islower() for word in words)
        self._keys = [name_key(name.said) for name in names]
        written = zip(names, self._keys, strict=True)
        self._styled = any(name.capital and key not in TIMES for name, key in written)

    def is_meant(self, at: int) -> bool:
        """Say whether a common word is a name where it stands; all other names are."""
        name = self._names[at]
        key = self._keys[at]
        if key not in ORDINARY:
            return True
        index = bisect_right(self._starts, name.start) - 1
        earlier = self._words[max(index - 1, 0) : index]
        later = self._words[index + 1 : index + 2]
        alone, quoted = len(self._words) == 1, name.before[-1:] in _QUOTES
        styled = name.capital and self._small
        listed = any(each.word in AND | OR for each in later) and any(
            other.start - name.end <= len(" and ") for other in self._names[at + 1 : at + 2]
        )
        if any(word.word in BEFORE_TIMES for word in earlier):
            return False
        if alone or quoted or (styled and not self._words[index].first):
            return True
        if key in TIMES:  # "Ruby at dawn", "in the summer"
            placed = any(word.word in BEFORE_PLACES | ARTICLES for word in earlier)
            return name.capital or not (placed or self._styled)
        if key in PRONOUNS:
            return name.capital and listed
        verb = any(word.word in ("is", "was", "has") for word in later)
        shown = (name.capital and listed) or (styled and (verb or name.after.startswith("'s")))
        return shown or any(word.word in BEFORE_NAMES | VERBS for word in earlier)
