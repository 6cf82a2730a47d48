"""``/introduce`` and ``/things/ID/photos``: what a thing looks like, with the outline to judge by.

``/upload`` only takes a photo in, for an agent to speak about.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from pekit_agents.errors import InvalidInput, NoObjectFound, ObjectExists
from pekit_agents.images.loading import load_photo
from pekit_agents.introduction.view_extraction import Reference
from pekit_agents.introduction.views import MAX_VIEWS
from pekit_agents.server.console.by_id import by_id
from pekit_agents.server.console.one_thing import thing_page
from pekit_agents.server.console.outlines import outline_path
from pekit_agents.server.console.rendering import PageRoute, rendered
from pekit_agents.server.console.uploads import Photos, TakenIn, taken_in
from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.service import Service
from pekit_agents.types import PersonalObject
from pekit_agents.wording.messages import clause

__all__ = ["router"]

router = APIRouter(route_class=PageRoute)

Text = Annotated[str, Form()]
Texts = Annotated[list[str], Form(default_factory=list)]
_CATEGORY = "thing"  # while nobody has said what it is
_TAKEN = "if it is the same thing, add photos on its page; otherwise choose another name"
_NO_PHOTOS = "expected photos of it, found none; drop at least one on the page"


@dataclass(frozen=True, slots=True)
class _Outlined:
    """What would be taken of a photo.

    Attributes:
        size_wh: Width and height of the upright photo in pixels.
        path: The outline, as an SVG path; empty where nothing stands out.
        box: The box that was drawn, as its four edges; empty for none.
        told: Why there is no outline.
    """

    size_wh: tuple[int, int]
    path: str
    box: str
    told: str


@router.get("/introduce")
async def introduce(request: Request, photo: str = "", box: str = "") -> Response:
    """Show the page, with a photo that came before if one is named."""
    photos = [TakenIn(photo)] if photo else []
    return _page(request, photos=photos, box=box)


@router.post("/introduce/photos")
async def take_photos(
    request: Request, service: ServiceOf, user: UserOf, photo: Photos
) -> Response:
    """Take photos in, and show each."""
    return _page(request, photos=await taken_in(service, user, photo), part="_introduced.html")


@router.get("/introduce/outline")
async def outline(
    request: Request,
    service: ServiceOf,
    user: UserOf,
    photo: str,
    box: str = "",
    category: str = "",
) -> Response:
    """Draw what would be taken of a photo, as it is or inside a box."""
    outlined = await service.see(user, _outlined, service, user, photo, box, category)
    return rendered(request, "_outlined.html", outlined=outlined, handle=photo)


@router.post("/introduce")
async def remember(
    request: Request,
    service: ServiceOf,
    user: UserOf,
    object_id: Text,
    photo: Texts,
    box: Texts,
    name: Text = "",
    category: Text = "",
    context: Text = "",
) -> Response:
    """Remember a thing; sent twice, it is remembered once."""

    def remembered() -> PersonalObject:
        kit = service.kit(user)
        known = [each for each in kit.objects() if each.object_id == object_id]
        if known:
            return known[0]
        references = _references(service, user, photo, box)
        return kit.remember(
            name, references, category=category, context=context, object_id=object_id
        )

    if not photo:
        raise InvalidInput(_NO_PHOTOS)
    try:
        obj = await service.see(user, remembered)
    except ObjectExists as error:
        raise ObjectExists(f"{clause(error)}; {_TAKEN}") from error
    said = f"{obj.name} is remembered."
    return await thing_page(request, service, user, obj.object_id, advice=obj.advice, said=said)


@router.get("/things/{object_id}/photos")
async def more(request: Request, object_id: str, service: ServiceOf, user: UserOf) -> Response:
    """Show the page that adds photos to a thing."""
    thing = await service.look_up(user, lambda: by_id(service.kit(user), object_id))
    return _page(request, thing=thing)


@router.post("/things/{object_id}/photos")
async def add(
    request: Request,
    object_id: str,
    service: ServiceOf,
    user: UserOf,
    photo: Texts,
    box: Texts,
) -> Response:
    """Add photos to a thing."""

    def added() -> PersonalObject:
        kit = service.kit(user)
        known = by_id(kit, object_id)
        return kit.add_views(known.object_id, _references(service, user, photo, box))

    if not photo:
        raise InvalidInput(_NO_PHOTOS)
    obj = await service.see(user, added)
    said = "1 photo is added." if len(photo) == 1 else f"{len(photo)} photos are added."
    return await thing_page(request, service, user, obj.object_id, advice=obj.advice, said=said)


@router.get("/upload")
async def upload_page(request: Request) -> Response:
    """Show the page that hands photos to an agent."""
    return rendered(request, "upload.html", photos=[])


@router.post("/upload")
async def upload(request: Request, service: ServiceOf, user: UserOf, photo: Photos) -> Response:
    """Take photos in for an agent: the last is its user's latest."""
    photos = await taken_in(service, user, photo)
    return rendered(request, "upload.html", part="_handed.html", photos=photos)


def _page(request: Request, **values: Any) -> Response:
    given: dict[str, Any] = {"thing": None, "photos": [], "box": "", "new_id": uuid.uuid4().hex}
    return rendered(request, "introduce.html", **(given | values))


def _outlined(service: Service, user: str, handle: str, box: str, category: str) -> _Outlined:
    content = service.images.get(user, handle)
    photo = load_photo(content, limits=service.settings.limits)
    reference = Reference(photo, _edges(box))
    try:
        view = service.kit(user).extract_view(reference, category=category.strip() or _CATEGORY)
    except NoObjectFound:
        return _Outlined(photo.size_wh, "", box, "Nothing stands out here. Draw a box around it.")
    return _Outlined(photo.size_wh, outline_path(view.proposal), box, "")


def _references(service: Service, user: str, photos: list[str], boxes: list[str]) -> list[Any]:
    """Return what a kit takes for photos, with the boxes that were drawn."""
    if len(photos) > MAX_VIEWS:  # before any is read
        raise InvalidInput(
            f"expected at most {MAX_VIEWS} photos of a thing, found {len(photos)}; leave some out"
        )
    if len(boxes) not in (0, len(photos)):
        raise InvalidInput(
            f"expected a box, which may be empty, for each of {len(photos)} photos, found "
            f"{len(boxes)}; load the page anew"
        )
    edges = [_edges(each) for each in boxes] or [None] * len(photos)
    images = [service.images.get(user, handle) for handle in photos]
    return [Reference(image, box) for image, box in zip(images, edges, strict=True)]


def _edges(box: str) -> list[float] | None:
    if not box.strip():
        return None
    try:
        return [float(edge) for edge in box.split(",")]
    except ValueError as exc:
        raise InvalidInput(
            f"expected a box as x0,y0,x1,y1 in pixels, found {box[:40]!r}; draw it anew"
        ) from exc
