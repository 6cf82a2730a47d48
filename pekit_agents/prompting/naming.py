"""What a text names: ``named_objects``, and ``read_names`` with "or", "not" and what is unknown."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pekit_agents.owner_text import NAME_LIMIT, QUESTION_LIMIT, measured, quote
from pekit_agents.prompting.name_pieces import AHEAD, Piece, cut_at_names, unknown_quotes
from pekit_agents.prompting.name_words import (
    AND,
    ARTICLES,
    BEFORE_PLACES,
    COMMON,
    NOT,
    OR,
    SHOWING,
    SMALL_NOUNS,
)
from pekit_agents.wording.spelling import fold, name_key

if TYPE_CHECKING:
    from pekit_agents.types import PersonalObject

__all__ = ["NamePart", "NamesInText", "named_objects", "read_names", "words_beside_names"]

#: "and", "or" and "not" where they are written together with a name.
_TOGETHER = re.compile("(?:と|や|和|跟|与|與|와|과|이?랑|하고) ?")
_EARLIER_AND = re.compile(rf"(\w\w+?){_TOGETHER.pattern}$")
_LATER_AND = re.compile(
    rf"{_TOGETHER.pattern}(\w\w*?)(?:[のがをはも的이가을를은는의도]|写真|照片|사진|\W|$)"
)
_LATER_NOT = re.compile("(?:が|の)?(?:なし|以外|抜き|いない)|(?:이|가)? ?(?:없|빼고|말고)")
_EARLIER_NOT = re.compile(
    "(?:没有|沒有|不要|不含|除了|而不是|または|或者?|还是|또는|이나|거나|か) ?$"
)
_DOING = re.compile("[a-z]{3,}ing")
#: "Ruby -Zoë", "Ruby | Zoë": as in the search boxes of others.
_MINUS = re.compile(r"(?:^|\s)[-\u2212!]$")
_ONLY = frozenset({"only", "just"})
_OURSELVES = frozenset({"me", "us", "myself"})


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
        unclear: Why the text cannot be answered as it is, in words; empty where it can.
    """

    parts: tuple[NamePart, ...] = ()
    either: bool = False
    unknown: tuple[str, ...] = ()
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

    What is joined to a name, quoted, or written like a name has to be one. Instead of a name a
    part may say the category of something: "Ruby and the dog".

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
    folded = fold(measured(text, "question", QUESTION_LIMIT))
    pieces = cut_at_names(objects, folded)
    return pieces, unknown_quotes(folded, pieces)


