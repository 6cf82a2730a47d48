"""Pictures for pages: photos as people see them, and what is kept of views and doubts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from pekit_agents.answering.pictures import JPEG, SHOWN_SIDE, to_jpeg
from pekit_agents.errors import ObjectNotFound
from pekit_agents.images.loading import load_photo
from pekit_agents.server.console.by_id import by_id
from pekit_agents.server.console.rendering import PageRoute, redirected
from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.service import Service
from pekit_agents.server.work import TooManyRequests

__all__ = ["router"]

router = APIRouter(route_class=PageRoute)

_T = TypeVar("_T")
_PAUSE, _PAUSES = 0.25, 120  # a picture of a page waits half a minute for those before it


@router.get("/pictures/{handle}")
async def photo(request: Request, handle: str, service: ServiceOf, user: UserOf) -> Response:
    """Show a photo upright, as large as a screen needs, and without what its file tells besides."""
    stored = await _in_turn(partial(service.look_up, user, service.images.get, user, handle))
    if _known(request, handle):
        return _unchanged(handle)

    def shown() -> bytes:
        return to_jpeg(load_photo(stored, limits=service.settings.limits).image, SHOWN_SIDE)

    return _picture(await _in_turn(partial(service.see, user, shown)), handle)


@router.post("/pictures/forget")
async def let_go(request: Request, service: ServiceOf, user: UserOf) -> Response:
    """Let go of the photos that were sent; what was learnt from them stays."""

    def gone() -> None:
        for handle in service.recent.handles(user):
            service.images.delete(user, handle)
        service.recent.clear(user)
        service.actions.findings.clear(user)

    await service.look_up(user, gone)
    return redirected(request, "/try")


@router.get("/things/{object_id}/portrait")
async def portrait(request: Request, object_id: str, service: ServiceOf, user: UserOf) -> Response:
    """Show what is kept of the first photo of a thing that something is kept of."""
    return await _crop(request, service, user, object_id)


@router.get("/things/{object_id}/views/{view_id}")
async def view(
    request: Request, object_id: str, view_id: str, service: ServiceOf, user: UserOf
) -> Response:
    """Show what is kept of one photo of a thing."""
    return await _crop(request, service, user, object_id, view_id)


@router.get("/review/{review_id}/picture")
async def doubt(request: Request, review_id: str, service: ServiceOf, user: UserOf) -> Response:
    """Show what waits for a decision."""

    def kept() -> bytes | None:
        items = service.kit(user).review.list()
        return next((each.picture for each in items if each.review_id == review_id), None)

    picture = await _in_turn(partial(service.look_up, user, kept))
    if picture is None:
        raise ObjectNotFound("expected something that waits for a decision, found nothing of it")
    return _unchanged(review_id) if _known(request, review_id) else _picture(picture, review_id)


async def _crop(
    request: Request, service: Service, user: str, object_id: str, view_id: str | None = None
) -> Response:
    def kept() -> tuple[str, bytes] | None:
        kit = service.kit(user)
        views = kit.views(by_id(kit, object_id).object_id)
        if view_id is not None and view_id not in {each.view_id for each in views}:
            raise ObjectNotFound("expected a photo of a thing, found none with that id")
        for each in views:
            if each.crop is not None and view_id in (None, each.view_id):
                return each.view_id, each.crop.picture
        return None

    found = await _in_turn(partial(service.look_up, user, kept))
    if found is None:  # nothing is kept of it
        return RedirectResponse("/static/placeholder.svg", 303, {"Cache-Control": "no-store"})
    tag, picture = found
    return _unchanged(tag) if _known(request, tag) else _picture(picture, tag)


async def _in_turn(work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    """Do some work when its user's other requests let it: a page asks for all pictures at once."""
    for _ in range(_PAUSES):
        try:
            return await work()
        except TooManyRequests:
            await asyncio.sleep(_PAUSE)
    return await work()


def _known(request: Request, tag: str) -> bool:
    return f'"{tag}"' in request.headers.get("if-none-match", "")


def _headers(tag: str) -> dict[str, str]:
    # Asked for again each time, so that what is forgotten is not shown from a browser's cache.
    return {"Cache-Control": "private, no-cache", "ETag": f'"{tag}"'}


def _picture(content: bytes, tag: str) -> Response:
    return Response(content, headers=_headers(tag), media_type=JPEG)


def _unchanged(tag: str) -> Response:
    return Response(status_code=304, headers=_headers(tag))
