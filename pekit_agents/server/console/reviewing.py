"""``/review``: doubtful matches as cards, each to be decided on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from pekit_agents.kit.review import ReviewItem
from pekit_agents.server.console.rendering import PageRoute, rendered
from pekit_agents.server.console.trying import Told, Verdict, chosen, why
from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.service import Service
from pekit_agents.types import PersonalObject

__all__ = ["router"]

router = APIRouter(prefix="/review", route_class=PageRoute)

_A_PAGE = 30  # cards


@router.get("")
async def page(request: Request, service: ServiceOf, user: UserOf) -> Response:
    """Show what waits, the oldest first."""
    return await _page(request, service, user, "")


@router.post("/{review_id}")
async def decide(
    request: Request,
    review_id: str,
    service: ServiceOf,
    user: UserOf,
    verdict: Verdict,
    object_id: Annotated[str, Form()] = "",
) -> Response:
    """Learn from a decision; the card goes."""

    def decided() -> str:
        kit = service.kit(user)
        if verdict == "no":
            names = " and not ".join(obj.name for obj in kit.review.reject(review_id))
            return f"Learnt: it is not {names}."
        if verdict == "drop":
            kit.review.dismiss(review_id)
            return "Dropped; nothing is learnt."
        shown = chosen(kit, verdict, object_id)
        return f"Learnt: it is {kit.review.confirm(review_id, shown).name}."

    said = await service.look_up(user, decided)
    return await _page(request, service, user, said)


async def _page(request: Request, service: Service, user: str, said: str) -> Response:
    def waiting() -> tuple[list[tuple[ReviewItem, Told]], int, list[PersonalObject]]:
        kit = service.kit(user)
        items = kit.review.list()
        cards = [(item, why(kit, item.doubt.match)) for item in items[:_A_PAGE]]
        return cards, len(items), kit.objects()

    cards, total, things = await service.look_up(user, waiting)
    return rendered(request, "review.html", cards=cards, total=total, things=things, said=said)
