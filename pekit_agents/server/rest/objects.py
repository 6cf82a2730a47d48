"""REST: the things that are remembered. Introducing, listing, changing, merging, forgetting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from pekit_agents.owner_text import QUESTION_LIMIT
from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.rest.answers import (
    ObjectPage,
    ObjectsForgotten,
    ObjectsNow,
    RememberedObject,
    StoredObject,
)
from pekit_agents.server.rest.bodies import Introduction, Merge, ObjectChange
from pekit_agents.server.rest.once import Once
from pekit_agents.server.rest.pages import PAGED, Page
from pekit_agents.server.rest.photos import named_photos, photo_name, references
from pekit_agents.server.rest.picture_answers import PICTURE, no_crop, picture_answer
from pekit_agents.server.rest.preconditions import (
    IfMatch,
    IfNoneMatch,
    etag_of,
    is_known,
    require_match,
)
from pekit_agents.server.rest.receiving import Received, body_of, digest_of, received
from pekit_agents.server.service import Service
from pekit_agents.tools.known_objects import fitting

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.types import PersonalObject

__all__ = ["ObjectRef", "forgetting", "objects_now", "router"]

router = APIRouter(prefix="/objects", tags=["objects"])

_ETAG = {
    "ETag": {"description": "Of the thing as it is.", "schema": {"type": "string"}},
}
ObjectRef = Annotated[str, Path(description="The thing's id, or its name.", examples=["Biscuit"])]


@router.get("", responses=PAGED)
async def list_objects(
    service: ServiceOf,
    user: UserOf,
    page: Page,
    search: Annotated[
        str,
        Query(
            max_length=QUESTION_LIMIT,
            description="Only things whose name, category or note contains this text.",
        ),
    ] = "",
) -> ObjectPage:
    """List what is remembered, the oldest first."""

    def found() -> ObjectPage:
        objects = fitting(service.kit(user).objects(), search)
        some, following = page.of(objects, lambda obj: (obj.created_at.isoformat(), obj.object_id))
        told = [RememberedObject.of(obj) for obj in some]
        return ObjectPage(objects=told, total=len(objects), next=following)

    return await service.look_up(user, found)


@router.post("", status_code=201, openapi_extra=body_of(Introduction))
async def introduce_object(
    got: Annotated[Received[Introduction], Depends(received(Introduction))],
    service: ServiceOf,
    user: UserOf,
    once: Once,
    response: Response,
) -> StoredObject:
    """Introduce a thing by photos of it.

    All photos are used, or nothing is stored: the error says which photo is at fault. Three photos
    from different sides are good. The photos themselves are not kept.
    """
    body = got.body

    def introduce() -> dict[str, Any]:
        kit, object_id = service.kit(user), once.object_id()
        obj = next((each for each in kit.objects() if each.object_id == object_id), None)
        if obj is None:  # else it was stored for this key, and noting that failed
            names = [photo_name(each, n) for n, each in enumerate(body.photos, start=1)]
            with named_photos(names):
                obj = kit.remember(
                    body.name,
                    references(service, user, body.photos),
                    category=body.category,
                    context=body.context,
                    object_id=object_id,
                )
        return {"object_id": obj.object_id, "advice": [each.to_dict() for each in obj.advice]}

    done = await once.see(got.digest, introduce)
    obj = await service.look_up(user, lambda: service.kit(user).get(done["object_id"]))
    response.headers["Location"] = f"/v1/objects/{obj.object_id}"
    response.headers["ETag"] = etag_of(obj)
    return StoredObject.with_advice(obj, done["advice"])


@router.get(
    "/{object_id}",
    response_model=RememberedObject,
    responses={200: {"headers": _ETAG}, 304: {"description": "Unchanged"}},
)
async def get_object(
    object_id: ObjectRef,
    service: ServiceOf,
    user: UserOf,
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> RememberedObject | Response:
    """Return one thing."""
    obj = await service.look_up(user, lambda: service.kit(user).get(object_id))
    if is_known(if_none_match, obj):
        return Response(status_code=304, headers={"ETag": etag_of(obj)})
    response.headers["ETag"] = etag_of(obj)
    return RememberedObject.of(obj)


@router.patch("/{object_id}", responses={200: {"headers": _ETAG}})
async def change_object(
    object_id: ObjectRef,
    change: ObjectChange,
    service: ServiceOf,
    user: UserOf,
    response: Response,
    if_match: IfMatch = None,
) -> RememberedObject:
    """Change the name, category or note of a thing.

    With `If-Match` nothing is written where somebody changed it meanwhile (412). Without it the
    change is made on whatever is there.
    """

    def update() -> PersonalObject:
        kit = service.kit(user)
        seen = kit.get(object_id)
        require_match(if_match, seen)
        return kit.update(
            seen.object_id,
            name=change.name,
            category=change.category,
            context=change.context,
            expected=None if if_match is None else seen,
        )

    obj = await service.look_up(user, update)
    response.headers["ETag"] = etag_of(obj)
    return RememberedObject.of(obj)


@router.delete("/{object_id}")
async def forget_object(
    object_id: ObjectRef, service: ServiceOf, user: UserOf, if_match: IfMatch = None
) -> ObjectsForgotten:
    """Forget a thing for good: its vectors, crops, name and note leave the disk."""

    def forget() -> dict[str, Any]:
        if if_match is not None:
            require_match(if_match, service.kit(user).get(object_id))
        return service.actions.forget_personal_object(user, object_id).record

    return ObjectsForgotten(**await service.look_up(user, forget))


@router.post("/{object_id}/merge", responses={200: {"headers": _ETAG}})
async def merge_objects(
    object_id: ObjectRef,
    merge: Merge,
    service: ServiceOf,
    user: UserOf,
    once: Once,
    response: Response,
) -> RememberedObject:
    """Make one thing of two that are the same: the other one's views go to this one.

    The other one's name and note are forgotten.
    """

    def join() -> dict[str, Any]:
        with forgetting(service, user) as kit:
            return {"object_id": kit.merge(object_id, merge.other).object_id}

    done = await once.look_up(digest_of(merge), join)
    obj = await service.look_up(user, lambda: service.kit(user).get(done["object_id"]))
    response.headers["ETag"] = etag_of(obj)
    return RememberedObject.of(obj)


@router.get("/{object_id}/picture", response_class=Response, responses=PICTURE)
async def get_portrait(object_id: ObjectRef, service: ServiceOf, user: UserOf) -> Response:
    """Return a picture of a thing: the crop of its first view that has one."""

    def portrait() -> bytes:
        views = service.kit(user).views(object_id)
        for view in views:
            if view.crop is not None:
                return view.crop.picture
        raise no_crop()

    return picture_answer(await service.look_up(user, portrait))


@router.delete("/{object_id}/corrections", responses={200: {"headers": _ETAG}})
async def clear_corrections(
    object_id: ObjectRef, service: ServiceOf, user: UserOf, response: Response
) -> RememberedObject:
    """Forget everything that a thing was said not to be. Views that were confirmed stay."""
    obj = await service.look_up(user, lambda: service.kit(user).clear_corrections(object_id))
    response.headers["ETag"] = etag_of(obj)
    return RememberedObject.of(obj)


@contextmanager
def forgetting(service: Service, user_id: str) -> Iterator[PeKit]:
    """Yield a user's kit; pictures and findings of what is forgotten meanwhile go."""
    try:
        with service.actions.annotated.forgetting(user_id) as kit:
            yield kit
    finally:
        service.actions.findings.clear(user_id)


async def objects_now(service: Service, user_id: str, done: dict[str, Any]) -> ObjectsNow:
    """Return the things that something was done with, those that are still remembered."""
    known = await service.look_up(user_id, lambda: service.kit(user_id).objects())
    objects = [obj for obj in known if obj.object_id in done["object_ids"]]
    return ObjectsNow(objects=[RememberedObject.of(obj) for obj in objects])
