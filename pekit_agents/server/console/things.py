"""``/``: what is remembered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from pekit_agents.server.console.rendering import PageRoute, rendered
from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.service import Service
from pekit_agents.types import PersonalObject

__all__ = ["router"]

router = APIRouter(route_class=PageRoute)

_A_PAGE = 60  # portraits


@dataclass(frozen=True, slots=True)
class _Listed:
    things: list[PersonalObject]
    total: int
    waiting: int
    seen: dict[str, datetime]
    next: int | None


@router.get("/")
async def home(
    request: Request,
    service: ServiceOf,
    user: UserOf,
    search: str = "",
    after: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Show what is remembered, or what of it a text is found in."""
    listed = await service.look_up(user, _listed, service, user, search, after)
    # The search box asks for the list alone.
    part = "_things.html" if request.headers.get("hx-target") in ("things", "more") else None
    return rendered(request, "things.html", part=part, listed=listed, search=search)


def _listed(service: Service, user: str, search: str, after: int) -> _Listed:
    kit = service.kit(user)
    things = kit.objects()
    total = len(things)
    seen = service.seen.times(user, {obj.object_id for obj in things})
    if search.strip():
        record = service.actions.list_personal_objects(user, search.strip()).record
        found = {each["object_id"] for each in record["objects"]}
        things = [obj for obj in things if obj.object_id in found]
    page = things[after : after + _A_PAGE]
    more = after + _A_PAGE if after + _A_PAGE < len(things) else None
    return _Listed(page, total, len(kit.review.list()), seen, more)
