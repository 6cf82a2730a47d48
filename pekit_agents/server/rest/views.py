"""REST: the views of a thing, one for each photo that it was introduced with."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from pekit_agents.errors import ObjectNotFound
from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.rest.answers import (
    NewViews,
    RememberedObject,
    RememberedView,
    StoredObject,
    ViewList,
)
from pekit_agents.server.rest.bodies import MorePhotos
from pekit_agents.server.rest.objects import ObjectRef
from pekit_agents.server.rest.once import Once
from pekit_agents.server.rest.photos import named_photos, photo_name, references
from pekit_agents.server.rest.picture_answers import PICTURE, no_crop, picture_answer
from pekit_agents.server.rest.preconditions import etag_of
from pekit_agents.server.rest.receiving import Received, body_of, received

__all__ = ["router"]

router = APIRouter(prefix="/objects/{object_id}/views", tags=["views"])

_ViewId = Annotated[str, Path(description="The view's id.", examples=["3f0c5d9a1b2e"])]


@router.get("")
async def list_views(object_id: ObjectRef, service: ServiceOf, user: UserOf) -> ViewList:
    """List the views of a thing, the oldest first."""
    views = await service.look_up(user, lambda: service.kit(user).views(object_id))
    return ViewList(views=[RememberedView.of(view) for view in views])


@router.post("", status_code=201, openapi_extra=body_of(MorePhotos))
async def add_views(
    object_id: ObjectRef,
    got: Annotated[Received[MorePhotos], Depends(received(MorePhotos))],
    service: ServiceOf,
    user: UserOf,
    once: Once,
    response: Response,
) -> NewViews:
    """Remember a thing from more photos: all of them, or none where one is at fault."""
    photos = got.body.photos

    def add() -> dict[str, Any]:
        kit = service.kit(user)
        before = kit.get(object_id)
        with named_photos([photo_name(each, n) for n, each in enumerate(photos, start=1)]):
            obj = kit.add_views(
                before.object_id,
                references(service, user, photos),
                view_ids=once.view_ids(len(photos)),
            )
        return {
            "object_id": obj.object_id,
            "added": len(photos),
            "advice": [each.to_dict() for each in obj.advice],
        }

    done = await once.see(got.digest, add)
    obj = await service.look_up(user, lambda: service.kit(user).get(done["object_id"]))
    response.headers["ETag"] = etag_of(obj)
    return NewViews(object=StoredObject.with_advice(obj, done["advice"]), added=done["added"])


@router.delete("/{view_id}")
async def remove_view(
    object_id: ObjectRef, view_id: _ViewId, service: ServiceOf, user: UserOf, response: Response
) -> RememberedObject:
    """Remove a view; its vector and crop leave the disk. The last one stays: forget the thing."""
    obj = await service.look_up(user, lambda: service.kit(user).remove_view(object_id, view_id))
    response.headers["ETag"] = etag_of(obj)
    return RememberedObject.of(obj)


@router.get("/{view_id}/picture", response_class=Response, responses=PICTURE)
async def get_view_picture(
    object_id: ObjectRef, view_id: _ViewId, service: ServiceOf, user: UserOf
) -> Response:
    """Return the small picture of a view."""

    def crop() -> bytes:
        for view in service.kit(user).views(object_id):
            if view.view_id == view_id:
                if view.crop is None:
                    raise no_crop()
                return view.crop.picture
        raise ObjectNotFound("expected a view of the thing, found none with that id")

    return picture_answer(await service.look_up(user, crop))
