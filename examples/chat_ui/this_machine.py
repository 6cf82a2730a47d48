"""The chat's page: who may talk to it, what it may load, and that it scrolls to new pictures.

Left alone, Chainlit answers the page of any website that is open in the same browser, has its own
page fetch fonts and styles from elsewhere, and stores conversations in the database that
``DATABASE_URL`` or ``LITERAL_API_KEY`` happens to name.
"""

from __future__ import annotations

import re

import chainlit as cl
from chainlit.config import config
from chainlit.server import app, sio
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

__all__ = ["keep_to_this_machine"]

_MAY_LOAD = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline'; object-src 'none'; frame-ancestors 'none'"
)
#: Chainlit scrolls to the end of a reply before its pictures are loaded, which then lie below the
#: edge. The event of a picture does not bubble, so that it is caught on its way down.
_SCROLL_TO_PICTURES = b"""<script>
document.addEventListener("load", (event) => {
  if (event.target.matches?.("img.inline-image")) event.target.scrollIntoView({ block: "nearest" });
}, true);
</script></body>"""
_LINK_ELSEWHERE = re.compile(rb'<link\s[^>]*"https://[^>]*>')


def keep_to_this_machine() -> None:
    """Answer the chat's own page alone, and let it load nothing from elsewhere."""
    hosts = ("127.0.0.1", "localhost")
    sio.eio.cors_allowed_origins = [f"http://{host}:{config.run.port}" for host in hosts]
    # The innermost: what the others have compressed could not be read.
    app.user_middleware.append(Middleware(BaseHTTPMiddleware, dispatch=_keep_page_here))
    cl.data_layer(lambda: None)  # type: ignore[arg-type,return-value]


async def _keep_page_here(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Take what it links to elsewhere out of a page, say what it may load, and have it scroll."""
    response = await call_next(request)
    if not response.headers.get("content-type", "").startswith("text/html"):
        return response
    page = b"".join([part async for part in response.body_iterator])  # type: ignore[attr-defined]
    here = _LINK_ELSEWHERE.sub(b"", page).replace(b"</body>", _SCROLL_TO_PICTURES, 1)
    return HTMLResponse(here, headers={"Content-Security-Policy": _MAY_LOAD})
