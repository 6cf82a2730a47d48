"""``create_app``: REST, MCP and the console as one ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route, compile_path

from pekit_agents.errors import PeKitError
from pekit_agents.server import console, mcp, monitoring, rest
from pekit_agents.server.admission import Admission, answer_of
from pekit_agents.server.identity import Identity, require_identity
from pekit_agents.server.problems import Problem, problem_of
from pekit_agents.server.service import Service

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pekit_agents.profiles import Profile
    from pekit_agents.server.identity import Identify
    from pekit_agents.server.settings import ServerSettings

__all__ = ["create_app"]


def create_app(
    settings: ServerSettings,
    *,
    identify: Identify | None = None,
    profile: Profile | None = None,
) -> FastAPI:
    """Return the server as an ASGI application.

    Args:
        settings: What is served, and what it may cost.
        identify: Gives the user of a request, in place of tokens and sessions; a request that it
            gives None for is refused.
        profile: The vision tools, in place of those that ``settings`` names.

    Raises:
        InvalidInput: Other machines reach it, and nobody would have to say who they are.
        ProfileError: The profile is unknown.
    """
    service = Service(settings, profile)
    identity = Identity(settings, service.tokens)
    if identify is None:
        require_identity(settings, service.tokens)
    tools = mcp.HttpEndpoint(mcp.mcp_server(service), settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with tools.running(), monitoring.warmed(app, service):
            yield
        service.close()

    app = FastAPI(
        title="PeKit Agents",
        summary="A visual memory of your own things.",
        version=metadata.version("pekit-agents"),
        lifespan=lifespan,
        # Their pages load scripts from another host.
        docs_url=None,
        redoc_url=None,
        max_body_size=None,  # Admission bounds it
    )
    app.state.service, app.state.identity = service, identity
    app.state.metrics = monitoring.Metrics(service)
    app.add_exception_handler(PeKitError, _refused)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _wrong_request)
    app.include_router(rest.router)
    app.include_router(console.router)
    app.include_router(monitoring.router)
    app.mount("/static", console.static_files())
    for path in ("/mcp", "/mcp/"):  # a client would not follow a redirect with its body
        app.router.routes.append(Route(path, tools, include_in_schema=False))
    app.add_middleware(Admission, settings=settings, identify=identify or identity)
    app.add_middleware(monitoring.Watched, service=service, metrics=app.state.metrics)
    return app


async def _refused(_: Request, exc: Any) -> Response:
    return answer_of(problem_of(exc))


async def _http_error(request: Request, exc: Any) -> Response:
    if isinstance(exc, Problem):
        return answer_of(exc)
    words = str(exc.detail)
    if exc.status_code == 404:
        words = f"expected a path of this server, found {request.url.path:.200}; see /openapi.json"
    elif exc.status_code == 405:
        allowed = _methods_of(request) or (exc.headers or {}).get("Allow", "")
        words = f"expected {allowed}, found {request.method}"
        return answer_of(Problem(405, words, headers={"Allow": allowed}))
    return answer_of(Problem(exc.status_code, words, headers=exc.headers))


def _methods_of(request: Request) -> str:
    """Return all methods of a path of the OpenAPI; each route knows but its own."""
    paths: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    there = [each for path, each in paths.items() if compile_path(path)[0].match(request.url.path)]
    return ", ".join(sorted({method.upper() for each in there for method in each}))


async def _wrong_request(_: Request, exc: Any) -> Response:
    wrong = [
        {"where": [str(each) for each in error["loc"]], "found": error["msg"]}
        for error in exc.errors()
    ]
    first = wrong[0]
    words = f"{'.'.join(first['where'][1:]) or first['where'][0]}: {first['found']}"
    return answer_of(Problem(422, words, kind="invalid-request", errors=wrong))
