"""REST: what is in photos. One, several at once, or many as a stream of lines."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import StreamingResponse

from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.rest.bodies import FolderOfServer, Search, SearchMany
from pekit_agents.server.rest.findings import FoundInPhoto, PhotoLine, PhotoResults
from pekit_agents.server.rest.lines import described_lines, lines_answer
from pekit_agents.server.rest.many_photos import results_of, results_of_folder
from pekit_agents.server.rest.photos import kept_or_taken_in
from pekit_agents.server.rest.receiving import Received, body_of, received
from pekit_agents.server.rest.server_folders import photos_of_folder
from pekit_agents.server.searching import search

__all__ = ["router"]

router = APIRouter(prefix="/find", tags=["find"])

_LINES = described_lines({"$ref": f"#/components/schemas/{PhotoLine.__name__}"})


@router.post("", openapi_extra=body_of(Search))
async def find_objects(
    got: Annotated[Received[Search], Depends(received(Search))], service: ServiceOf, user: UserOf
) -> FoundInPhoto:
    """Find the things of one's own in a photo, and leave everything else alone.

    A photo that comes along is kept for a while, so that it can be spoken of by its handle.
    """
    body = got.body

    def find() -> FoundInPhoto:
        handle = kept_or_taken_in(service, user, body.photo)
        return FoundInPhoto.of(search(service, user, handle, body.mode, body.strictness), handle)

    return await service.see(user, find)


@router.post("/many", openapi_extra=body_of(SearchMany))
async def find_in_many(
    got: Annotated[Received[SearchMany], Depends(received(SearchMany))],
    service: ServiceOf,
    user: UserOf,
) -> PhotoResults:
    """Find the things of one's own in several photos; one that cannot be used stops no other."""
    results = results_of(service, user, got.body)
    return PhotoResults(results=[line async for line in results])


@router.post(
    "/stream",
    openapi_extra=body_of(SearchMany),
    response_class=StreamingResponse,
    responses=_LINES,
)
async def find_as_stream(
    got: Annotated[Received[SearchMany], Depends(received(SearchMany))],
    service: ServiceOf,
    user: UserOf,
) -> StreamingResponse:
    """The same as lines of JSON, each as soon as its photo is done.

    A line holds `found` or `problem`. Whoever closes the connection stops the work.
    """
    return await lines_answer(results_of(service, user, got.body))


@router.post("/folder", response_class=StreamingResponse, responses=_LINES)
async def find_in_folder(
    body: FolderOfServer, service: ServiceOf, user: UserOf
) -> StreamingResponse:
    """Find the things of one's own in a folder of the server's machine, as lines of JSON.

    For the user whose machine the server runs on. The photos are not kept.
    """
    photos = await service.look_up(user, photos_of_folder, service.settings, user, body.folder)
    return await lines_answer(results_of_folder(service, user, photos, body))
