"""Searching photo after photo: each is told as soon as it is done, and a bad one stops no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import ParamSpec, TypeVar

from pekit_agents.errors import PeKitError
from pekit_agents.server.photo_folders import FolderPhoto
from pekit_agents.server.problems import Problem, problem_of
from pekit_agents.server.rest.answers import ProblemDetails
from pekit_agents.server.rest.bodies import FolderOfServer, SearchMany
from pekit_agents.server.rest.findings import FoundInPhoto, PhotoLine
from pekit_agents.server.rest.photos import kept_or_taken_in, named_photos, photo_name
from pekit_agents.server.searching import search
from pekit_agents.server.service import Service
from pekit_agents.server.work import RequestRefused

__all__ = ["patiently", "results_of", "results_of_folder"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


def results_of(service: Service, user_id: str, wanted: SearchMany) -> AsyncGenerator[PhotoLine]:
    """Yield what comes of each photo of a request."""

    def find(number: int) -> PhotoLine:
        photo = wanted.photos[number - 1]
        name = photo_name(photo, number)
        with named_photos([name]):
            handle = kept_or_taken_in(service, user_id, photo)
            finding = search(service, user_id, handle, wanted.mode, wanted.strictness)
        return PhotoLine(photo=number, name=name, found=FoundInPhoto.of(finding, handle))

    names = [photo_name(each, n) for n, each in enumerate(wanted.photos, start=1)]
    return _each(service, user_id, names, find)


def results_of_folder(
    service: Service, user_id: str, photos: Sequence[FolderPhoto], wanted: FolderOfServer
) -> AsyncGenerator[PhotoLine]:
    """Yield what comes of each photo of a folder."""

    def find(number: int) -> PhotoLine:
        photo = photos[number - 1]
        finding = service.kit(user_id).find(
            photo.checked(),
            mode=wanted.mode or service.settings.mode,
            strictness=wanted.strictness,
        )
        return PhotoLine(photo=number, name=photo.name, found=FoundInPhoto.of(finding, None))

    return _each(service, user_id, [photo.name for photo in photos], find)


async def _each(
    service: Service, user_id: str, names: Sequence[str], find: Callable[[int], PhotoLine]
) -> AsyncGenerator[PhotoLine]:
    """Yield what comes of each photo; whoever stops taking stops the work after the one in hand.

    Args:
        service: What the server works with.
        user_id: Whose memory.
        names: What the photos are called.
        find: Looks into a photo by its number, from 1.

    Raises:
        RequestRefused: There is no place for the first one. For later ones it waits.
    """
    for number, name in enumerate(names, start=1):
        try:
            if number == 1:
                yield await service.see(user_id, find, number)
            else:
                yield await patiently(service, user_id, find, number)
        except RequestRefused:
            raise
        except (PeKitError, Problem) as exc:
            problem = exc if isinstance(exc, Problem) else problem_of(exc)
            told = ProblemDetails.model_validate(problem.body())
            yield PhotoLine(photo=number, name=name, problem=told)


async def patiently(
    service: Service, user_id: str, work: Callable[_P, _T], *args: _P.args, **options: _P.kwargs
) -> _T:
    """Do some work with photos, and wait for a place where there is none."""
    while True:
        try:
            return await service.see(user_id, work, *args, **options)
        except RequestRefused as exc:
            await asyncio.sleep(exc.retry_after)
