"""Finding an object by what people call it: ``resolve``, ``require_free`` and ``KnownNames``."""

from __future__ import annotations

import difflib
from collections import defaultdict
from typing import TYPE_CHECKING

from pekit_agents.errors import AmbiguousName, InvalidInput, ObjectExists, ObjectNotFound
from pekit_agents.owner_text import CATEGORY_LIMIT, NAME_LIMIT, QUESTION_LIMIT, measured, quote
from pekit_agents.wording.messages import counted
from pekit_agents.wording.spelling import name_key, spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pekit_agents.types import PersonalObject

_SUGGESTIONS = 5


class KnownNames:
    """What some objects are called; a name as it is spelled goes before one like it."""

    def __init__(self, objects: Iterable[PersonalObject]) -> None:
        self._alike: dict[str, list[PersonalObject]] = defaultdict(list)
        for obj in objects:
            self._alike[name_key(obj.name)].append(obj)

    def called(self, name: str) -> list[PersonalObject]:
        """Return the objects that a name may mean: all that are spelled so, else all alike."""
        alike = self._alike.get(name_key(name), [])
        same = [obj for obj in alike if spelled(obj.name) == spelled(name)]
        return same or list(alike)


def resolve(ref: str, objects: Sequence[PersonalObject]) -> PersonalObject:
    """Return the object whose id is ``ref``, else the one whose name is, else is like it.

    Raises:
        ObjectNotFound: Nothing is called that; the message lists the closest known names.
        AmbiguousName: Several objects are; the message lists their names and ids.
        InvalidInput: It is no text, or far too long for a name.
    """
    if not isinstance(ref, str):
        raise InvalidInput(
            f"expected the name or id of an object, found {type(ref).__name__}",
            in_python="; pass its name or object_id as text",
        )
    measured(ref, "name", QUESTION_LIMIT)
    for obj in objects:
        if obj.object_id == ref:
            return obj
    named = KnownNames(objects).called(ref) or _written_apart(ref, objects)
    if not named:
        raise ObjectNotFound(
            f"No remembered object is called {quote(ref, NAME_LIMIT)}. {known_names(objects, ref)}"
        )
    if len(named) > 1:
        names = ", ".join(quote(obj.name, NAME_LIMIT) for obj in named)
        ids = ", ".join(obj.object_id for obj in named)
        raise AmbiguousName(
            f"{len(named)} remembered objects are called {quote(ref, NAME_LIMIT)} or like it: "
            f"{names}. Use one of their ids: {ids}."
        )
    return named[0]


def require_free(name: str, objects: Iterable[PersonalObject], *, unless: str) -> None:
    """Check that no object but the one with the id ``unless`` answers to ``name``.

    Names that are alike cannot be told apart in a sentence, so one of them is enough.

    Raises:
        ObjectExists: Another one does.
    """
    key = name_key(name)
    for obj in objects:
        if obj.object_id != unless and (obj.object_id == name or name_key(obj.name) == key):
            category = quote(obj.category, CATEGORY_LIMIT)
            photos = counted(obj.n_views, "photo")
            raise ObjectExists(
                f"expected a name that is free, but {quote(obj.name, NAME_LIMIT)} is remembered "
                f"already (category {category}, {photos})",
                in_python="; add photos to it with add_views, change it with update, or choose "
                "another name",
            )


def _written_apart(ref: str, objects: Sequence[PersonalObject]) -> list[PersonalObject]:
    """Return what differs from a name in its blanks only, such as "Spider-Man" and "Spiderman"."""
    joined = name_key(ref).replace(" ", "")
    return [obj for obj in objects if name_key(obj.name).replace(" ", "") == joined]


def known_names(objects: Sequence[PersonalObject], like: str = "") -> str:
    """Return a sentence that lists the known names that are closest to one."""
    if not objects:
        return "Nothing is remembered yet."
    key = name_key(like[:NAME_LIMIT])
    names = {name_key(obj.name): obj.name for obj in objects}
    close = difflib.get_close_matches(key, names, n=_SUGGESTIONS, cutoff=0.0)
    told = ", ".join(quote(names[match], NAME_LIMIT) for match in close)
    return f"Known names: {told}."
