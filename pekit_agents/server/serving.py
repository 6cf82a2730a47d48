"""Running the server: ``serve`` in one process or several."""

from __future__ import annotations

import errno
import os
import socket
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import sse_starlette  # noqa: F401  # it has uvicorn's signals end streams, if it comes before them
import uvicorn
from uvicorn.supervisors import Multiprocess

from pekit_agents.errors import InvalidInput
from pekit_agents.server.settings import ServerSettings

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["app_from_environment", "serve"]

_VARIABLE, _LOGGED = "PEKIT_SERVER_SETTINGS", "PEKIT_SERVER_LOGGED"
_METRICS = "PROMETHEUS_MULTIPROC_DIR"  # prometheus-client reads it when it is imported
_BACKLOG = 2048
_PROMPT = 30  # seconds that a proxy may keep a connection to send the next request


def app_from_environment() -> FastAPI:
    """Return the server with the settings that :func:`serve` left in the environment."""
    from pekit_agents.server.app import create_app
    from pekit_agents.server.monitoring.logs import log_lines

    log_lines(requests=bool(os.environ[_LOGGED]))
    return create_app(ServerSettings.from_json(os.environ[_VARIABLE]))


def serve(
    settings: ServerSettings,
    *,
    workers: int = 1,
    drain_seconds: int = 30,
    logged: bool = True,
    ready: Callable[[ServerSettings], None] | None = None,
) -> None:
    """Serve until a signal says to stop; requests that have begun are finished.

    Args:
        settings: What is served.
        workers: How many processes share the port and the memory.
        drain_seconds: How long requests may take to finish once it is to stop.
        logged: Whether each request is a line of JSON on standard error.
        ready: Called with the settings when they are found to be right and the port is taken.

    Raises:
        PeKitError: The settings cannot be served, or the port is in use.
    """
    with ExitStack() as stack:
        listening = stack.enter_context(_listening(settings))
        settings = replace(settings, port=listening.getsockname()[1])
        os.environ[_VARIABLE], os.environ[_LOGGED] = settings.to_json(), "1" if logged else ""
        if workers > 1:
            folder = tempfile.TemporaryDirectory(prefix="pekit-metrics-")
            os.environ[_METRICS] = stack.enter_context(folder)
        app = app_from_environment()  # says here what is wrong, and not in a process of its own
        if ready is not None:
            ready(settings)
        config = _Config(
            app if workers == 1 else f"{__name__}:{app_from_environment.__name__}",
            factory=workers > 1,
            workers=workers,
            # Lines of its own would hold paths and addresses, and errors what users wrote.
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_PROMPT,
            timeout_graceful_shutdown=drain_seconds,
            limit_concurrency=_connections(),
        )
        with suppress(KeyboardInterrupt):
            if workers == 1:
                uvicorn.Server(config).run(sockets=[listening])
            else:
                Multiprocess(config, sockets=[listening]).run()


class _Config(uvicorn.Config):
    """Has each process import this module before it handles signals, since it is unpickled there.

    A process that imports ``sse_starlette`` with the application does so too late: streams would
    stay open until the server does not wait any longer.
    """


def _listening(settings: ServerSettings) -> socket.socket:
    """Return a socket at the address, which nobody else listens at."""
    host, port = settings.host.strip("[]"), settings.port
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        made = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, UnicodeError) as exc:
        if getattr(exc, "errno", None) == errno.EADDRINUSE:
            raise InvalidInput(
                f"port: expected a free one, found that another program listens at {port}; choose "
                "another with --port, or stop that program"
            ) from exc
        reason = getattr(exc, "strerror", None) or str(exc)
        raise InvalidInput(
            f"host: expected an address of this machine and a port that may be used, found {host} "
            f"and {port}: {reason}"
        ) from exc
    made.set_inheritable(True)
    return made


def _connections() -> int | None:
    """Return how many connections may be open: half of the files that the process may open.

    Memories need the other half. Beyond it a request is answered 503.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if most == resource.RLIM_INFINITY else max(1, most // 2)
