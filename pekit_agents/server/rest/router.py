"""``router``: all of REST below ``/v1``, with what every operation has in common."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from pekit_agents.server.problems import PROBLEM_JSON
from pekit_agents.server.rest import (
    asking,
    corrections,
    find,
    find_video,
    library,
    me,
    moving,
    objects,
    pictures,
    views,
)

__all__ = ["router"]

_WAIT = {
    "Retry-After": {
        "description": "After how many seconds to try again.",
        "schema": {"type": "integer"},
    }
}
_PROBLEMS: dict[int, tuple[str, dict[str, Any]]] = {
    400: ("The request cannot be read.", {}),
    401: ("No token, or none that is known.", {}),
    403: ("A page of another site sent it, or it is not for this user.", {}),
    404: ("No such thing, picture, view, item or photo of this user.", {}),
    408: ("The body did not arrive in time.", {}),
    409: ("The name is taken or ambiguous, or the same request is being worked on.", {}),
    412: ("It was changed meanwhile; nothing was written.", {}),
    413: ("The body is too large.", {}),
    415: ("The body is of another kind.", {}),
    421: ("The request is for another host.", {}),
    422: ("The request cannot be used as it is; nothing was stored.", {}),
    429: ("Too many requests of this user at a time.", _WAIT),
    501: ("The server is not set up for this.", {}),
    503: ("The server is busy, or the memory cannot be used.", _WAIT),
}


def _problem(description: str, headers: dict[str, Any]) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    told = {"description": description, "content": {PROBLEM_JSON: {"schema": schema}}}
    return {**told, "headers": headers} if headers else told


def _operation_id(route: APIRoute) -> str:
    return route.name


# Who it is has been found out before; this tells the OpenAPI how to say so.
_bearer = HTTPBearer(auto_error=False, description="A token; `pekit token add NAME` makes one.")

router = APIRouter(
    prefix="/v1",
    dependencies=[Depends(_bearer)],
    responses={status: _problem(*told) for status, told in _PROBLEMS.items()},
    generate_unique_id_function=_operation_id,
)
for _room in (me, objects, views, pictures, find, find_video, asking, corrections, library, moving):
    router.include_router(_room.router)
