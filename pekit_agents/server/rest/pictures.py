"""REST: pictures by handle. Photos that were sent are kept for a while, to be spoken of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.rest.answers import HANDLE, KeptPicture, PicturePage
from pekit_agents.server.rest.bodies import Mode, NewPicture, Strict
from pekit_agents.server.rest.once import Once
from pekit_agents.server.rest.pages import PAGED, Page
from pekit_agents.server.rest.photos import kept_or_taken_in
from pekit_agents.server.rest.picture_answers import PICTURE, picture_answer
from pekit_agents.server.rest.receiving import Received, body_of, received
from pekit_agents.server.searching import search
from pekit_agents.tools.annotated_pictures import AnnotatedPicture, annotated_picture

__all__ = ["router"]

router = APIRouter(prefix="/pictures", tags=["pictures"])

_Handle = Annotated[str, Path(description="The picture's handle.", examples=[HANDLE])]


@router.post("", status_code=201, openapi_extra=body_of(NewPicture))
async def send_picture(
    got: Annotated[Received[NewPicture], Depends(received(NewPicture))],
    service: ServiceOf,
    user: UserOf,
    once: Once,
    response: Response,
) -> KeptPicture:
    """Send a photo and get its handle; it is the latest photo from now on.

    Pictures are kept until newer ones need their room.
    """

    def take_in() -> dict[str, Any]:
        return {"picture": kept_or_taken_in(service, user, got.body.photo)}

    handle = (await once.see(got.digest, take_in))["picture"]
    entries = await service.look_up(user, service.recent.entries, user)
    response.headers["Location"] = f"/v1/pictures/{handle}"
    at = next((at for each, at in entries if each == handle), 0.0)
    return KeptPicture(picture=handle, came_at=datetime.fromtimestamp(at, UTC))


@router.get("", responses=PAGED)
async def list_pictures(service: ServiceOf, user: UserOf, page: Page) -> PicturePage:
    """List the pictures that came last, the newest first."""

    def entries() -> list[tuple[str, float]]:
        service.latest(user)  # looks into the inbox
        return service.recent.entries(user)

    found = await service.look_up(user, entries)
    pictures, following = page.of(found, lambda entry: (-entry[1], entry[0]))
    told = [
        KeptPicture(picture=handle, came_at=datetime.fromtimestamp(at, UTC))
        for handle, at in pictures
    ]
    return PicturePage(pictures=told, total=len(found), next=following)


@router.get("/{picture}", response_class=Response, responses=PICTURE)
async def get_picture(
    picture: _Handle,
    service: ServiceOf,
    user: UserOf,
    annotated: Annotated[
        bool, Query(description="Whether boxes and names of what is found are drawn in.")
    ] = False,
    mode: Annotated[Mode | None, Query(description="How hard to look.")] = None,
    strictness: Annotated[Strict, Query(description="How sure a match has to be.")] = None,
) -> Response:
    """Return a picture as it was sent, or with boxes and names drawn in."""
    if not annotated:
        return picture_answer(await service.look_up(user, service.images.get, user, picture))

    def drawn() -> AnnotatedPicture:
        if mode is None and strictness is None:
            return service.actions.findings.view(user, picture)
        content = service.images.get(user, picture)
        return annotated_picture(search(service, user, picture, mode, strictness), content)

    view = await service.see(user, drawn)
    return picture_answer(view.data, view.mime)


@router.delete("/{picture}", status_code=204, response_class=Response)
async def delete_picture(picture: _Handle, service: ServiceOf, user: UserOf) -> None:
    """Delete a picture. What was learnt from it stays."""

    def delete() -> None:
        service.images.get(user, picture)  # says so where there is none
        service.images.delete(user, picture)
        service.recent.discard(user, [picture])
        service.actions.findings.clear(user)

    await service.look_up(user, delete)
