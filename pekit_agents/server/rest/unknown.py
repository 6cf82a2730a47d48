"""What is asked for below ``/v1`` and is not there: told as everything else is told."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute

from pekit_agents.server.problems import Problem

__all__ = ["router_of_unknown"]

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "TRACE"]


def router_of_unknown(routers: Sequence[APIRouter]) -> APIRouter:
    """Return what answers where none of some routers does; it is to be asked last."""
    routes = [each for router in routers for each in router.routes if isinstance(each, APIRoute)]
    unknown = APIRouter(include_in_schema=False)

    @unknown.api_route("/{path:path}", methods=_METHODS)
    async def refuse(path: str, request: Request) -> None:
        there = [each for each in routes if each.path_regex.match(f"/{path}")]
        if not there:
            raise Problem(404, "expected a path of /openapi.json, found another one")
        methods = ", ".join(sorted({method for each in there for method in each.methods or ()}))
        raise Problem(
            405, f"expected {methods}, found {request.method}", headers={"Allow": methods}
        )

    return unknown
