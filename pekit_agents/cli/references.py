"""``object_of`` and its like: what a command's words mean in a memory, or what may be meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pekit_agents.errors import AmbiguousName, InvalidInput, ObjectNotFound
from pekit_agents.wording.messages import clause, counted, suggestion

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.types import PersonalObject

__all__ = ["id_of", "nothing_in", "object_of", "require_folder", "require_something", "short_ids"]

_SHORTEST = 4  # characters of an id that are taken for one
_SHOWN = 8
_MADE = re.compile(r"[0-9a-f]{32}")  # an id that was not its owner's choice
_USER = re.compile(r"[0-9a-f]{64}")


def object_of(kit: PeKit, ref: str) -> PersonalObject:
    """Return an object by its name, its id, or the beginning of its id.

    Raises:
        ObjectNotFound: There is none; the message asks whether a similar one is meant.
        AmbiguousName: There are several.
    """
    try:
        return kit.get(ref)
    except ObjectNotFound as exc:
        objects = kit.objects()
        chosen = id_of(ref, [obj.object_id for obj in objects])
        if chosen != ref:
            return kit.get(chosen)
        raise ObjectNotFound(f"{exc}{suggestion(ref, [obj.name for obj in objects])}") from exc


def id_of(ref: str, ids: Sequence[str]) -> str:
    """Return the one id that begins so; the text itself where none does.

    Raises:
        AmbiguousName: Several do.
    """
    if ref in ids or len(ref) < _SHORTEST:
        return ref
    found = [each for each in ids if each.startswith(ref.lower())]
    if len(found) > 1:
        raise AmbiguousName(
            f"expected the beginning of one id, found that {len(found)} begin with {ref!r}; give "
            f"more of it: {', '.join(found[:5])}"
        )
    return found[0] if found else ref


def short_ids(ids: Iterable[str]) -> dict[str, str]:
    """Return what is enough of each id to tell it from the others: eight characters or more.

    An id that its owner chose stays whole.
    """
    every = list(ids)
    length = _SHOWN
    while length < 32 and len({each[:length] for each in every}) < len(set(every)):
        length += 1
    return {each: each[:length] if _MADE.fullmatch(each) else each for each in every}


def require_something(memory: str, user: str) -> None:
    """Refuse to look for anything in a memory that does not exist; nothing is made or loaded.

    What lies at a URI is not looked at.

    Raises:
        InvalidInput: There is no memory, or nothing of this user in it; or it is a file.
    """
    if why := _absence(memory, user):
        raise InvalidInput(why)


def nothing_in(memory: str, user: str) -> str:
    """Return a sentence for a memory in which nothing is remembered, and what may be meant."""
    return _absence(memory, user) or (
        f"Nothing is remembered yet in {memory} for user {user!r}: begin with `pekit remember`."
    )


def _absence(memory: str, user: str) -> str:
    if "://" in memory:
        return ""
    from pekit_agents.memory.place.place import place_at, user_place

    place_at(memory)  # refuses a file

    def has(name: str) -> bool:
        place = user_place(memory, name).files if name else None
        return place is not None and place.path.exists()

    root = Path(memory).expanduser()
    nothing = f"Nothing is remembered yet in {memory} for user {user!r}:"
    if not root.is_dir():
        return f"{nothing} {_no_folder(root)}"
    if has(user):
        return ""
    others = [each for each in _folders(root) if _USER.fullmatch(each.name)]
    if not others:
        return (
            f"{nothing} there is no memory in the folder. Check --memory, or begin with "
            "`pekit remember`."
        )
    spellings = dict.fromkeys((user.strip(), user.lower(), user.title(), user.upper(), "default"))
    meant = [each for each in spellings if has(each)]
    hint = f" Did you mean --user {meant[0]}?" if meant else ""
    count = counted(len(others), "other user has", "other users have")
    return f"{clause(nothing)}, though {count} a memory there. Check --user.{hint}"


def require_folder(memory: str) -> None:
    """Refuse a folder of memories that does not exist; what lies at a URI is not looked at.

    Raises:
        InvalidInput: There is none.
    """
    root = Path(memory).expanduser()
    if "://" not in memory and not root.exists():
        raise InvalidInput(f"Nothing is remembered yet in {memory}: {_no_folder(root)}")


def _no_folder(root: Path) -> str:
    near = [each.name for each in _folders(root.absolute().parent)]
    return (
        "there is no such folder. Check --memory, or begin with `pekit remember`."
        f"{suggestion(root.name, near)}"
    )


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(each for each in root.iterdir() if each.is_dir())
    except OSError:
        return []
