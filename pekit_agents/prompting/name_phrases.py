"""What a phrase beside names may be: ``Phrases`` tells an unknown name from other words."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import groupby, takewhile
from operator import itemgetter
from typing import NamedTuple

from pekit_agents.prompting.known_words import KnownWords
from pekit_agents.prompting.name_pieces import Piece
from pekit_agents.prompting.name_words import (
    AND,
    ARTICLES,
    ASKING,
    BEFORE_PLACES,
    COMMON,
    COMPANY,
    HOMONYMS,
    INVERTED,
    NOUNS_AFTER,
    OBJECTS,
    OF,
    OR,
    QUESTIONING,
    UNSAID,
)
from pekit_agents.prompting.written_together import asks_for_photos

__all__ = ["Joined", "Phrases", "emoji_joined", "said"]

_EMOJI = "([\u2600-\u27bf\U0001f000-\U0001faff]+)"
_EARLIER_EMOJI, _LATER_EMOJI = re.compile(rf"{_EMOJI}\s*$"), re.compile(rf"\s*{_EMOJI}")


class Joined(NamedTuple):
    """How a phrase hangs on what stands before it.

    Attributes:
        joint: What is between it and what a text asks for: "and", "or", "with", ",", "not" or "".
        linked: Whether something that the text asks for stands before it, and no other words do.
        kind: Whether that is said by its category.
        named: Whether the text has asked for anything yet.
    """

    joint: str
    linked: bool
    kind: bool
    named: bool


class Phrases:
    """Judges runs of words between the names of a text."""

    def __init__(self, known: KnownWords, pieces: Sequence[Piece]) -> None:
        self._known, self._pieces = known, pieces
        plain = [each for each in pieces if each.is_one_of(COMMON) and not each.first]
        self._capitals_tell = not plain or not all(each.capital for each in plain)
        small = any(_in_small_letters(each) for each in pieces)
        #: Whether names are written like other words: all in small or all in capital letters.
        self._even = small or not self._capitals_tell
        self._asks = list(_asking(pieces))

    def unknown_in(self, begin: int, end: int, joined: Joined) -> Sequence[Piece]:
        """Return what has to be a name in a phrase that names nothing known, or nothing.

        Args:
            begin: The first piece of the phrase.
            end: The piece after its last.
            joined: How it hangs on what is before it.
        """
        words = self._pieces[begin:end]
        before = [] if words[0].first else self._pieces[begin - 1 : begin]
        owned = any(each.is_one_of(ARTICLES) for each in before)
        placed = any(each.is_one_of(BEFORE_PLACES) for each in before)
        nouns = any(each.is_one_of(NOUNS_AFTER) for each in before)
        may_join = not placed and (not joined.linked or joined.joint != "")
        following = self._joined_next(end) if may_join else None
        company = all(each.word in COMPANY for each in words)
        after_kind = joined.linked and joined.kind and joined.joint in ("and", "or", "with")
        before_kind = False
        if following is not None and not following.objects:
            before_kind = not joined.named and self._known.is_category(following.word)
            following = None
        if (after_kind or before_kind) and not company:  # "the dog and the unicorn"
            return words
        near = [at for at, each in enumerate(words) if self._known.is_nearly_name(each.word)]
        for at in near:
            if self.named_so(words[at]) and not placed:
                return [*takewhile(self.named_so, words[at:])]
        if owned or company:  # "and her friends", "and Grandma"
            return []
        named = []
        if joined.joint and not nouns:
            skipped = sum(1 for _ in takewhile(lambda each: each.word in OF, words))  # "e da Luna"
            named = [*takewhile(self.named_so, words[skipped:])]
        if not named and following is not None:
            named = [*takewhile(self.named_so, reversed(words))][::-1]
            named = named if named and named[0].first is words[0].first else []
        if not named and (joined.joint or following is not None):
            named = [words[at] for at in near[:1]] or self._bare_name(begin, end, joined)
        return named

    def apposed(self, begin: int, end: int) -> Sequence[Piece]:
        """Return the unknown name in "my dog Rex", "Rex the dog" or "who is Rex", or nothing."""
        words = self._pieces[begin:end]
        earlier = [] if words[0].first else self._pieces[max(begin - 2, 0) : begin]
        asked = " ".join(each.word for each in earlier)
        if self.named_so(words[0]) and (asked in ASKING or asked.split(" ")[-1] in ASKING):
            return [*takewhile(self.named_so, words)]
        if earlier and earlier[-1].is_one_of(ARTICLES):
            for at in range(1, len(words)):
                known = self._known.is_category(words[at - 1].word)
                if known and self.named_so(words[at]) and not self.named_so(words[at - 1]):
                    return [*takewhile(self.named_so, words[at:])]
        later = self._pieces[end : end + 3]
        kind = len(later) > 1 and later[0].is_one_of(ARTICLES) and not later[0].first
        kind = kind and self._known.is_category(later[1].word) and all(map(self.named_so, words))
        return words if kind and (len(later) == 2 or later[2].first) else []

    def subject(self, begin: int, end: int) -> Sequence[Piece]:
        """Return what is written like a name as the subject of a question, or nothing.

        "Is Rex afraid of balloons?", "what does Rex eat": that may as well be a thing of the
        world, "is Paris large?", so that it is no name where the text names something.

        Args:
            begin: The first piece of the phrase.
            end: The piece after its last.
        """
        words = [*takewhile(self.named_so, self._pieces[begin:end])]
        if not words or words[0].first or words[0].comma or not self._asks[begin - 1]:
            return []
        told = any(each.word in COMPANY or self._known.is_word(each.word) for each in words)
        return [] if told else words

    def passed_over(
        self, begin: int, end: int, unknown: Sequence[Piece], joined: Joined
    ) -> Iterator[tuple[list[Piece], bool]]:
        """Yield the runs of words that say something, and whether each may be a name.

        Args:
            begin: The first piece of the phrase.
            end: The piece after its last.
            unknown: What has to be a name in it, which is no part of a run.
            joined: How it hangs on what is before it.
        """
        near = joined.joint != "" or self._joined_next(end) is not None
        taken = {each.start for each in unknown}
        kinds = (self._kind(at, taken) for at in range(begin, end))
        pairs = zip(kinds, self._pieces[begin:end], strict=True)
        for kind, run in groupby(pairs, itemgetter(0)):
            if kind != "nothing":
                yield [each for _, each in run], near or kind == "name"

    def may_be_name(self, at: int, joined: Joined) -> bool:
        """Say whether an ordinary word is written like a name, and joined to one: "and Will"."""
        piece, ahead = self._pieces[at], self._pieces[at + 1 : at + 2]
        last = not ahead or ahead[0].first
        if piece.word in UNSAID or not (self.named_so(piece) or (self._even and last)):
            return False
        if joined.linked and joined.joint in ("and", "or", "with") and not piece.first:
            return True
        if last or not ahead[0].is_one_of(AND | OR):
            return False
        following = self._joined_next(at + 1)
        return following is not None and bool(following.objects)

    def named_so(self, piece: Piece) -> bool:
        """Say whether a piece is written like a name."""
        return self._capitals_tell and piece.capital

    def _bare_name(self, begin: int, end: int, joined: Joined) -> list[Piece]:
        """Return the one word that "and" or "or" joins to a name, where capitals tell nothing."""
        word, later = self._pieces[begin], self._pieces[end : end + 2]
        before = joined.linked and joined.joint in ("and", "or")
        ahead = len(later) > 1 and later[0].is_one_of(AND | OR) and bool(later[1].objects)
        after = ahead and joined.joint in ("", ",")
        alone = end - begin == 1 and word.word.isalpha() and word.word not in UNSAID
        alone = alone and not _makes_a_verb(later)
        return [word] if self._even and alone and (before or after) else []

    def _joined_next(self, at: int) -> Piece | None:
        """Return what follows after "and", "or" or a comma, if that follows."""
        joint = False
        for piece in map(self._pieces.__getitem__, range(at, len(self._pieces))):
            joint = joint or piece.comma or piece.is_one_of(AND | OR)
            if piece.first or not piece.is_one_of(AND | OR | ARTICLES):
                return piece if joint and not piece.first else None
        return None

    def _kind(self, at: int, taken: Container[int]) -> str:
        piece = self._pieces[at]
        a_noun = at > 0 and piece.word in HOMONYMS and self._pieces[at - 1].is_one_of(ARTICLES)
        unsaid = piece.word in UNSAID and not a_noun
        if piece.start in taken or unsaid or asks_for_photos(piece.word):
            return "nothing"
        return "name" if self.named_so(piece) and not piece.first else "word"


def said(words: Iterable[Piece]) -> str:
    """Return words as they are written."""
    return " ".join(each.said for each in words).removesuffix("'s")


def emoji_joined(before: Piece | None, joint: Piece, after: Piece | None) -> list[str]:
    """Return the emoji that a word such as "and" joins to a name, and nothing is called so.

    Args:
        before: What stands before the word.
        joint: The word.
        after: What stands after it.
    """
    told = [_LATER_EMOJI.match(joint.after if after is None else after.before)]
    if before is None or not before.objects:  # "Ruby 🐶 and": it adorns a name
        told.append(_EARLIER_EMOJI.search(joint.before))
    return [each[1] for each in told if each is not None]


def _asking(pieces: Sequence[Piece]) -> Iterator[bool]:
    """Yield for each piece whether the subject of a question follows it."""
    asked = False
    for piece in pieces:
        asked = asked and not piece.first
        yield (asked or piece.first or piece.comma) and piece.is_one_of(INVERTED)
        asked = asked or piece.is_one_of(QUESTIONING)


def _makes_a_verb(later: Sequence[Piece]) -> bool:
    """Say whether what follows makes a word a verb: "and crop it", "and make a collage"."""
    if not later or later[0].first or not later[0].is_one_of(ARTICLES | OBJECTS):
        return False
    to_place = len(later) > 1 and later[1].is_one_of(ARTICLES)  # "à la plage", "a la playa"
    return later[0].word != "a" or not (to_place or later[0].said == "à")


def _in_small_letters(piece: Piece) -> bool:
    written = [obj.name for obj in piece.objects]
    return piece.said == piece.said.lower() and any(name != name.lower() for name in written)
