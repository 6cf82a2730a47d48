"""``/sign-in`` and ``/sign-out``: a token begins a session, as whose user one goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Form, Request, Response

from pekit_agents.server.console.rendering import PageRoute, redirected, rendered, wants_part
from pekit_agents.server.dependencies import ServiceOf
from pekit_agents.server.identity import SESSION_COOKIE
from pekit_agents.server.problems import Problem

if TYPE_CHECKING:
    from pekit_agents.server.identity import Identity

__all__ = ["router"]

router = APIRouter(route_class=PageRoute)


@router.get("/sign-in")
async def page(request: Request, next: str = "/", another: bool = False) -> Response:
    """Ask for a token, where one is needed or ``another`` user is to go on."""
    target = _within(next)
    user = request.scope["state"]["user_id"]
    if request.app.state.identity.open_to_all or (user is not None and not another):
        return redirected(request, target)
    if wants_part(request):
        # A page would be led away from, and what was typed in it lost.
        raise Problem(401, "expected a session, found none that is known; sign in again")
    if request.headers.get("sec-fetch-site") == "cross-site":
        # A browser keeps the session to itself where a page of elsewhere leads here, such as that
        # of an agent; asked by a page of this site it sends it.
        again = f"/sign-in?{urlencode({'next': target})}"
        return rendered(request, "again.html", address=again)
    return _asked(request, target)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    service: ServiceOf,
    token: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Begin a session."""
    identity: Identity = request.app.state.identity
    target = _within(next)
    if identity.open_to_all:
        return redirected(request, target)
    session = await service.look_up("", identity.begin_session, token.strip())
    if session is None:
        return _asked(request, target, refused=True)
    response = redirected(request, target)
    response.set_cookie(
        SESSION_COOKIE,
        session,
        max_age=30 * 24 * 3600,  # as long as a session is taken
        httponly=True,
        samesite="strict",
        secure=service.settings.url.startswith("https:"),
    )
    return response


@router.post("/sign-out")
async def sign_out(request: Request, service: ServiceOf) -> Response:
    """End the session."""
    response = redirected(request, "/sign-in")
    response.delete_cookie(
        SESSION_COOKIE,
        httponly=True,
        samesite="strict",
        secure=service.settings.url.startswith("https:"),
    )
    return response


def _asked(request: Request, target: str, *, refused: bool = False) -> Response:
    status = 401 if refused else 200
    return rendered(request, "sign_in.html", status=status, next=target, refused=refused)


def _within(target: str) -> str:
    """Return an address within this site, whatever was asked for."""
    parts = urlsplit(target)
    inside = (
        target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and not (parts.scheme or parts.netloc)
        and target.isprintable()
    )
    return target if inside else "/"
