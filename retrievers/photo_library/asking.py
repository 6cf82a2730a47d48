"""What a text asks of a library's photos: ``asked_for`` returns it, or says why it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pekit_agents.errors import InvalidInput, ObjectNotFound
from pekit_agents.memory.names import known_names
from pekit_agents.prompting.from_memory import listed
from pekit_agents.prompting.known_words import not_told
from pekit_agents.prompting.naming import read_names
from pekit_agents.retrievers.queries import require_words

if TYPE_CHECKING:
    from pekit_agents.retrievers.text_search import TextSearch
    from pekit_agents.types import PersonalObject

__all__ = ["Asked", "asked_for"]

_INSTEAD = "name what photos are to show; what is in a picture a PersonalObjectRetriever finds"
_FITTING = 5  # objects that the words of a query may stand for


@dataclass(frozen=True, slots=True)
class Asked:
    """What photos are to show.

    Attributes:
        parts: Ids of objects; of each part a photo shows one.
        either: Whether one of the parts is enough.
        excluded: Ids of objects that are not to be named in a photo.
        passed_over: Words of the text that say something and were not looked for.
    """

    parts: Sequence[set[str]]
    either: bool = False
    excluded: frozenset[str] = frozenset()
    passed_over: tuple[str, ...] = ()

    @property
    def wanted(self) -> set[str]:
        """Ids of all objects that are looked for."""
        return set().union(*self.parts)


def asked_for(query: str, objects: Sequence[PersonalObject], words: TextSearch) -> Asked:
    """Return what a text asks for.

    Args:
        query: Any text.
        objects: What is remembered.
        words: Looks words up where the text names nothing.

    Raises:
        InvalidInput: The text is too long, unclear, no words, or says only what is not wanted.
        ObjectNotFound: Beside a known name it has one that nothing is called.
    """
    names = read_names(objects, require_words(query, _INSTEAD))
    if not names.parts:
        hits = words.search(" ".join(names.unknown) or query, objects, _FITTING)
        beside = not_told((*names.unknown, *names.passed_over), [obj for obj, _ in hits])
        return Asked([{obj.object_id} for obj, _ in hits], either=True, passed_over=beside)
    if names.unknown:
        raise ObjectNotFound(
            f"expected names of remembered objects, found also {listed(names.unknown)}, which "
            f"nothing is called; leave out what is no name. "
            f"{known_names(objects, names.unknown[0])}"
        )
    if names.unclear:
        raise InvalidInput(
            f"expected a search such as 'A and B', 'A or B' or 'A but not B', found "
            f"{names.unclear}; search for one after the other"
        )
    if not names.wanted:
        raise InvalidInput(
            "expected at least one name that photos are to show, found only what they are not to "
            "show; say also what they show"
        )
    excluded = {obj.object_id for part in names.parts if part.excluded for obj in part.objects}
    parts = [{obj.object_id for obj in part.objects} for part in names.wanted]
    if names.alone:
        excluded |= {obj.object_id for obj in objects} - set().union(*parts)
    return Asked(parts, names.either, frozenset(excluded), names.passed_over)
