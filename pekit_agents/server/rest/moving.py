"""REST: a whole memory as a file, out and in."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Depends
from starlette.responses import StreamingResponse

from pekit_agents.errors import MemoryStoreError, PeKitError
from pekit_agents.files import private_folder
from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.problems import problem_of
from pekit_agents.server.rest.answers import ObjectsNow
from pekit_agents.server.rest.bodies import Archive
from pekit_agents.server.rest.objects import forgetting, objects_now
from pekit_agents.server.rest.once import Once
from pekit_agents.server.rest.receiving import Received, body_of, received

__all__ = ["router"]

router = APIRouter(tags=["moving"])

_TYPE = "application/octet-stream"
_CHUNK = 2**20  # bytes at a time
_PASSING_SECONDS = 3600.0  # longer than the largest memory takes to be written or read
_EXPORT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, which an import reads",
        "content": {_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/export", response_class=StreamingResponse, responses=_EXPORT)
async def export_memory(service: ServiceOf, user: UserOf) -> StreamingResponse:
    """Return everything that is remembered as one file: texts, vectors and kept crops.

    It is not in the file what photos the library knows, what waits for review, and what was sent.
    """

    def export() -> BinaryIO:
        folder = _folder(service.settings.folder)
        with tempfile.TemporaryDirectory(dir=folder) as place:
            path = Path(place) / "memory.pekit"
            service.kit(user).export(path)
            return path.open("rb")  # its name goes at once; what was opened can be read to its end

    file = await service.look_up(user, export)
    return StreamingResponse(
        _content(file),
        media_type=_TYPE,
        headers={
            "Content-Disposition": 'attachment; filename="memory.pekit"',
            "Cache-Control": "no-store",
        },
    )


@router.post("/import", openapi_extra=body_of(Archive))
async def import_memory(
    got: Annotated[Received[Archive], Depends(received(Archive))],
    service: ServiceOf,
    user: UserOf,
    once: Once,
) -> ObjectsNow:
    """Take over the things of an export: all of them in one step, or none."""

    def take_over() -> dict[str, Any]:
        folder = _folder(service.settings.folder)
        with tempfile.TemporaryDirectory(dir=folder) as place:
            path = Path(place) / "memory.pekit"
            path.write_bytes(got.body.file)
            try:
                with forgetting(service, user) as kit:
                    objects = kit.import_memory(path, on_conflict=got.body.on_conflict)
            except PeKitError as exc:  # nobody is told where the server keeps its files
                problem = problem_of(exc)
                problem.detail = problem.detail.replace(str(path), "the file")
                raise problem from exc
        return {"object_ids": [obj.object_id for obj in objects]}

    return await objects_now(service, user, await once.look_up(got.digest, take_over))


def _folder(state: Path) -> Path:
    """Return where files lie for a moment, without those of processes that died."""
    folder = state / "passing"
    try:
        private_folder(folder)
        for left in folder.iterdir():
            if time.time() - left.stat().st_mtime > _PASSING_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
    except OSError as exc:
        raise MemoryStoreError(
            f"expected a folder that can be written, found one that cannot: {exc.strerror}"
        ) from exc
    return folder


def _content(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
