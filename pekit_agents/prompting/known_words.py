"""The words of what is remembered: ``KnownWords`` finds things by them; ``not_told`` the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pekit_agents.owner_text import NAME_LIMIT
from pekit_agents.wording.spelling import name_key

if TYPE_CHECKING:
    from pekit_agents.types import PersonalObject

__all__ = ["KnownWords", "not_told"]

#: In shorter words one letter makes another word: "Max", "map".
_FEWEST_LETTERS = 4
#: Words that begin with as many letters alike are inflections of one: "scratched", "scratches".
_STEM = 5
#: The longest ending of an inflection, such as "ing".
_ENDING = 3


class KnownWords:
    """Finds objects by the words of their categories and names."""

    def __init__(self, objects: Sequence[PersonalObject]) -> None:
        self._objects = objects

    def fitting(self, words: Sequence[str], *, but: Container[str]) -> tuple[PersonalObject, ...]:
        """Return what has all words in its name and category, else what is of their category.

        Args:
            words: In the form of ``name_key``.
            but: The ids of objects to leave out.
        """
        fit = set.intersection(*(self._by_word.get(_singular(word), set()) for word in words))
        if not fit:
            kinds = [word for word in words if self.is_category(word)]
            fit = set.intersection(*(self._by_word[_singular(each)] for each in kinds or [""]))
        fitting = (self._objects[index] for index in sorted(fit))
        return tuple(obj for obj in fitting if obj.object_id not in but)

    def is_word(self, word: str) -> bool:
        """Say whether a word is of the name or category of something."""
        return _singular(word) in self._by_word

    def is_category(self, word: str) -> bool:
        """Say whether a word is of the category of something."""
        return _singular(word) in self._categories

    def is_nearly_name(self, word: str) -> bool:
        """Say whether a word is a known name but for a letter, and not its plural."""
        if not _FEWEST_LETTERS <= len(word) <= NAME_LIMIT or _singular(word) in self._by_word:
            return False
        return not self._near_names.isdisjoint(_near(word))

    @cached_property
    def _by_word(self) -> defaultdict[str, set[int]]:
        by_word: defaultdict[str, set[int]] = defaultdict(set)
        for index, obj in enumerate(self._objects):
            for word in name_key(f"{obj.name} {obj.category}").split():
                by_word[_singular(word)].add(index)
        return by_word

    @cached_property
    def _categories(self) -> set[str]:
        kinds = {name_key(obj.category) for obj in self._objects}
        return {_singular(word) for kind in kinds for word in kind.split()}

    @cached_property
    def _near_names(self) -> set[str]:
        names = [name_key(obj.name) for obj in self._objects]
        return {near for name in names if len(name) >= _FEWEST_LETTERS for near in _near(name)}


def not_told(phrases: Iterable[str], objects: Sequence[PersonalObject]) -> tuple[str, ...]:
    """Return those of some phrases that have a word which nothing that is remembered says.

    Args:
        phrases: As they stand in a text.
        objects: What is remembered: their names, categories and notes are read.
    """
    told = name_key(" ".join(f"{obj.name} {obj.category} {obj.context}" for obj in objects))
    stems = {stem for word in told.split() for stem in _stems(word)}
    spread = told if not told.isascii() else ""  # what is written without spaces

    def says(word: str) -> bool:
        return not stems.isdisjoint(_stems(word)) or (not word.isascii() and word in spread)

    return tuple(each for each in phrases if not all(map(says, name_key(each).split())))


def _stems(word: str) -> set[str]:
    """Return a word, its singular, and it without each ending that leaves a stem."""
    lengths = range(max(len(word) - _ENDING, _STEM), len(word))
    return {word, _singular(word), *(word[:length] for length in lengths)}


def _near(word: str) -> set[str]:
    """Return a word, and it without any one letter: two words a letter apart have one alike."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word
