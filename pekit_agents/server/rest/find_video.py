"""REST: what is in a clip, and when. One form with the clip, answered whole or as lines."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse

from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.problems import Problem
from pekit_agents.server.rest.lines import described_lines, lines_answer
from pekit_agents.server.rest.receiving import inlined
from pekit_agents.server.service import Service
from pekit_agents.tools.waiting import Waiting

__all__ = ["router"]

router = APIRouter(prefix="/find", tags=["find"])

_FORM = "multipart/form-data"
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            _FORM: {
                "schema": {
                    "title": "FindInVideoForm",
                    "type": "object",
                    "properties": {
                        "clip": {
                            "type": "string",
                            "format": "binary",
                            "description": "A clip (MP4, MOV, MKV, WebM, AVI, ...), or the handle "
                            "of one that was sent before.",
                        },
                        "start": {
                            "type": "number",
                            "minimum": 0,
                            "default": 0,
                            "description": "From where on to search, in seconds.",
                            "examples": [0],
                        },
                        "end": {
                            "type": "number",
                            "description": "Up to where to search, in seconds; the end of the "
                            "clip, if not given.",
                        },
                    },
                    "required": ["clip"],
                },
                "example": {"clip": "walk.mp4", "start": 0},
            }
        },
    }
}
_TIMELINE = {
    "format": 1,
    "size_wh": [1920, 1080],
    "until": 12.4,
    "sampled": 63,
    "searched": 21,
    "complete": True,
    "objects": [],
    "sightings": [],
}


class FoundInClip(BaseModel):
    """When the things of one's own are in a clip, and where."""

    clip: str = Field(
        description="The handle of the clip, to be given in place of it.",
        examples=["clip_9f86d081884c7d659a2feaa0c55ad015"],
    )
    rest: float | None = Field(
        description="The `start` of the next request, where a request searches no more of the "
        "clip; null where nothing is left."
    )
    timeline: dict[str, Any] = Field(
        description="What was seen from when to when, as `Timeline.from_dict` reads it.",
        examples=[_TIMELINE],
    )


class SearchProgress(BaseModel):
    """How far a search is."""

    seconds: float = Field(description="Up to where the clip was searched.")
    total: float | None = Field(description="Up to where it will be; null if that is not known.")


class ClipLine(BaseModel):
    """How far a search is, or at last what was found."""

    progress: SearchProgress | None = None
    found: FoundInClip | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    handle: str
    start: float
    end: float | None


async def _wanted(request: Request, service: ServiceOf, user: UserOf) -> _Wanted:
    """Keep the clip of a form, which is written to the disk as it comes."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind != _FORM:
        raise Problem(
            415,
            f"expected {_FORM}, found {kind or 'a body without a content type'}",
            headers={"Accept-Post": _FORM},
        )
    try:
        async with request.form(max_files=1, max_fields=3) as form:
            clip = form.get("clip")
            start, end = _seconds(form.get("start"), "start"), _seconds(form.get("end"), "end")
            if isinstance(clip, UploadFile):
                clip = await service.look_up(user, service.clips.put, user, clip.file)
    except ClientDisconnect as exc:
        raise Problem(400, "expected a whole body, found that the client went away") from exc
    if not isinstance(clip, str):
        raise Problem(422, "clip: expected a file or a handle, found none; send a clip")
    return _Wanted(clip, start or 0.0, end)


_Asked = Annotated[_Wanted, Depends(_wanted)]


@router.post("/video", openapi_extra=_BODY)
async def find_in_video(wanted: _Asked, service: ServiceOf, user: UserOf) -> FoundInClip:
    """Find when the things of one's own are in a clip, and where.

    A request searches the first minutes from `start` on, and `rest` says from where to go on. The
    clip is kept for a while, so that it can be spoken of by its handle. Clips are searched one
    after another; photos do not wait for them.
    """
    return await service.watch(user, _found, service, user, wanted, Waiting())


@router.post(
    "/video/stream",
    openapi_extra=_BODY,
    response_class=StreamingResponse,
    responses=described_lines(inlined(ClipLine.model_json_schema())),
)
async def find_in_video_as_stream(
    wanted: _Asked, service: ServiceOf, user: UserOf
) -> StreamingResponse:
    """The same as lines of JSON: how far the search is, and at last what was found.

    Whoever closes the connection ends the search.
    """
    return await lines_answer(_lines(service, user, wanted))


async def _lines(service: Service, user: str, wanted: _Wanted) -> AsyncGenerator[ClipLine]:
    loop, told = asyncio.get_running_loop(), asyncio.Queue[SearchProgress | None]()

    def tell(seconds: float, total: float | None) -> None:
        line = SearchProgress(seconds=seconds, total=total)
        loop.call_soon_threadsafe(told.put_nowait, line)

    waiting = Waiting(tell)
    search = asyncio.ensure_future(service.watch(user, _found, service, user, wanted, waiting))
    search.add_done_callback(lambda _: told.put_nowait(None))
    try:
        while (progress := await told.get()) is not None:
            yield ClipLine(progress=progress)
        yield ClipLine(found=await search)
    finally:
        waiting.end()
        search.cancel()


def _found(service: Service, user: str, wanted: _Wanted, waiting: Waiting) -> FoundInClip:
    findings = service.actions.clip_findings
    timeline, rest = findings.find(user, wanted.handle, wanted.start, wanted.end, waiting)
    named = [each.object.object_id for each in timeline.named if not each.alternatives]
    service.note_seen(user, named)
    return FoundInClip(clip=wanted.handle, rest=rest, timeline=timeline.to_dict())


def _seconds(given: object, name: str) -> float | None:
    if given in (None, ""):
        return None
    try:
        seconds = float(given) if isinstance(given, str) else math.nan
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise Problem(422, f"{name}: expected seconds, 0 or more, found another value")
    return seconds
