"""What the pieces of a text ask for: ``Reading`` reads them once, into ``NamesInText``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pekit_agents.owner_text import NAME_LIMIT, quote
from pekit_agents.prompting.known_words import KnownWords
from pekit_agents.prompting.name_phrases import Joined, Phrases, emoji_joined, said
from pekit_agents.prompting.name_pieces import AHEAD, Piece
from pekit_agents.prompting.name_words import (
    ALONE,
    AND,
    ARTICLES,
    MINDING,
    NOT,
    OF,
    ONLY,
    OR,
    ORDINARY,
    SHOWING,
    SUBJECTS,
    WITH,
)
from pekit_agents.prompting.written_together import joined_together, negated_together

if TYPE_CHECKING:
    from pekit_agents.types import PersonalObject

__all__ = ["NamePart", "NamesInText", "Reading"]

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
        doubtful: Of what was passed over, that which may be a name: it is joined to one, or
            written like one.
        passed_over: All words beside names that say something and were not read, as phrases.
        subjects: Of these, what a question that names nothing may ask about: "is Rex afraid?".
    """

    parts: tuple[NamePart, ...] = ()
    either: bool = False
    unknown: tuple[str, ...] = ()
    alone: bool = False
    unclear: str = ""
    doubtful: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()

    @property
    def wanted(self) -> list[NamePart]:
        """The parts that the text asks for."""
        return [part for part in self.parts if not part.excluded]


class Reading:
    """One pass over the pieces of a text.

    Attributes:
        at: Which piece is next.
        joint: What stands since the last thing that was asked for: "and", "or", "with", ",", "".
        linked: Whether a "and" or "or" here would join on to that thing.
        kind: Whether that thing is said by its category.
        pending: Things of a category that are asked for where something is joined to them.
        negated: Whether what comes is not wanted.
        open_not: Whether a "not" has no thing after it yet.
        within: Whether the sentence has asked for something.
        blurred: Whether a "not" had a word after it that is no name, and may go for more.
    """

    def __init__(self, objects: Sequence[PersonalObject], pieces: Sequence[Piece]) -> None:
        self._known, self._pieces = KnownWords(objects), pieces
        self._phrases = Phrases(self._known, pieces)
        self._signs: list[str] = []
        self._beside: list[tuple[list[Piece], bool]] = []
        self._parts: list[NamePart] = []
        self._unknown: list[str] = []
        self._subjects: list[str] = []
        self._unclear = ""
        self._alone = False
        self._joints: set[str] = set()
        self.at, self.joint, self.linked, self.kind = 0, "", False, False
        self.pending: tuple[PersonalObject, ...] = ()
        self.negated = self.open_not = self.blurred = self.within = False

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
                if self._phrases.may_be_name(self.at, self._joined()):
                    self._beside.append(([piece], True))
                if piece.word in AND | OR | WITH | NOT:
                    self._signs += emoji_joined(self._next(-1), piece, self._next(1))
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
        told = [obj for part in self._parts for obj in part.objects]
        about = KnownWords(told)
        runs = (
            ([each for each in run if not about.is_word(each.word)], may_be)
            for run, may_be in self._beside
        )
        beside = [(said(run), may_be) for run, may_be in runs if run]
        beside += [(sign, True) for sign in self._signs]
        quoted = {word for each in (*quotes, *self._unknown) for word in each.split()}
        beside = [each for each in beside if not quoted.issuperset(each[0].split())]
        return NamesInText(
            tuple(self._parts),
            "or" in self._joints,
            tuple(dict.fromkeys(self._unknown)),
            self._alone,
            self._unclear,
            tuple(dict.fromkeys(run for run, may_be in beside if may_be)),
            tuple(dict.fromkeys(run for run, _ in beside)),
            tuple(dict.fromkeys(self._subjects)),
        )

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
            if piece.word in WITH and not self.open_not and (self.linked or self.within):
                self.kind = self.kind and self.linked
                self.joint, self.linked = self.joint or "with", True
            self.linked = self.linked and piece.word != "but"
            if piece.word == "but" and self.pending and following is not None and following.objects:
                self.negated = self.open_not = True  # "every dog but Biscuit"
        elif piece.word in ONLY and following is not None and following.objects:
            self._alone = self._alone or not self._negates(self.at - 1)
        elif piece.word in ALONE and before is not None and before.objects:
            self._alone = self._alone or piece.word not in ONLY or following is None
        else:
            self.linked = self.linked and (piece.word in ARTICLES | OF or not self.joint)

    def _phrase(self, piece: Piece) -> None:
        """Read some words that stand for one thing, or for nothing that is asked for."""
        begin, self.at = self.at, self.at + 1
        while self.at < len(self._pieces) and _goes_on(self._pieces[self.at]):
            self.at += 1
        words = self._pieces[begin : self.at]
        minus = self._minus(piece)
        joined = self._joined(minus=minus)
        parts = (*self._parts, NamePart(self.pending))
        named = {obj.object_id for part in parts for obj in part.objects}
        kind = any(self._known.is_category(each.word) for each in words)
        fitting = self._known.fitting([each.word for each in words], but=named)
        unknown = self._phrases.apposed(begin, self.at)
        if not unknown and not fitting:
            unknown = self._phrases.unknown_in(begin, self.at, joined)
        self._beside += self._phrases.passed_over(begin, self.at, unknown, joined)
        subject = [] if unknown or fitting else self._phrases.subject(begin, self.at)
        self._subjects += [said(subject)] if subject else []
        if unknown:
            self._leave(unknown)
        elif fitting and joined.joint:
            self._take(fitting, minus=minus, kind=kind)
        elif fitting and not self.linked:
            self.pending, self.linked, self.kind, self.within = fitting, True, kind, True
        else:
            self.blurred = self.blurred or self.open_not
            self.joint, self.linked, self.open_not = "", False, False

    def _joined(self, *, minus: bool = False) -> Joined:
        joint = self.joint if self.linked else ""
        joint = joint or ("not" if minus or self.open_not else "")
        return Joined(joint, self.linked, self.kind, bool(self._parts))

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
                self._joints.add("or" if self.joint == "or" else "and")
        self._parts.append(part)
        self.joint, self.linked, self.kind, self.open_not = "", True, kind, False
        self.within = True

    def _leave(self, unknown: Sequence[Piece]) -> None:
        self._unknown.append(said(unknown))
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
        written = "" if before is None or before.objects else before.said
        near = (written + piece.before)[-AHEAD:]
        if negated_together(near, piece.after):
            self._unclear = f"the words at {quote(piece.said, NAME_LIMIT)}"
        joint = "" if following is None or not following.objects else following.before
        self._unknown += joined_together(near, piece.after, joint)

    def _end_sentence(self) -> None:
        if self.open_not and self._parts:
            self._unclear = '"not" without a name after it'
        self.negated = self.open_not = self.blurred = self.linked = self.within = False
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


def _goes_on(piece: Piece) -> bool:
    return not (piece.objects or piece.word in ORDINARY or piece.first or piece.comma)
