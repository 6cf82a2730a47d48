"""``/healthz``, ``/readyz`` and ``/metrics``, and vision tools that are loaded beforehand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from PIL import Image
from starlette.responses import JSONResponse, Response

from pekit_agents.errors import PeKitError
from pekit_agents.profiles import load_profile
from pekit_agents.server.admission import answer_of
from pekit_agents.server.problems import Problem, problem_of

if TYPE_CHECKING:
    from fastapi import FastAPI

    from pekit_agents.server.service import Service

__all__ = ["router", "warmed"]

_LOGGER = logging.getLogger(__name__)
_TICK = 0.1  # seconds between two looks at whether the loop turns
_SOON = "5"

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Say whether a photo can be searched at once: 503 until the vision tools are loaded."""
    loading: asyncio.Task[PeKitError | None] = request.app.state.loading
    if not loading.done():
        words = "expected the vision tools, found that they are being loaded; try again soon"
        return answer_of(Problem(503, words, kind="loading", headers={"Retry-After": _SOON}))
    failed = loading.result()
    if failed is not None:
        told = problem_of(failed)
        return answer_of(Problem(503, told.detail, kind=told.kind, title=told.title))
    return JSONResponse({"status": "ready"})


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Return what Prometheus collects."""
    text, kind = request.app.state.metrics.page()
    return Response(text, media_type=kind)


@asynccontextmanager
async def warmed(app: FastAPI, service: Service) -> AsyncIterator[None]:
    """Load the vision tools meanwhile, so that the first request does not wait for them."""
    app.state.loading = asyncio.create_task(_load(service))
    ticking = asyncio.create_task(_tick(app))
    try:
        yield
    finally:
        ticking.cancel()
        await asyncio.wait({app.state.loading, ticking})


async def _load(service: Service) -> PeKitError | None:
    """Return why they cannot be loaded; None where they are."""
    try:
        await asyncio.to_thread(_search_grey, service)
    except PeKitError as exc:
        _LOGGER.warning("the vision tools could not be loaded: %s", exc)
        return exc
    except Exception:
        _LOGGER.exception("the vision tools could not be loaded")
        return PeKitError("expected vision tools that run, found an error; the log says which")
    return None


def _search_grey(service: Service) -> None:
    profile = load_profile(service.profile)
    grey = Image.new("RGB", (256, 256), (128, 128, 128))  # any photo makes models load
    profile.proposer.propose(grey, ("object",), "fast")
    profile.encoder.encode([grey])


async def _tick(app: FastAPI) -> None:
    """Measure how late the loop comes to what is due."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _TICK
        await asyncio.sleep(_TICK)
        app.state.metrics.stopped(max(0.0, loop.time() - due))
