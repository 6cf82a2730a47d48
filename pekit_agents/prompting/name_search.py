"""Where names stand in a text: ``NameSearch`` finds each, the longest first, in any script."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pekit_agents.prompting.name_words import COMMON
from pekit_agents.wording.spelling import FoldedText, name_key, script, spelled

if TYPE_CHECKING:
    from pekit_agents.types import PersonalObject

__all__ = ["NameSearch", "Named"]

_OWNED = re.compile(r"(?:my|our|the) (?=\S)")
#: Scripts that put no space between words: a name ends wherever it ends.
_UNSPACED = frozenset({"CJK", "HIRAGANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"})
#: What Arabic and Hebrew write together with the word after it: and, so, in, to, like, from, the.
_PREFIXES = re.compile(
    "[\u0648\u0641]?(?:[\u0628\u0643]?\u0627\u0644|\u0644\u0644|[\u0628\u0644\u0643])?"
    "|[\u05d5\u05e9]?[\u05d1\u05d4\u05dc\u05de\u05db]?"
)
#: Korean particles, for names of one syllable; after longer ones any ending may stand.
_PARTICLES = re.compile("이|가|은|는|을|를|의|에|와|과|랑|도|만|야|아|로|하고|에게|한테|께|씨")
#: The rest of a word after an apostrophe that is no elided article: "don't", "they'll".
_CONTRACTED = frozenset({"s", "t", "d", "m", "ll", "re", "ve"})


class Named(NamedTuple):
    """Where a name stands.

    Attributes:
        start: Its first character in ``FoldedText.folded``.
        end: The character after its last.
        objects: What is called so; several where they cannot be told apart.
    """

    start: int
    end: int
    objects: tuple[PersonalObject, ...]


class NameSearch:
    """Finds the names of some objects in texts."""

    def __init__(self, objects: Sequence[PersonalObject]) -> None:
        self._words: dict[str, list[PersonalObject]] = defaultdict(list)
        self._joined: dict[str, list[PersonalObject]] = defaultdict(list)
        self._signs: dict[str, list[PersonalObject]] = defaultdict(list)
        for obj in objects:
            key = name_key(obj.name)
            if not any(map(_of_word, key)):
                self._signs[key].append(obj)
                continue
            for each in {key, _bare(key)}:
                self._words[each].append(obj)
            if (joined := name_key(_unhyphened(obj.name))) != key:
                self._joined[joined].append(obj)
        #: By its first character the length of the longest name, with an "s" at its end.
        self._longest: dict[str, int] = {}
        for key in (*self._words, *self._joined):
            self._longest[key[0]] = max(self._longest.get(key[0], 0), len(key) + 1)

    def find(self, text: FoldedText) -> list[Named]:
        """Return the names in a text, from left to right; of those that overlap the longest."""
        found = list(self._in_words(text))
        if self._signs:
            found += self._in_signs(text, found)
        return sorted(found)

    def _in_words(self, text: FoldedText) -> Iterator[Named]:
        at, folded = 0, text.folded
        while at < len(folded):
            hit = None
            if folded[at] in self._longest and self._may_start(text, at):
                hit = self._longest_at(text, at)
            if hit is not None:
                yield hit
            at = at + 1 if hit is None else hit.end

    def _may_start(self, text: FoldedText, at: int) -> bool:
        folded = text.folded
        if at == 0 or not _glued(text, at):
            return at == 0 or folded[at - 1] != "'" or _rest(folded, at) not in _CONTRACTED
        if script(folded[at]) not in ("ARABIC", "HEBREW"):
            return False
        begin = at
        while begin > 0 and _of_word(folded[begin - 1]):
            begin -= 1
        return _PREFIXES.fullmatch(folded, begin, at) is not None

    def _longest_at(self, text: FoldedText, start: int) -> Named | None:
        folded, best, reach = text.folded, None, 0.0
        longest = self._longest[folded[start]]
        key = joined = gap = ""  # what stands there as a key; the same without its hyphens
        for end in range(start + 1, len(folded) + 1):
            char = folded[end - 1]
            if char == " ":
                gap += "-" if _is_dash(text.source[text.at[end - 1]]) else " "
            if char in " '":
                continue
            key += f" {char}" if gap else char
            joined += f" {char}" if gap.strip("-") else char
            gap = ""
            if len(joined) > longest:
                break
            if not self._may_end(text, start, end):
                continue
            genitive = folded[end : end + 1] == "'" or _of_german(text, start, end)
            objects = self._called(key, joined, genitive=genitive)
            if not objects:
                continue
            apostrophe = folded.rfind("'", max(start, folded.rfind(" ", start, end)), end)
            own = apostrophe < 0 or any("'" in spelled(obj.name) for obj in objects)
            far = end if own else apostrophe - 0.5  # "Biscuit's" is of Biscuit, then of Biscuits
            if far > reach:
                best, reach = Named(start, end, tuple(objects)), far
        return None if best is None else _exactly(text, best)

    def _called(self, key: str, joined: str, *, genitive: bool) -> list[PersonalObject]:
        found = self._words.get(key) or self._words.get(joined) or self._joined.get(key)
        if not found and key.endswith("s") and genitive:
            found = self._words.get(key[:-1])  # Biscuits', Rubys Geburtstag
        return found or []

    def _may_end(self, text: FoldedText, start: int, end: int) -> bool:
        folded = text.folded
        if end == len(folded) or not _glued(text, end):
            return _rest(folded, end + 1) != "t" if folded[end : end + 1] == "'" else True
        if script(folded[end - 1]) != "HANGUL" or script(folded[end]) != "HANGUL":
            return False
        return end - start > 1 or _PARTICLES.fullmatch(_rest(folded, end)) is not None

    def _in_signs(self, text: FoldedText, found: Sequence[Named]) -> Iterator[Named]:
        """Yield the names that are only emoji or punctuation, where no other name has them."""
        source = text.source.casefold()
        if len(source) != len(text.source):  # rare letters grow; emoji have no case
            source = text.source
        taken = {index for name in found for index in text.at[name.start : name.end]}
        for key in sorted(self._signs, key=len, reverse=True):
            begin = source.find(key)
            while begin >= 0:
                end = begin + len(key)
                around = source[begin - 1 : begin] + source[end : end + 1]
                free = taken.isdisjoint(range(begin, end))
                if free and not (set(key) & set(around)) and _stands_alone(source, begin, key):
                    taken.update(range(begin, end))
                    spans = [i for i, at in enumerate(text.at) if begin <= at < end]
                    yield Named(spans[0], spans[-1] + 1, tuple(self._signs[key]))
                begin = source.find(key, begin + 1)


def _exactly(text: FoldedText, name: Named) -> Named:
    """Return a name with what its spelling has beyond letters, and only what is spelled so."""
    best: tuple[int, list[PersonalObject]] = (0, [])
    begin = text.at[name.start]
    for obj in name.objects:
        wanted = spelled(obj.name)
        # Blanks may be wider in the text; nothing else is longer in it.
        for end in range(begin + 1, min(len(text.source), begin + 2 * len(wanted)) + 1):
            if spelled(text.source[begin:end]) == wanted:
                same = [*best[1], obj] if end == best[0] else [obj]
                best = (end, same) if end >= best[0] else best
                break
    if not best[1]:
        return name
    end = name.end
    while end < len(text.at) and text.at[end] < best[0]:
        end += 1
    return Named(name.start, end, tuple(best[1]))


def _bare(key: str) -> str:
    """Return a key without "my", "our" or "the", where more than a common word is left."""
    bare = _OWNED.sub("", key, count=1) if _OWNED.match(key) else key
    return key if bare in COMMON else bare


def _unhyphened(name: str) -> str:
    return "".join(char for char in name if not _is_dash(char))


def _is_dash(char: str) -> bool:
    return unicodedata.category(char) == "Pd"


def _rest(folded: str, start: int) -> str:
    """Return what is left of a word."""
    end = start
    while end < len(folded) and _of_word(folded[end]):
        end += 1
    return folded[start:end]


def _of_word(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNM"


def _of_german(text: FoldedText, start: int, end: int) -> bool:
    """Say whether a name may have an "s" for a noun that follows, as in "Rubys Geburtstag"."""
    if text.folded[end : end + 1] != " " or end + 1 >= len(text.folded):
        return False
    begin, last, following = (text.source[text.at[at]] for at in (start, end - 1, end + 1))
    return begin.isupper() and last == "s" and following.isupper()


def _stands_alone(source: str, begin: int, key: str) -> bool:
    """Say whether punctuation is more than the end of a word; emoji always are."""
    before = source[begin - 1 : begin] if begin else " "
    return not before.isalnum() or unicodedata.category(key[0])[0] == "S"


def _glued(text: FoldedText, at: int) -> bool:
    """Say whether the characters before and at an index are of one word."""
    left, right = text.folded[at - 1], text.folded[at]
    if text.at[at - 1] == text.at[at]:  # of one character, such as ß
        return True
    if not (_of_word(left) and _of_word(right)):
        return False
    scripts = {script(left), script(right)}
    if scripts & _UNSPACED or (scripts & {"HANGUL", "KATAKANA"} and "" in scripts):
        return False
    return len(scripts) == 1 or "" in scripts or "COMBINING" in scripts
