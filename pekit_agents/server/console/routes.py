"""``router``: all pages of the console."""

from __future__ import annotations

from fastapi import APIRouter

from pekit_agents.server.console import (
    introducing,
    one_thing,
    pictures,
    reviewing,
    signing_in,
    stricter,
    things,
    trying,
)
from pekit_agents.server.console.rendering import PageRoute

__all__ = ["router"]

router = APIRouter(include_in_schema=False, route_class=PageRoute)
for _page in (
    things,
    one_thing,
    introducing,
    trying,
    reviewing,
    stricter,
    pictures,
    signing_in,
):
    router.include_router(_page.router)
