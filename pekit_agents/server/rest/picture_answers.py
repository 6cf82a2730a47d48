"""Pictures as answers: what a browser may do with them is to show them."""

from __future__ import annotations

from typing import Any

from fastapi import Response

from pekit_agents.server.problems import Problem
from pekit_agents.tools.image_kinds import mime_of

__all__ = ["PICTURE", "no_crop", "picture_answer"]

_UNKNOWN = "application/octet-stream"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, no-cache",
}
#: How the OpenAPI describes such an answer.
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture",
        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def picture_answer(content: bytes, mime: str | None = None) -> Response:
    """Return a picture as a response.

    Args:
        content: Its file.
        mime: Its kind; None to tell it from the content.
    """
    return Response(content, media_type=mime or _mime(content), headers=_HEADERS)


def no_crop() -> Problem:
    """Return the problem that no small picture is kept of what is asked for."""
    return Problem(
        404,
        "expected a view with a small picture, found none; add a photo while the server keeps "
        "crops",
        kind="picture-not-found",
        title="No such picture",
    )


def _mime(content: bytes) -> str:
    try:
        return mime_of(content)
    except ValueError:
        return _UNKNOWN
