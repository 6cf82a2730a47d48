"""What a text names: ``named_objects``, and ``read_names`` with "or", "not" and what is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from pekit_agents.owner_text import NAME_LIMIT, QUESTION_LIMIT, measured, quote
from pekit_agents.prompting.known_words import KnownWords
from pekit_agents.prompting.name_pieces import AHEAD, Piece, cut_at_names, unknown_quotes
from pekit_agents.prompting.name_words import (
    ALONE,
    AND,
    ARTICLES,
    ASKING,
    BEFORE_PLACES,
    COMMON,
    IDIOMS,
    MINDING,
    NOT,
    ONLY,
    OR,
    ORDINARY,
    SHOWING,
    SUBJECTS,
    WITH,
)
from pekit_agents.prompting.written_together import joined_together, negated_together
from pekit_agents.wording.spelling import fold

if TYPE_CHECKING:
    from pekit_agents.types import PersonalObject

__all__ = ["NamePart", "NamesInText", "named_objects", "read_names", "words_beside_names"]

#: "Ruby -Zoë": as in the search boxes of others; "Ruby-Zoë" are both.
_MINUS = re.compile(r"\s[-\u2212!]$")
_FREE = re.compile(r"-free\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NamePart:
    """One thing that a text asks for.

    Attributes:
        objects: What it may be: one object, or several where they cannot be told apart.
        excluded: Whether it is what the text does not want.
    """

    objects: tuple[PersonalObject, ...]
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class NamesInText:
    """What a text asks for by name.

    Attributes:
        parts: In the order of the text.
        either: Whether one of the parts is enough ("or"); otherwise all are asked for.
        unknown: What stands where a name would, and nothing remembered is called.
        alone: Whether nothing else is to be there: "only Ruby".
        unclear: Why the text cannot be answered as it is, in words; empty where it can.
    """

    parts: tuple[NamePart, ...] = ()
    either: bool = False
    unknown: tuple[str, ...] = ()
    alone: bool = False
    unclear: str = ""

    @property
    def wanted(self) -> list[NamePart]:
        """The parts that the text asks for."""
        return [part for part in self.parts if not part.excluded]


def named_objects(objects: Sequence[PersonalObject], text: str) -> list[PersonalObject]:
    """Return the objects whose names stand in a text as whole words, in their own order.

    Names are folded as :func:`~pekit_agents.wording.spelling.name_key` says, and a leading
    "my", "our" or "the" does not count. Where one name is part of another, the longer is meant:
    "Biscuit Junior" is not "Biscuit". A name may have an ending after an apostrophe, or a
    particle of Chinese, Japanese, Korean, Thai, Arabic or Hebrew. A name that is a common word,
    such as "Will", is meant where it is written like a name or stands where one would.

    Args:
        objects: What is remembered.
        text: A question or another text of the user.

    Raises:
        InvalidInput: The text is none or too long.
    """
    found = {obj.object_id for piece in _pieces(objects, text)[0] for obj in piece.objects}
    return [obj for obj in objects if obj.object_id in found]


def read_names(objects: Sequence[PersonalObject], text: str) -> NamesInText:
    """Return what a text asks for by name, with "and", "or" and "not", and what is not known.

    Of the words beside names one is said to be unknown where two of three hold: it is joined to a
    name by "and", "or", "not", "with" or a comma; it is written like a name; its spelling is
    nearly that of a known name. So is what stands in quotes, after "who is", after the category
    of something ("my dog Rex") or joined to one ("the dog and the unicorn"). All other words are
    no names. Instead of a name a part may say the category of something: "Ruby and the dog".

    Args:
        objects: What is remembered.
        text: A question or another text of the user.

    Raises:
        InvalidInput: The text is none or too long.
    """
    pieces, quotes = _pieces(objects, text)
    return _Reading(objects, pieces).read(quotes)


def words_beside_names(objects: Sequence[PersonalObject], text: str) -> str:
    """Return the words of a text that are neither names in it nor common, as they are written.

    Args:
        objects: What is remembered.
        text: A question or another text of the user.

    Raises:
        InvalidInput: The text is none or too long.
    """
    pieces, _ = _pieces(objects, text)
    return " ".join(each.said for each in pieces if not each.objects and each.word not in COMMON)


def _pieces(objects: Sequence[PersonalObject], text: str) -> tuple[list[Piece], list[str]]:
    plain = measured(text, "question", QUESTION_LIMIT)
    for word, idiom in IDIOMS.items():
        plain = idiom.sub(word, plain)
    folded = fold(plain)
    pieces = cut_at_names(objects, folded)
    return pieces, unknown_quotes(folded, pieces)


class _Reading:
    """One pass over the pieces of a text.

    Attributes:
        at: Which piece is next.
        joint: What stands since the last thing that was asked for: "and", "or", "," or nothing.
        linked: Whether a "and" or "or" here would join on to that thing.
        kind: Whether that thing is said by its category.
        pending: Things of a category that are asked for where something is joined to them.
        negated: Whether what comes is not wanted.
        open_not: Whether a "not" has no thing after it yet.
        blurred: Whether a "not" had a word after it that is no name, and may go for more.
    """

    def __init__(self, objects: Sequence[PersonalObject], pieces: Sequence[Piece]) -> None:
        self._known, self._pieces = KnownWords(objects), pieces
        self._parts: list[NamePart] = []
        self._unknown: list[str] = []
        self._unclear = ""
        self._alone = False
        self._joints: set[str] = set()
        self.at, self.joint, self.linked, self.kind = 0, "", False, False
        self.pending: tuple[PersonalObject, ...] = ()
        self.negated = self.open_not = self.blurred = False
        plain = [each for each in pieces if each.is_one_of(COMMON) and not each.first]
        self._capitals_tell = not plain or not all(each.capital for each in plain)

    def read(self, quotes: Sequence[str]) -> NamesInText:
        """Return what the pieces say.

        Args:
            quotes: What is unknown already.
        """
        self._unknown += quotes
        while self.at < len(self._pieces):
            piece = self._pieces[self.at]
            if piece.first:
                self._end_sentence()
            if piece.comma and self.linked and not self.joint:
                self.joint = ","
            if "|" in piece.before and self.linked:
                self.joint = "or"
            if piece.objects:
                self._look_around(piece)
                self._take(piece.objects, minus=self._minus(piece))
                self.at += 1
            elif piece.word in ORDINARY or self._negates(self.at):
                self._take_in(piece)
                self.at += 1
            elif self._chooses(piece):
                self.joint = "or"
                self.at += 1
            else:
                self._phrase(piece)
        self._end_sentence()
        if {"and", "or"} <= self._joints:
            self._unclear = '"and" as well as "or" between names'
        unknown = tuple(dict.fromkeys(self._unknown))
        either = "or" in self._joints
        return NamesInText(tuple(self._parts), either, unknown, self._alone, self._unclear)

    def _take_in(self, piece: Piece) -> None:
        """Read a common word."""
        before, following = self._next(-1), self._next(1)
        if piece.word in AND | OR:
            self.blurred = self.blurred or self.open_not  # "is not there, and ..."
        if piece.word in OR:
            self.joint = "or"
        elif piece.word in AND:
            self.joint = self.joint if self.joint == "or" else "and"
        elif self._negates(self.at):
            if following is None or not following.is_one_of(ONLY):
                self.negated = self.open_not = True
        elif piece.word in SHOWING:
            if not self._negates(self.at - 1):
                self.negated = self.open_not = self.blurred = False
            if piece.word in WITH and self.linked and not self.open_not:
                self.joint = self.joint or "and"
            self.linked = self.linked and piece.word != "but"
            if piece.word == "but" and self.pending and following is not None and following.objects:
                self.negated = self.open_not = True  # "every dog but Biscuit"
        elif piece.word in ONLY and following is not None and following.objects:
            self._alone = self._alone or not self._negates(self.at - 1)
        elif piece.word in ALONE and before is not None and before.objects:
            self._alone = self._alone or piece.word not in ONLY or following is None
        else:
            self.linked = self.linked and (piece.word in ARTICLES or not self.joint)

    def _phrase(self, piece: Piece) -> None:
        """Read some words that stand for one thing, or for nothing that is asked for."""
        begin, self.at = self.at, self.at + 1
        while self.at < len(self._pieces) and _goes_on(self._pieces[self.at]):
            self.at += 1
        words = self._pieces[begin : self.at]
        minus = self._minus(piece)
        joined = minus or self.open_not or (self.linked and self.joint != "")
        parts = (*self._parts, NamePart(self.pending))
        named = {obj.object_id for part in parts for obj in part.objects}
        kind = any(self._known.is_category(each.word) for each in words)
        fitting = self._known.fitting([each.word for each in words], but=named)
        said = self._apposed(words) or ("" if fitting else self._unknown_in(words, joined=joined))
        if said:
            self._leave(said)
        elif fitting and joined:
            self._take(fitting, minus=minus, kind=kind)
        elif fitting and not self.linked:
            self.pending, self.linked, self.kind = fitting, True, kind
        else:
            self.blurred = self.blurred or self.open_not
            self.joint, self.linked, self.open_not = "", False, False

    def _apposed(self, words: Sequence[Piece]) -> str:
        """Return the unknown name in "my dog Rex", "Rex the dog" or "who is Rex", or nothing."""
        begin = self.at - len(words)
        earlier = [] if words[0].first else self._pieces[max(begin - 2, 0) : begin]
        asked = " ".join(each.word for each in earlier)
        if self._named_so(words[0]) and (asked in ASKING or asked.split(" ")[-1] in ASKING):
            return _said(takewhile(self._named_so, words))
        if earlier and earlier[-1].is_one_of(ARTICLES):
            for at in range(1, len(words)):
                known = self._known.is_category(words[at - 1].word)
                if known and self._named_so(words[at]) and not self._named_so(words[at - 1]):
                    return _said(takewhile(self._named_so, words[at:]))
        later = self._pieces[self.at : self.at + 3]
        kind = len(later) > 1 and later[0].is_one_of(ARTICLES) and not later[0].first
        kind = kind and self._known.is_category(later[1].word) and all(map(self._named_so, words))
        return _said(words) if kind and (len(later) == 2 or later[2].first) else ""

    def _unknown_in(self, words: Sequence[Piece], *, joined: bool) -> str:
        """Return what stands in a phrase like a name, or nothing.

        Args:
            words: The phrase.
            joined: Whether it is joined to what is before it.
        """
        begin = self.at - len(words)
        before = [] if words[0].first else self._pieces[begin - 1 : begin]
        owned = any(each.is_one_of(ARTICLES) for each in before)
        placed = any(each.is_one_of(BEFORE_PLACES) for each in before)
        may_join = not placed and (not self.linked or self.joint != "")
        following = self._joined_next() if may_join else None
        after_kind = joined and self.linked and self.kind and self.joint in ("and", "or")
        before_kind = False
        if following is not None and not following.objects:
            before_kind = not self._parts and self._known.is_category(following.word)
            following = None
        if after_kind or before_kind:  # "the dog and the unicorn"
            return _said(words)
        near = [at for at, each in enumerate(words) if self._known.is_nearly_name(each.word)]
        for at in near:
            if self._named_so(words[at]) and not placed:
                return _said(takewhile(self._named_so, words[at:]))
        if owned:  # "and her friends"
            return ""
        named = [*takewhile(self._named_so, words)] if joined else []
        if not named and following is not None:
            named = [*takewhile(self._named_so, reversed(words))][::-1]
            named = named if named and named[0].first is words[0].first else []
        if not named and (joined or following is not None):
            named = [words[at] for at in near[:1]]
        return _said(named)

    def _take(
        self, objects: tuple[PersonalObject, ...], *, minus: bool = False, kind: bool = False
    ) -> None:
        part = NamePart(objects, self.negated or minus)
        last = self._parts[-1] if self._parts and not self.pending else None
        if last and self.kind and self.linked and not self.joint and {*objects} <= {*last.objects}:
            self._parts[-1], self.kind = NamePart(objects, last.excluded), kind
            return  # "and my dog Biscuit"
        if self.blurred:
            self._unclear = 'what "not" goes for'
        self._resolve(part.excluded)
        if self._parts and self.joint != ",":
            before = self._parts[-1]
            if part.excluded != before.excluded:
                if self.joint == "or":
                    self._unclear = '"or" between what is wanted and what is not'
            elif not part.excluded:
                self._joints.add(self.joint or "and")
        self._parts.append(part)
        self.joint, self.linked, self.kind, self.open_not = "", True, kind, False

    def _leave(self, said: str) -> None:
        self._unknown.append(said.removesuffix("'s"))
        self._resolve()
        self.joint, self.linked, self.kind, self.open_not = "", True, False, False

    def _resolve(self, excluding: bool = False) -> None:
        """Ask for what a category stands for, if something is joined to it or taken from it."""
        if self.pending and (excluding or (self.linked and self.joint)):
            self._parts.append(NamePart(self.pending))
        self.pending = ()

    def _look_around(self, piece: Piece) -> None:
        """Read what is written together with a name, in scripts that write much together."""
        before, following = self._next(-1), self._next(1)
        said = "" if before is None or before.objects else before.said
        near = (said + piece.before)[-AHEAD:]
        if negated_together(near, piece.after):
            self._unclear = f"the words at {quote(piece.said, NAME_LIMIT)}"
        joint = "" if following is None or not following.objects else following.before
        self._unknown += joined_together(near, piece.after, joint)

    def _end_sentence(self) -> None:
        if self.open_not and self._parts:
            self._unclear = '"not" without a name after it'
        self.negated = self.open_not = self.blurred = self.linked = False
        self.joint, self.pending = "", ()

    def _next(self, by: int) -> Piece | None:
        at = self.at + by
        return self._pieces[at] if 0 <= at < len(self._pieces) else None

    def _negates(self, at: int) -> bool:
        """Say whether a piece is a "not", and not of a question or of what is known."""
        piece, following = self._pieces[at], self._pieces[at + 1 : at + 2]
        contracted = piece.said.lower().endswith("n't")
        if at < 0 or piece.objects or not (piece.word in NOT or contracted):
            return False
        if any(each.is_one_of(MINDING) or (piece.first and each.comma) for each in following):
            return False
        inverted = piece.first or self._pieces[at - 1].word == "why"
        asks = inverted and piece.word != "dont"
        return not (contracted and (asks or any(each.is_one_of(SUBJECTS) for each in following)))

    def _minus(self, piece: Piece) -> bool:
        before = f" {piece.before}" if piece is self._pieces[0] else piece.before
        return bool(_MINUS.search(before) or _FREE.match(piece.after))

    def _chooses(self, piece: Piece) -> bool:
        """Say whether a word is the "or" of a language in which it is one letter."""
        following = self._next(1)
        named = following is not None and bool(following.objects)
        return piece.word in ("o", "u") and self.linked and named

    def _joined_next(self) -> Piece | None:
        """Return what follows after "and", "or" or a comma, if that follows."""
        joint = False
        for at in range(self.at, len(self._pieces)):
            piece = self._pieces[at]
            joint = joint or piece.comma or piece.is_one_of(AND | OR)
            if piece.first or not piece.is_one_of(AND | OR | ARTICLES):
                return piece if joint and not piece.first else None
        return None

    def _named_so(self, piece: Piece) -> bool:
        return self._capitals_tell and piece.capital


def _said(words: Iterable[Piece]) -> str:
    return " ".join(each.said for each in words)


def _goes_on(piece: Piece) -> bool:
    return not (piece.objects or piece.word in ORDINARY or piece.first or piece.comma)
