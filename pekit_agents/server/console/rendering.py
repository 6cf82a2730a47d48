"""``rendered`` gives a page or, to htmx, the part of it that changed; ``PageRoute`` guards both."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.staticfiles import StaticFiles

from pekit_agents.errors import PeKitError
from pekit_agents.server.problems import Problem, problem_of
from pekit_agents.wording.messages import clause, counted

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.types import Scope

__all__ = ["PageRoute", "redirected", "rendered", "static_files", "wants_part"]

_HERE = Path(__file__).parent
#: Nothing of elsewhere, no script or style within a page, and no page of elsewhere around it.
#: ``blob:`` is what a browser calls a photo that was just chosen.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    # With "no-referrer" a browser would send forms without the origin that admission asks for.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class PageRoute(APIRoute):
    """A route whose answers carry the console's security headers, errors too.

    An error is a page with its sentence; a script is given problem details and shows that sentence.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                response = await handle(request)
            except (PeKitError, HTTPException, RequestValidationError) as exc:
                if wants_part(request):
                    raise  # the application's own handlers give problem details
                response = _page_about(request, exc)
            response.headers.update(_HEADERS)
            if "cache-control" not in response.headers:
                response.headers["Cache-Control"] = "no-store"
            response.headers["Vary"] = "HX-Request, Cookie, Authorization"
            return response

        return guarded


class _Static(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS)
        # Asked again each time, which costs no body: a new version is seen at once.
        response.headers["Cache-Control"] = "no-cache"
        return response


def static_files() -> StaticFiles:
    """Return the files that pages need, as an application."""
    return _Static(directory=_HERE / "static")


def wants_part(request: Request) -> bool:
    """Return whether a script of a page asks, which puts the answer into it."""
    return request.headers.get("hx-request") == "true"


def rendered(
    request: Request, template: str, *, status: int = 200, part: str | None = None, **values: Any
) -> Response:
    """Return a page, or its main part where htmx asks for it.

    Args:
        request: What is answered.
        template: The page's template.
        status: The HTTP status.
        part: A template to answer htmx with, in place of the page's main part.
        values: What the templates speak of.
    """
    inside = wants_part(request)
    if inside and part is not None:
        template = part
    state = request.scope.get("state", {})
    html = _templates.get_template(template).render(
        layout="_part.html" if inside else "_page.html",
        user=state.get("user_id"),
        signs_in=not request.app.state.identity.open_to_all,
        path=request.url.path,
        **values,
    )
    return HTMLResponse(html, status)


def redirected(request: Request, path: str) -> Response:
    """Send a browser to another page of the console."""
    if wants_part(request):
        return Response(status_code=204, headers={"HX-Redirect": path})
    return RedirectResponse(path, 303)


def _page_about(request: Request, exc: Exception) -> Response:
    if isinstance(exc, PeKitError):
        exc = problem_of(exc)
    if isinstance(exc, HTTPException):
        title = exc.title if isinstance(exc, Problem) else "It could not be done"
        response = rendered(
            request, "error.html", status=exc.status_code, title=title, sentence=str(exc.detail)
        )
        response.headers.update(exc.headers or {})
        return response
    sentence = "expected all that the form asks for, found less; go back and try again"
    return rendered(
        request, "error.html", status=422, title="The request cannot be used", sentence=sentence
    )


def _day(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.day} {moment:%b %Y}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


def _sentence(text: str) -> str:
    """Return what an error or a piece of advice says as a sentence of its own."""
    said = f"{text[:1].upper()}{clause(text[1:])}"
    return said if said.endswith(("?", "!")) else f"{said}."


def _or(names: Sequence[str]) -> str:
    return " or ".join(names)


_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(
    day=_day, percent=_percent, counted=counted, any_of=_or, sentence=_sentence
)
