"""The photos of a request as the kit takes them, and errors that say which photo is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pekit_agents.errors import ImageError, InvalidInput, NoObjectFound
from pekit_agents.images.loading import describe_source
from pekit_agents.introduction.view_extraction import Reference
from pekit_agents.server.problems import Problem, problem_of
from pekit_agents.server.rest.bodies import KeptPhoto, KeptReference, SentPhoto, SentReference
from pekit_agents.server.service import Service
from pekit_agents.tools.action_result import NAMELESS

__all__ = ["kept_or_taken_in", "named_photos", "photo_name", "references"]

_NUMBERED = re.compile(r"photo (\d+) of \d+: ")


def references(
    service: Service, user_id: str, photos: Sequence[SentReference | KeptReference]
) -> list[Reference]:
    """Return photos of a thing, with the boxes that point it out.

    Raises:
        UnknownImage: A picture is not kept (any more).
    """
    return [
        Reference(
            service.images.get(user_id, each.picture) if isinstance(each, KeptPhoto) else each.data,
            each.box,
        )
        for each in photos
    ]


def kept_or_taken_in(service: Service, user_id: str, photo: SentPhoto | KeptPhoto) -> str:
    """Return the handle of a photo; one that comes along is kept.

    Raises:
        UnknownImage: The picture is not kept (any more).
        Problem: What comes along cannot be read.
        MemoryStoreError: The disk fails.
    """
    if isinstance(photo, KeptPhoto):
        service.images.get(user_id, photo.picture)
        return photo.picture
    with named_photos([photo_name(photo, 1)]):
        return service.take_in(user_id, photo.data)


def photo_name(photo: SentPhoto | KeptPhoto, number: int) -> str:
    """Return what to call a photo: the name of its file, its handle, or its number."""
    told = photo.picture if isinstance(photo, KeptPhoto) else photo.name
    return describe_source(told) if told else f"photo {number}"


@contextmanager
def named_photos(names: Sequence[str]) -> Iterator[None]:
    """Have errors about one of some photos say which it is.

    Args:
        names: What to call them, in their order.

    Raises:
        Problem: In place of an error about a photo.
    """
    try:
        yield
    except (ImageError, InvalidInput, NoObjectFound) as exc:
        problem = problem_of(exc)
        told = NAMELESS.sub("", problem.detail)
        numbered = _NUMBERED.match(told)
        if numbered is not None or (isinstance(exc, ImageError) and len(names) == 1):
            number = 1 if numbered is None else int(numbered[1])
            told = _NUMBERED.sub("", told)
            raise Problem(
                problem.status_code,
                f"{names[number - 1]}: {told}",
                kind=problem.kind,
                title=problem.title,
                photo=number,
            ) from exc
        raise
