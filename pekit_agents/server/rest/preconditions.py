"""ETags of things: what a client saw, compared with what is there now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Header

from pekit_agents.owner_text import NAME_LIMIT, quote
from pekit_agents.server.problems import Problem
from pekit_agents.server.rest.answers import revision_of

if TYPE_CHECKING:
    from pekit_agents.types import PersonalObject

__all__ = ["IfMatch", "IfNoneMatch", "etag_of", "is_known", "require_match"]

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The `ETag` that was seen: what was changed meanwhile is left as it is (412).",
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", description="The `ETag` that is known: 304 while it is that."),
]


def etag_of(obj: PersonalObject) -> str:
    """Return the ETag of an object."""
    return f'"{revision_of(obj)}"'


def is_known(if_none_match: str | None, obj: PersonalObject) -> bool:
    """Return whether a client has an object as it is."""
    # A weak tag is as good here; where something is written it is not.
    return if_none_match is not None and _names(if_none_match.replace("W/", ""), obj)


def require_match(if_match: str | None, obj: PersonalObject) -> None:
    """Refuse to change what is not as the client saw it.

    Raises:
        Problem: It was changed meanwhile.
    """
    if if_match is not None and not _names(if_match, obj):
        raise Problem(
            412,
            f"expected {quote(obj.name, NAME_LIMIT)} as it was seen, found that it was changed "
            "meanwhile; nothing was written. Look at it again and repeat the change on what it is",
            kind="changed-meanwhile",
            title="It was changed meanwhile",
        )


def _names(tags: str, obj: PersonalObject) -> bool:
    given = [each.strip() for each in tags.split(",")]
    return "*" in given or etag_of(obj) in given