class _Reading:
    """One pass over the pieces of a text.

    Attributes:
        at: Which piece is next.
        joint: What stands since the last thing that was asked for: "and", "or", "," or nothing.
        linked: Whether a "and" or "or" here would join on to that thing.
        negated: Whether what comes is not wanted.
        open_not: Whether a "not" has no thing after it yet.
    """

    def __init__(self, objects: Sequence[PersonalObject], pieces: Sequence[Piece]) -> None:
        self._objects, self._pieces = objects, pieces
        self._by_word: dict[str, set[int]] | None = None
        self._parts: list[NamePart] = []
        self._unknown: list[str] = []
        self._unclear = ""
        self._joints: set[str] = set()
        self.at, self.joint, self.linked = 0, "", False
        self.negated = self.open_not = False
        plain = [each for each in pieces if each.is_one_of(COMMON) and not each.first]
        titled = bool(plain) and all(each.capital for each in plain)  # or shouted
        nouns = any(each.is_one_of(SMALL_NOUNS) for each in pieces)
        self._capitals_tell = not titled and not nouns

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
                self._take(piece.objects, minus=_MINUS.search(piece.before) is not None)
                self.at += 1
            elif piece.word in COMMON or self._negates(piece):
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
        return NamesInText(tuple(self._parts), "or" in self._joints, unknown, self._unclear)

    def _take_in(self, piece: Piece) -> None:
        """Read a common word."""
        if piece.word in OR:
            self.joint = "or"
        elif piece.word in AND:
            self.joint = self.joint if self.joint == "or" else "and"
        elif self._negates(piece):
            following = self._next(1)
            if following is None or not following.is_one_of(_ONLY):
                self.negated = self.open_not = True
        elif piece.word in SHOWING:
            before = self._next(-1)
            if before is None or not self._negates(before):
                self.negated = self.open_not = False
            self.linked = self.linked and piece.word != "but"
        elif piece.word in _OURSELVES and self.linked and self.joint in ("and", "or"):
            self._leave(piece.said)
        else:
            self.linked = self.linked and (piece.word in ARTICLES or not self.joint)

    def _phrase(self, piece: Piece) -> None:
        """Read some words that stand for one thing, or for nothing that is asked for."""
        begin, self.at = self.at, self.at + 1
        while self.at < len(self._pieces) and _goes_on(self._pieces[self.at]):
            self.at += 1
        words = self._pieces[begin : self.at]
        before = self._pieces[begin - 1 : begin]
        styled = self._capitals_tell and piece.capital and not piece.first
        styled = styled and not any(each.is_one_of(BEFORE_PLACES) for each in before)
        # "Ruby, sleeping" asks for nothing more; "Ruby, Rubi and Zoë" does.
        joined = self.open_not or (self.linked and self.joint in ("and", "or"))
        joined = joined or (self.linked and self.joint == "," and styled)
        if not self.linked or self.joint:  # "Ruby jumps and Zoë sits" joins no "jumps" to Zoë
            joined = joined or self._joins_next()
        if len(words) == 1 and _DOING.fullmatch(piece.said):
            joined = self.open_not
        fitting = self._fitting([each.word for each in words]) if joined else ()
        if fitting:
            self._take(fitting)
        elif joined or styled:
            if piece.capital:
                small = (at for at, each in enumerate(words) if not each.capital)
                words = words[: next(small, len(words))]
            self._leave(" ".join(each.said for each in words))
        else:
            self.joint, self.linked = "", False

    def _take(self, objects: tuple[PersonalObject, ...], *, minus: bool = False) -> None:
        part = NamePart(objects, self.negated or minus)
        if self._parts and self.joint != ",":
            before = self._parts[-1]
            if part.excluded != before.excluded:
                if self.joint == "or":
                    self._unclear = '"or" between what is wanted and what is not'
            elif not part.excluded:
                self._joints.add(self.joint or "and")
        self._parts.append(part)
        self.joint, self.linked, self.open_not = "", True, False

    def _leave(self, said: str) -> None:
        self._unknown.append(said.removesuffix("'s"))
        self.joint, self.linked, self.open_not = "", True, False

    def _look_around(self, piece: Piece) -> None:
        """Read what is written together with a name, in scripts that write much together."""
        before, following = self._next(-1), self._next(1)
        said = "" if before is None or before.objects else before.said
        near = (said + piece.before)[-AHEAD:]
        if _LATER_NOT.match(piece.after) or _EARLIER_NOT.search(near):
            self._unclear = f"the words at {quote(piece.said, NAME_LIMIT)}"
        if told := _EARLIER_AND.search(near):
            self._unknown.append(told[1])
        if following is not None and following.objects and _TOGETHER.fullmatch(following.before):
            return
        if told := _LATER_AND.match(piece.after):
            self._unknown.append(told[1])

    def _end_sentence(self) -> None:
        if self.open_not and self._parts:
            self._unclear = '"not" without a name after it'
        self.negated = self.open_not = self.linked = False
        self.joint = ""

    def _next(self, by: int) -> Piece | None:
        at = self.at + by
        return self._pieces[at] if 0 <= at < len(self._pieces) else None

    def _negates(self, piece: Piece) -> bool:
        return piece.is_one_of(NOT) or piece.said.lower().endswith("n't")

    def _chooses(self, piece: Piece) -> bool:
        """Say whether a word is the "or" of a language in which it is one letter."""
        following = self._next(1)
        named = following is not None and bool(following.objects)
        return piece.word in ("o", "u") and self.linked and named

    def _joins_next(self) -> bool:
        """Say whether "and", "or" or a comma and then a name follow."""
        at, joint = self.at, False
        while at < len(self._pieces):
            piece = self._pieces[at]
            joint = joint or piece.comma or piece.is_one_of(AND | OR)
            if piece.first or not piece.is_one_of(AND | OR | ARTICLES):
                return joint and not piece.first and bool(piece.objects)
            at += 1
        return False

    def _fitting(self, words: Sequence[str]) -> tuple[PersonalObject, ...]:
        """Return what has some words in its name and category, where it is not named itself."""
        if self._by_word is None:
            self._by_word = defaultdict(set)
            for index, obj in enumerate(self._objects):
                for word in name_key(f"{obj.name} {obj.category}").split():
                    self._by_word[_singular(word)].add(index)
        fit = set.intersection(*(self._by_word.get(_singular(word), set()) for word in words))
        named = {obj.object_id for part in self._parts for obj in part.objects}
        fitting = (self._objects[index] for index in sorted(fit))
        return tuple(obj for obj in fitting if obj.object_id not in named)


def _goes_on(piece: Piece) -> bool:
    return not (piece.objects or piece.word in COMMON or piece.first or piece.comma)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word
