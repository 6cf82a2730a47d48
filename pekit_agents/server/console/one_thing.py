"""``/things/ID``: one thing with its photos, and what can be changed about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from pekit_agents.errors import ObjectChanged, ObjectExists
from pekit_agents.introduction.quality import ENOUGH
from pekit_agents.server.console.by_id import by_id
from pekit_agents.server.console.rendering import PageRoute, redirected, rendered
from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.service import Service
from pekit_agents.types import Advice, PersonalObject, StoredView
from pekit_agents.wording.messages import clause

__all__ = ["router", "thing_page"]

router = APIRouter(prefix="/things/{object_id}", route_class=PageRoute)

Text = Annotated[str, Form()]
_TAKEN = "if it is the same thing, merge the two on this page; otherwise choose another name"


@dataclass(frozen=True, slots=True)
class _Shown:
    thing: PersonalObject
    views: list[StoredView]
    others: list[PersonalObject]
    seen: datetime | None


@router.get("")
async def show(request: Request, object_id: str, service: ServiceOf, user: UserOf) -> Response:
    """Show a thing."""
    return await thing_page(request, service, user, object_id)


@router.post("")
async def change(
    request: Request,
    object_id: str,
    service: ServiceOf,
    user: UserOf,
    name: Text = "",
    category: Text = "",
    context: Text = "",
    seen_name: Text = "",
    seen_category: Text = "",
    seen_context: Text = "",
) -> Response:
    """Change the texts of a thing, unless somebody else has since they were shown."""

    def changed() -> PersonalObject:
        kit = service.kit(user)
        now = by_id(kit, object_id)
        seen = replace(now, name=seen_name, category=seen_category, context=seen_context)
        return kit.update(
            now.object_id, name=name, category=category, context=context, expected=seen
        )

    try:
        await service.look_up(user, changed)
    except ObjectExists as error:
        raise ObjectExists(f"{clause(error)}; {_TAKEN}") from error
    except ObjectChanged:
        # A field that was left alone shows what it is now, so that saving again does not undo it.
        texts = {
            "name": (name, seen_name),
            "category": (category, seen_category),
            "context": (context, seen_context),
        }
        typed = {field: text for field, (text, seen) in texts.items() if text != seen}
        return await thing_page(
            request, service, user, object_id, status=412, typed=typed, part="_texts.html"
        )
    return await thing_page(request, service, user, object_id, said="Saved.")


@router.post("/views/{view_id}/remove")
async def remove_view(
    request: Request, object_id: str, view_id: str, service: ServiceOf, user: UserOf
) -> Response:
    """Remove a photo of a thing."""

    def removed() -> None:
        kit = service.kit(user)
        kit.remove_view(by_id(kit, object_id).object_id, view_id)

    await service.look_up(user, removed)
    return await thing_page(request, service, user, object_id, said="The photo is removed.")


@router.post("/clear-corrections")
async def clear(request: Request, object_id: str, service: ServiceOf, user: UserOf) -> Response:
    """Forget what a thing was said not to be."""

    def cleared() -> None:
        kit = service.kit(user)
        kit.clear_corrections(by_id(kit, object_id).object_id)

    await service.look_up(user, cleared)
    return await thing_page(request, service, user, object_id, said="The corrections are cleared.")


@router.post("/merge")
async def merge(
    request: Request, object_id: str, service: ServiceOf, user: UserOf, into: Text
) -> Response:
    """Make one thing of two, which keeps the texts of the other."""

    def merged() -> str:
        try:
            with service.actions.annotated.forgetting(user) as kit:
                both = by_id(kit, into).object_id, by_id(kit, object_id).object_id
                return kit.merge(*both).object_id
        finally:
            service.actions.findings.clear(user)

    return redirected(request, f"/things/{await service.look_up(user, merged)}")


@router.post("/forget")
async def forget(request: Request, object_id: str, service: ServiceOf, user: UserOf) -> Response:
    """Forget a thing for good."""

    def forgotten() -> None:
        known = by_id(service.kit(user), object_id)
        service.actions.forget_personal_object(user, known.object_id)
        service.seen.times(user, {obj.object_id for obj in service.kit(user).objects()})

    await service.look_up(user, forgotten)
    return redirected(request, "/")


async def thing_page(
    request: Request,
    service: Service,
    user: str,
    object_id: str,
    *,
    advice: Sequence[Advice] = (),
    said: str = "",
    typed: dict[str, str] | None = None,
    status: int = 200,
    part: str | None = None,
) -> Response:
    """Return the page of a thing.

    Args:
        request: What is answered.
        service: What the server works with.
        user: Whose thing.
        object_id: Which thing.
        advice: What to know about the photos that were just given.
        said: What was just done.
        typed: What was typed and could not be saved, by field.
        status: The HTTP status.
        part: The template to answer htmx with, in place of the page's main part.

    Raises:
        ObjectNotFound: The user has no such thing.
    """
    shown = await service.look_up(user, _shown, service, user, object_id)
    values: dict[str, Any] = {"advice": advice, "said": said, "typed": typed}
    values["few"] = shown.thing.n_views < ENOUGH
    response = rendered(request, "thing.html", status=status, part=part, shown=shown, **values)
    if part is None:
        response.headers["HX-Push-Url"] = f"/things/{shown.thing.object_id}"
    else:
        response.headers["HX-Retarget"] = "#texts"
    return response


def _shown(service: Service, user: str, object_id: str) -> _Shown:
    kit = service.kit(user)
    thing = by_id(kit, object_id)
    things = kit.objects()
    seen = service.seen.times(user, {obj.object_id for obj in things}).get(thing.object_id)
    others = [each for each in things if each.object_id != thing.object_id]
    return _Shown(thing, kit.views(thing.object_id), others, seen)
