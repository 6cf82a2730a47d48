"""REST: the library of photos. Indexed once, asked later what shows a thing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from starlette.responses import StreamingResponse

from pekit_agents.errors import ImageError
from pekit_agents.owner_text import QUESTION_LIMIT
from pekit_agents.retrievers.photo_library import FoundPhoto, PhotoLibrary, PhotoNotFound
from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.photo_folders import FolderPhoto
from pekit_agents.server.problems import Problem
from pekit_agents.server.rest.bodies import FolderOfServer, LibraryPhotos
from pekit_agents.server.rest.findings import (
    IndexedLine,
    IndexedPhotos,
    LibraryHits,
    LibraryPage,
    NotIndexed,
    PhotoHit,
)
from pekit_agents.server.rest.lines import described_lines, lines_answer
from pekit_agents.server.rest.many_photos import patiently
from pekit_agents.server.rest.once import Once
from pekit_agents.server.rest.pages import PAGED, Page
from pekit_agents.server.rest.receiving import Received, body_of, received
from pekit_agents.server.rest.server_folders import photos_of_folder
from pekit_agents.server.service import Service

__all__ = ["router"]

router = APIRouter(prefix="/library", tags=["library"])

_BATCH = 16  # photos of a folder at a time: as many as the library commits together
_INDEXED = described_lines(IndexedLine.model_json_schema())


@router.get("/photos", responses=PAGED)
async def list_library(service: ServiceOf, user: UserOf, page: Page) -> LibraryPage:
    """List the photos in the library, in alphabetical order."""

    def listed() -> LibraryPage:
        ids = _library(service, user).photo_ids()
        some, following = page.of(ids, lambda photo_id: (photo_id,))
        return LibraryPage(photo_ids=some, total=len(ids), next=following)

    return await service.look_up(user, listed)


@router.post("/photos", openapi_extra=body_of(LibraryPhotos))
async def index_photos(
    got: Annotated[Received[LibraryPhotos], Depends(received(LibraryPhotos))],
    service: ServiceOf,
    user: UserOf,
    once: Once,
) -> IndexedPhotos:
    """Index photos: their regions are stored, the photos are not.

    What is there already, unchanged, is passed over; a new photo takes the place of one of the same
    id. In a form the id is the file's name.
    """
    photos = got.body.photos
    ids = [photo.photo_id for photo in photos]

    def index() -> dict[str, Any]:
        report = _library(service, user).index(
            [(photo.photo_id, photo.data) for photo in photos],
            mode=got.body.mode or service.settings.mode,
        )
        # By their numbers: no name of a photo is noted.
        failed = [[ids.index(photo_id), reason] for photo_id, reason in report.failed]
        return {"indexed": report.indexed, "skipped": report.skipped, "failed": failed}

    if len(set(ids)) < len(ids):
        raise Problem(422, "photos: expected another id for each photo, found two alike")
    done = await once.see(got.digest, index)
    failed = [NotIndexed(photo_id=ids[place], reason=why) for place, why in done["failed"]]
    return IndexedPhotos(indexed=done["indexed"], skipped=done["skipped"], failed=failed)


@router.post("/folder", response_class=StreamingResponse, responses=_INDEXED)
async def index_folder(body: FolderOfServer, service: ServiceOf, user: UserOf) -> StreamingResponse:
    """Index a folder of the server's machine, as lines of JSON.

    For the user whose machine the server runs on. Sent again it goes on where it was.
    """
    photos = await service.look_up(user, photos_of_folder, service.settings, user, body.folder)
    return await lines_answer(_indexed(service, user, photos, body))


@router.get("/search")
async def search_library(
    service: ServiceOf,
    user: UserOf,
    name: Annotated[
        list[str] | None,
        Query(description="The id or name of a thing; of several, photos show all of them."),
    ] = None,
    text: Annotated[
        str | None,
        Query(
            max_length=QUESTION_LIMIT,
            description='What photos are to show, such as "Biscuit and my red mug".',
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="The most photos.")] = 20,
) -> LibraryHits:
    """Find the photos of the library that show, or may show, things of one's own."""
    if (name is None) == (text is None):
        raise Problem(422, "expected name or text, found both or neither; give one of them")

    def found() -> list[FoundPhoto]:
        library = _library(service, user)
        return library.search(name, k=limit) if name else library.search_text(text or "", k=limit)

    photos = await service.look_up(user, found)
    passed_over = list(photos[0].passed_over) if photos else []
    return LibraryHits(photos=[PhotoHit.of(each) for each in photos], passed_over=passed_over)


@router.delete("/photos/{photo_id:path}", status_code=204, response_class=Response)
async def forget_photo(
    photo_id: Annotated[str, Path(description="What the photo was indexed as.")],
    service: ServiceOf,
    user: UserOf,
) -> None:
    """Remove what is stored of a photo."""

    def forget() -> None:
        try:
            _library(service, user).forget_photo(photo_id)
        except PhotoNotFound as exc:
            raise Problem(404, exc.message, kind="not-found") from exc

    await service.look_up(user, forget)


async def _indexed(
    service: Service, user_id: str, photos: Sequence[FolderPhoto], wanted: FolderOfServer
) -> AsyncGenerator[IndexedLine]:
    """Yield what becomes of each photo of a folder."""
    for begin in range(0, len(photos), _BATCH):
        batch = photos[begin : begin + _BATCH]
        index = partial(_index, service, user_id, batch, wanted)
        if begin == 0:
            lines = await service.see(user_id, index)
        else:
            lines = await patiently(service, user_id, index)
        for number, line in enumerate(lines, start=begin + 1):
            yield IndexedLine(photo=number, **line)


def _index(
    service: Service, user_id: str, batch: Sequence[FolderPhoto], wanted: FolderOfServer
) -> list[dict[str, Any]]:
    lines = {each.photo_id: {"photo_id": each.photo_id, "state": "failed"} for each in batch}
    inside: list[tuple[str, FilePath]] = []
    for each in batch:
        try:
            inside.append((each.photo_id, each.checked()))
        except ImageError as exc:
            lines[each.photo_id]["reason"] = exc.message
    report = _library(service, user_id).index(
        inside,
        mode=wanted.mode or service.settings.mode,
        progress=lambda photo_id, state: lines[photo_id].update(state=state),
    )
    for photo_id, reason in report.failed:
        lines[photo_id] |= {"state": "failed", "reason": reason}
    return list(lines.values())


def _library(service: Service, user_id: str) -> PhotoLibrary:
    settings = service.settings
    return PhotoLibrary.open(
        settings.memory,
        user_id,
        service.kit(user_id).profile,
        keep_crops=settings.keep_crops,
        limits=settings.limits,
        strictness=settings.strictness,
        storage_options=settings.storage_options,
    )
