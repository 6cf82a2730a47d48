"""Finding an object by what people call it."""

from __future__ import annotations

import difflib
import unicodedata
from typing import TYPE_CHECKING

from pekit_agents.errors import AmbiguousName, InvalidInput, ObjectExists, ObjectNotFound
from pekit_agents.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pekit_agents.types import PersonalObject

_SUGGESTIONS = 5


def name_key(name: str) -> str:
    """Return the form in which two spellings of one name are equal.

    Case, runs of blanks and the composition of accents do not count.
    """
    folded = unicodedata.normalize("NFC", name).casefold()
    return " ".join(unicodedata.normalize("NFC", folded).split())


def resolve(ref: str, objects: Sequence[PersonalObject]) -> PersonalObject:
    """Return the object whose id is ``ref``, else the one whose name is.

    Raises:
        ObjectNotFound: Nothing is called that; the message lists the closest known names.
        AmbiguousName: Several objects are; the message lists their ids.
        InvalidInput: It is no text.
    """
    if not isinstance(ref, str):
        raise InvalidInput(
            f"expected the name or id of an object, found {type(ref).__name__}; pass its name or "
            "object_id as text"
        )
    for obj in objects:
        if obj.object_id == ref:
            return obj
    key = name_key(ref)
    named = [obj for obj in objects if name_key(obj.name) == key]
    if not named:
        raise ObjectNotFound(f'No remembered object is called "{ref}". {_known(key, objects)}')
    if len(named) > 1:
        ids = ", ".join(obj.object_id for obj in named)
        raise AmbiguousName(
            f'{len(named)} remembered objects are called "{ref}". Use one of their ids: {ids}.'
        )
    return named[0]


def require_free(name: str, objects: Iterable[PersonalObject], *, unless: str) -> None:
    """Check that no object but the one with the id ``unless`` answers to ``name``.

    Raises:
        ObjectExists: Another one does.
    """
    key = name_key(name)
    for obj in objects:
        if obj.object_id != unless and (obj.object_id == name or name_key(obj.name) == key):
            raise ObjectExists(
                f"expected a name that is free, but {obj.name!r} is remembered already "
                f"({obj.category}, {counted(obj.n_views, 'view')}); add photos with add_views, "
                "change it with update, or forget it first"
            )


def _known(key: str, objects: Sequence[PersonalObject]) -> str:
    names = {name_key(obj.name): obj.name for obj in objects}
    if not names:
        return "Nothing is remembered yet."
    close = difflib.get_close_matches(key, names, n=_SUGGESTIONS, cutoff=0.0)
    return "Known names: " + ", ".join(f'"{names[match]}"' for match in close) + "."
