"""``taken_in``: photos that a page sends become pictures of their user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import File, UploadFile

from pekit_agents.errors import InvalidInput
from pekit_agents.server.service import Service

__all__ = ["Photos", "TakenIn", "taken_in"]

#: What a form sends for its field of files.
Photos: TypeAlias = Annotated[list[UploadFile], File()]
_LONGEST = 120  # characters of a file's name that are shown


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A photo that came.

    Attributes:
        handle: Its handle.
        label: The name of its file.
    """

    handle: str
    label: str = ""


async def taken_in(service: Service, user: str, photos: Sequence[UploadFile]) -> list[TakenIn]:
    """Keep photos as the latest of their user.

    Args:
        service: What the server works with.
        user: Whose photos.
        photos: The files.

    Raises:
        InvalidInput: There is none.
        ImageError: One cannot be read; those before it are kept.
    """
    kept = []
    for each in photos:
        content = await each.read()
        if content or each.filename:
            handle = await service.see(user, service.take_in, user, content)
            kept.append(TakenIn(handle, (each.filename or "")[:_LONGEST]))
    if not kept:
        raise InvalidInput("expected a photo, found none; choose one or drop it on the page")
    return kept
