"""What handlers of requests are given: ``ServiceOf`` and ``UserOf``."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from pekit_agents.server.service import Service

__all__ = ["ServiceOf", "UserOf", "service_of", "user_of"]


def service_of(request: Request) -> Service:
    """Return what the server works with."""
    service: Service = request.app.state.service
    return service


def user_of(request: Request) -> str:
    """Return whose request it is; one without a user does not come this far."""
    user: str = request.scope["state"]["user_id"]
    return user


ServiceOf = Annotated[Service, Depends(service_of)]
UserOf = Annotated[str, Depends(user_of)]
