"""Running the server: ``serve`` in one process or several."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import uvicorn

from pekit_agents.server.app import create_app
from pekit_agents.server.settings import ServerSettings

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["app_from_environment", "serve"]

_VARIABLE = "PEKIT_SERVER_SETTINGS"


def app_from_environment() -> FastAPI:
    """Return the server with the settings that :func:`serve` left in the environment."""
    return create_app(ServerSettings.from_json(os.environ[_VARIABLE]))


def serve(
    settings: ServerSettings,
    *,
    workers: int = 1,
    drain_seconds: int = 30,
    ready: Callable[[], None] | None = None,
) -> None:
    """Serve until a signal says to stop; requests that have begun are finished.

    Args:
        settings: What is served.
        workers: How many processes share the port and the memory.
        drain_seconds: How long requests may take to finish once it is to stop.
        ready: Called when the settings are found to be right.

    Raises:
        PeKitError: The settings cannot be served.
    """
    create_app(settings)  # says here what is wrong, and not in a process of its own
    if ready is not None:
        ready()
    os.environ[_VARIABLE] = settings.to_json()
    uvicorn.run(
        f"{__name__}:{app_from_environment.__name__}",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=workers,
        # Their lines hold paths and addresses; the server writes lines of its own.
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=drain_seconds,
    )
